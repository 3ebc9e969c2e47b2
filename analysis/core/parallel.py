"""The one place where work is spread over processes: tasks that know nothing of each other, results in their order.

joblib runs them, so that ``with joblib.parallel_config(backend="threading")`` (or dask, or ray) changes where. A task
carries its own random numbers, so that no result depends on the number of workers. An interrupt ends the workers too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
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
    total: int | None = None,
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
    total
        Number of tasks, where they are made one by one as they are taken.

    Raises
    ------
    CrossliftError
        If ``CROSSLIFT_WORKERS`` is not a number of workers.
    """
    if total is None:
        tasks = list(tasks)
        total = len(tasks)
    waiting = iter(tasks)
    most = available() if workers is None else workers
    done: list[R] = []
    start = time.process_time()
    while len(done) < total:
        say(len(done), total)
        left = total - len(done)
        if len(done) == 1:  # the first task also imports what all of them need
            start = time.process_time()
        each = (time.process_time() - start) / max(len(done) - 1, 1)
        soon = workers is None and (len(done) < 2 or each * left < WORTH)
        if most > 1 and left > 1 and not soon:
            done += _spread(call, waiting, partial(_told, say, len(done), total), min(most, left))
        else:
            done.append(call(next(waiting)))
    return done


def _told(say: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    say(before + done, total)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` items, the last one shorter: a task each where one item is little work."""
    taken = iter(items)
    while chunk := list(islice(taken, size)):
        yield chunk


def available() -> int:
    """Workers for long work: those of the environment, or one a core that this process may use."""
    given = os.environ.get(WORKERS, "")
    if given:
        if not given.isdigit() or int(given) < 1:
            raise CrossliftError(f"{WORKERS} is '{given}', not a number of workers.", "Set it to 1 or more.")
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _spread(call: Callable[[T], R], tasks: Iterator[T], say: Callable[[int], None], workers: int) -> list[R]:
    from joblib import Parallel, delayed

    # Without a limit large arrays arrive as files that cannot be written to.
    found: Any = Parallel(n_jobs=workers, return_as="generator", max_nbytes=None)(delayed(call)(task) for task in tasks)
    results: list[R] = []
    for result in found:
        results.append(result)
        say(len(results))
    return results
