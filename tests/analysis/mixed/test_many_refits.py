"""Long work in one process and in several: bootstrap, permutation and simulated power give the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.core import parallel
from analysis.mixed import fit_mixed
from analysis.mixed.inference.refits import CHUNK
from analysis.questions.power.design import PowerDesign
from analysis.questions.power.simulate import simulate
from tests.analysis.mixed.test_criterion import make

DRAWS = 3 * CHUNK + 10
# Arrays that were sent to another process lie otherwise in memory, and sums are rounded otherwise.
ROUNDING = 1e-9


@pytest.fixture
def spread(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Everything after two tasks goes to two processes; how many tasks went."""
    sent: list[int] = []
    real = parallel._spread

    def counted(call: Callable[[Any], Any], tasks: Any, say: Callable[[int], None], workers: int) -> list[Any]:
        found = real(call, tasks, say, workers)
        sent.append(len(found))
        return found

    monkeypatch.setattr(parallel, "_spread", counted)
    monkeypatch.setattr(parallel, "WORTH", 0.0)
    return sent


def both(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> tuple[Any, Any]:
    found = []
    for workers in ("1", "2"):
        monkeypatch.setenv(parallel.WORKERS, workers)
        found.append(work())
    return found[0], found[1]


def test_a_bootstrap(spread: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    result, told = fit_mixed("y ~ x + (1 + x|a) + (1|b)", make(1)), list[int]()
    alone, together = both(monkeypatch, lambda: result.bootstrap(DRAWS, rng=3, report=told.append))
    assert spread == [2]
    pd.testing.assert_frame_equal(alone.draws, together.draws, rtol=ROUNDING)
    pd.testing.assert_frame_equal(alone.std_errors, together.std_errors, rtol=ROUNDING)
    assert (alone.singular, alone.unconverged) == (together.singular, together.unconverged)
    assert len(alone.draws) + alone.unconverged == DRAWS == told[-1]


def test_a_permutation(spread: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    frame = make(2)
    frame["own"] = np.random.default_rng(0).normal(size=frame["a"].nunique())[frame["a"].factorize(sort=True)[0]]
    result = fit_mixed("y ~ own + (1|a) + (1|b)", frame)
    alone, together = both(monkeypatch, lambda: result.permutation_test("own", "a", DRAWS, rng=3))
    assert spread == [2]
    np.testing.assert_allclose(alone.draws, together.draws, rtol=ROUNDING)
    assert alone.p_value == together.p_value and len(alone.draws) + alone.refused == DRAWS


def test_simulated_power(spread: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    design = PowerDesign(languages=12, tasks=2, models=2, seeds=1)
    names = ("language", "target_task", "model", "language:target_task", "model:target_task", "run", "cell")
    parts = dict.fromkeys(names, 1.0) | {"residual": 2.0, "baseline": 0.5}
    distances = np.linspace(0.2, 0.8, 12)
    alone, together = both(monkeypatch, lambda: simulate(design, distances, parts, DRAWS, seed=4))  # type: ignore[arg-type]
    assert spread == [2]
    for name in ("error", "std_error", "df"):
        np.testing.assert_allclose(getattr(alone, name), getattr(together, name), rtol=ROUNDING)
