"""The one place where work is spread over processes: tasks that know nothing of each other, results in their order.

joblib runs them, so that ``with joblib.parallel_config(backend="threading")`` (or dask, or ray) changes where. A task
carries its own random numbers, so that no result depends on the number of workers. An interrupt ends the workers too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from .errors import CrossliftError

T = TypeVar("T")
R = TypeVar("R")

#: Variable of the environment that bounds the number of workers; all cores where it is not set.
WORKERS = "CROSSLIFT_WORKERS"
# Seconds of the processor left from which processes are worth starting: each imports numpy, pandas and more.
WORTH = 20.0


def run_tasks(
    call: Callable[[T], R],
    tasks: Iterable[T],
    say: Callable[[int, int], None] = lambda done, total: None,
    workers: int | None = None,
) -> list[R]:
    """Results of ``call`` for each task, in the order of the tasks.

    Parameters
    ----------
    call
        What is done to a task; it and the tasks are pickled where processes do the work.
    tasks
        Independent of each other and, where they are drawn at random, with their own random numbers.
    say
        Called with the number of tasks done and their total.
    workers
        Number of workers. If not given, work starts in this process and moves to one process a core (or to
        ``CROSSLIFT_WORKERS``) once more than ``WORTH`` seconds of it are left.

    Raises
    ------
    CrossliftError
        If ``CROSSLIFT_WORKERS`` is not a number of workers.
    """
    waiting = list(tasks)
    most = available() if workers is None else workers
    done: list[R] = []
    start = time.process_time()
    while len(done) < len(waiting):
        say(len(done), len(waiting))
        left = len(waiting) - len(done)
        soon = workers is None and (not done or (time.process_time() - start) / len(done) * left < WORTH)
        if most > 1 and left > 1 and not soon:
            done += _spread(call, waiting[len(done) :], len(done), say, min(most, left))
        else:
            done.append(call(waiting[len(done)]))
    return done


def available() -> int:
    """Workers for long work: those of the environment, or one a core that this process may use."""
    given = os.environ.get(WORKERS, "")
    if given:
        if not given.isdigit() or int(given) < 1:
            raise CrossliftError(f"{WORKERS} is '{given}', not a number of workers.", "Set it to 1 or more.")
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _spread(
    call: Callable[[T], R], tasks: Sequence[T], before: int, say: Callable[[int, int], None], workers: int
) -> list[R]:
    from joblib import Parallel, delayed

    found: Any = Parallel(n_jobs=workers, return_as="generator")(delayed(call)(task) for task in tasks)
    results: list[R] = []
    for result in found:
        results.append(result)
        say(before + len(results), before + len(tasks))
    return results
