"""Tasks in one process and in several."""

from __future__ import annotations

import os

import joblib
import numpy as np
import pytest

from analysis.core import parallel
from analysis.core.errors import CrossliftError
from analysis.core.parallel import available, run_tasks


def draw(seed: int) -> tuple[float, int]:
    return float(np.random.default_rng(seed).normal()), os.getpid()


def test_results_do_not_depend_on_the_number_of_workers() -> None:
    alone, together = run_tasks(draw, range(6), workers=1), run_tasks(draw, range(6), workers=2)
    assert [value for value, _ in alone] == [value for value, _ in together]
    assert {process for _, process in alone} == {os.getpid()} and os.getpid() not in {one for _, one in together}


def test_the_backend_is_joblibs_to_switch() -> None:
    with joblib.parallel_config(backend="threading"):
        assert {process for _, process in run_tasks(draw, range(4), workers=2)} == {os.getpid()}


def test_progress_counts_up_to_the_last_task() -> None:
    told: list[tuple[int, int]] = []
    run_tasks(draw, range(4), lambda done, total: told.append((done, total)), workers=2)
    assert told[-1] == (4, 4) and [done for done, _ in told] == sorted(done for done, _ in told)


def test_short_work_stays_in_this_process_and_long_work_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(parallel.WORKERS, "2")
    assert {process for _, process in run_tasks(draw, range(4))} == {os.getpid()}
    monkeypatch.setattr(parallel, "WORTH", 0.0)
    first, second, *others = [process for _, process in run_tasks(draw, range(5))]
    assert first == second == os.getpid() and os.getpid() not in others


class Counter:
    """Work that keeps something in an array of two megabytes."""

    def __init__(self) -> None:
        self.seen = np.zeros(250_000)

    def __call__(self, at: int) -> float:
        self.seen[at] += 1.0
        return float(self.seen[at])


def test_workers_can_write_into_what_they_are_given() -> None:
    assert run_tasks(Counter(), range(4), workers=2) == [1.0] * 4


def test_an_error_in_a_worker_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        run_tasks(divide, [1, 0, 2], workers=2)


def divide(by: int) -> float:
    return 1 / by


def test_the_number_of_workers_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(parallel.WORKERS, "3")
    assert available() == 3
    monkeypatch.setenv(parallel.WORKERS, "many")
    with pytest.raises(CrossliftError, match="CROSSLIFT_WORKERS is 'many', not a number of workers"):
        available()
