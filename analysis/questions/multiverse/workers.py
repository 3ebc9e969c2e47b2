"""Fits of a list of specifications in one or several processes; the result does not depend on their number."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ...mixed.numerics.threads import blas_threads
from .fits import Fit, Skeleton, plain_criterion, skeleton_key
from .joint_test import Arrangements, arrange
from .specification_rows import STEP, SpecRows, Table
from .starting_values import Starts, Trail

#: Fewest specifications for a second process, which takes about a second to start.
PARALLEL = 400
#: Number of specifications that are fitted in sequence, each starting from earlier minima, for any number of processes.
PART = 100

_Part = list[tuple[int, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Done:
    """A fitted specification: its fit or the reason for its failure, its formula, and its permutations."""

    position: int
    fit: Fit | None
    reason: str
    formula: str
    key: int
    arrangements: Arrangements | None


@dataclass(frozen=True, slots=True)
class _Job:
    position: int
    spec: SpecRows
    df: str
    identity: int


def fit_all(
    table: Table,
    specs: Sequence[dict[str, str]],
    keys: Floats | None = None,
    permuted: frozenset[int] = frozenset(),
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> list[Done]:
    """Fit every specification.

    Parameters
    ----------
    table
        All rows.
    specs
        Options by choice.
    keys
        Keys of the languages in each arrangement, for the specifications at the positions ``permuted``.
    permuted
        Positions of the specifications to permute.
    jobs
        Number of processes.
    report
        Called with the number of specifications done.

    Returns
    -------
    list of Done
        In the order of ``specs``.
    """
    # Specifications with the same rows stay together: choices that change the rows come first in the order.
    ordered = sorted(enumerate(specs), key=lambda item: _rows_of(item[1]))
    parts = [ordered[i : i + PART] for i in range(0, len(ordered), PART)]
    helpers = jobs - 1 if len(specs) >= PARALLEL else 0
    found: list[Done] = []
    for done in _fit_parts(table, parts, keys, permuted, helpers):
        found += done
        if report is not None:
            report(len(found))
    return sorted(found, key=lambda item: item.position)


def _fit_parts(
    table: Table,
    parts: Sequence[_Part],
    keys: Floats | None,
    permuted: frozenset[int],
    helpers: int,
) -> Iterator[list[Done]]:
    """Fit parts here and in further processes; this process fits while the others start, which takes a second.

    The rows reach a process as pickled bytes through the pipe that starts it, and its fits come back through another:
    pickles are never in a file, so other users' bytes are never unpickled.
    """
    waiting, starts = deque(parts), Starts(table, plain_criterion)
    if helpers < 1:
        for part in parts:
            yield _fit_part(table, part, keys, permuted, starts)
        return
    import multiprocessing
    import pickle
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    found: deque[list[Done]] = deque()
    context = multiprocessing.get_context("spawn")
    content = pickle.dumps(
        (table, keys, permuted)
    )  # pickled now, because the table's caches grow while this process fits

    def feed() -> None:
        """Hand parts to a process, once it has started and read the table."""
        with ProcessPoolExecutor(1, context, _start, (content,)) as pool:
            _leave_interrupts_to_main()  # not before: making the pool unblocks them
            while own := _next(waiting):
                found.append(pool.submit(_fit_in_worker, own).result())

    with ThreadPoolExecutor(helpers) as threads:
        feeders = [threads.submit(feed) for _ in range(helpers)]
        try:
            while here := _next(waiting):
                yield _fit_part(table, here, keys, permuted, starts)
                yield from _ready(found)
        finally:
            waiting.clear()  # after an error here, or when all results are taken
        for feeder in feeders:
            feeder.result()
            yield from _ready(found)


def _leave_interrupts_to_main() -> None:
    """Keep Ctrl-C from the processes that this thread starts: they inherit what it blocks.

    One that dies while the rows are still being piped to it would leave its parent writing for ever.
    """
    import signal

    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _next(waiting: deque[_Part]) -> _Part | None:
    """Take the next part; ``None`` if all are taken."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _ready(found: deque[list[Done]]) -> Iterator[list[Done]]:
    while found:
        yield found.popleft()


def _rows_of(options: dict[str, str]) -> tuple[str, ...]:
    first = (
        "studies",
        "tasks",
        "training",
        "source",
        "covariate",
        "coverage",
        "effects",
        "kernel",
        "features",
        "recipe",
    )
    return tuple(options.get(name, "") for name in first)


_SHARED: dict[str, Any] = {}


def _start(content: bytes) -> None:
    import pickle

    table, keys, permuted = pickle.loads(content)
    _SHARED.update(table=table, keys=keys, permuted=permuted, starts=Starts(table, plain_criterion))


def _fit_in_worker(part: _Part) -> list[Done]:
    return _fit_part(_SHARED["table"], part, _SHARED["keys"], _SHARED["permuted"], _SHARED["starts"])


def _fit_part(
    table: Table,
    specs: _Part,
    keys: Floats | None,
    permuted: frozenset[int],
    starts: Starts,
) -> list[Done]:
    found: list[Done] = []
    alike: dict[tuple[Any, ...], list[_Job]] = {}
    trail = Trail(starts)
    with blas_threads(1):
        for position, options in specs:
            try:
                spec = table.specify(options)
            except CrossliftError as error:
                found.append(Done(position, None, error.message, "", -1, None))
                continue
            key = skeleton_key(spec)
            job = _Job(position, spec, options.get("df_method", "satterthwaite"), _identity(spec, key))
            alike.setdefault(key, []).append(job)
        for jobs in alike.values():
            jobs.sort(key=lambda job: (job.spec.outcome, job.spec.model.covariates, job.identity, job.position))
            found += _fit_alike(table, jobs, keys, permuted, trail)
    return found


def _fit_alike(
    table: Table, jobs: list[_Job], keys: Floats | None, permuted: frozenset[int], trail: Trail
) -> list[Done]:
    """Fit specifications that share a skeleton."""
    found, plain = [], None
    skeleton: Skeleton | None = None
    for job in jobs:
        text = job.spec.model.text
        try:
            skeleton = skeleton or Skeleton(table, job.spec, trail)
            fit = skeleton.fit(job.spec, job.df)
        except (CrossliftError, np.linalg.LinAlgError) as error:
            reason = error.message if isinstance(error, CrossliftError) else f"not computable: {error}"
            found.append(Done(job.position, None, reason, text, -1, None))
            continue
        if not fit.converged:
            found.append(Done(job.position, None, "the fit did not converge.", text, -1, None))
            continue
        arrangements = None
        if keys is not None and job.position in permuted:
            null_spec = replace(job.spec, model=replace(job.spec.model, slope=""))
            if plain is None:
                plain = skeleton if not job.spec.model.slope else Skeleton(table, null_spec, trail)
            scale = fit.scale * STEP
            arrangements = arrange(plain.permutable(null_spec), plain.distance(null_spec), keys, scale, fit.df)
        found.append(Done(job.position, fit, "", text, job.identity, arrangements))
    return found


def _identity(spec: SpecRows, key: tuple[Any, ...]) -> int:
    """Number that is equal for specifications with the same fit, ignoring degrees of freedom."""
    import hashlib

    digest = hashlib.blake2b(digest_size=8)
    for part in (*key, spec.outcome, *spec.model.covariates, spec.x[spec.kept].tobytes()):
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
        digest.update(b"|")
    return int.from_bytes(digest.digest(), "big")
