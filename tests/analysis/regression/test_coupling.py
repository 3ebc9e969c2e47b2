"""Gain against the baseline score: the coupling is said and corrected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed
from analysis.questions.regression.coupling import couplings

FORMULA = "gain ~ score_without + (1|language) + (1|target_task) + (1|language:target_task)"


def rows(slope: float, rng: np.random.Generator, seeds: int = 3, spread: float = 2.0) -> pd.DataFrame:
    """Gains over true baselines around 60 whose slope over the true baseline is ``slope``."""
    language, task, seed = (part.ravel() for part in np.indices((20, 4, seeds)))
    cell = language * 4 + task
    true = 60 + rng.normal(0, 5, 20)[language] + rng.normal(0, 3, 4)[task] + rng.normal(0, 3, 80)[cell]
    after = true + 3 + slope * (true - 60) + rng.normal(0, 1, 20)[language] + rng.normal(0, 0.7, 80)[cell]
    without = true + rng.normal(0, spread, len(true))
    tuned = after + rng.normal(0, 1.5, len(true))
    return pd.DataFrame(
        {
            "language": language.astype(str), "target_task": task.astype(str), "seed": seed.astype(str), "study": "s",
            "model": "m", "score_without": without, "score_with": tuned, "gain": tuned - without,
            "baseline": [f"b{i}" for i in range(len(true))],
        }
    )  # fmt: skip


def test_a_constant_gain_is_no_falling_gain() -> None:
    frame = rows(0.0, np.random.default_rng(4))
    result = fit_mixed(FORMULA, frame)
    (found,) = couplings(result, frame)
    assert found.printed is not None and found.printed.conf_high < -0.2  # the artefact, told from zero
    assert found.corrected is not None
    assert found.corrected.conf_low < 0 < found.corrected.conf_high
    assert abs(found.corrected.estimate) < 0.15
    assert "regression to the mean" in found.lines()[0]
    assert "from seeds, sd 2." in found.source or "from seeds, sd 1.9" in found.source
    assert any("score_with ~ score_without" in line for line in found.lines())


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, -0.3, 0.2])
def test_the_corrected_interval_covers(slope: float) -> None:
    """At 60 data sets 95% coverage gives fewer than 51 hits once in 300 times."""
    rng, hits, estimates = np.random.default_rng(11), 0, []
    for _ in range(60):
        frame = rows(slope, rng)
        found = couplings(fit_mixed(FORMULA, frame, df="normal"), frame)[0].corrected
        assert found is not None
        hits += found.conf_low <= slope <= found.conf_high
        estimates.append(found.estimate)
    assert hits >= 51
    assert np.mean(estimates) == pytest.approx(slope, abs=0.03)


def test_without_a_known_error_there_is_a_warning_and_no_number() -> None:
    frame = rows(0.0, np.random.default_rng(4), seeds=1)
    (found,) = couplings(fit_mixed("gain ~ score_without + (1|language) + (1|target_task)", frame), frame)
    assert found.corrected is None
    assert "several seeds, numbers of items" in found.lines()[1]


def test_error_variance_from_items() -> None:
    frame = rows(0.0, np.random.default_rng(4), seeds=1).assign(baseline_variance=4.0)
    (found,) = couplings(fit_mixed("gain ~ score_without + (1|language) + (1|target_task)", frame), frame)
    assert found.source.startswith("from test items, sd 2.00")
    assert found.corrected is not None and abs(found.corrected.estimate) < 0.35


def test_what_follows_from_the_baseline_is_found_and_what_does_not_is_not() -> None:
    frame = rows(0.0, np.random.default_rng(4))
    frame["headroom"] = 100 - frame["score_without"] + np.random.default_rng(0).normal(0, 0.5, len(frame))
    frame["other"] = np.random.default_rng(1).normal(size=len(frame))
    (found,) = couplings(fit_mixed("gain ~ headroom + other + (1|language) + (1|target_task)", frame), frame)
    assert found.column == "headroom"
    assert found.correlation < -0.9
    assert "follows the baseline score" in found.lines()[0]
    assert couplings(fit_mixed("gain ~ other + (1|language)", frame), frame) == ()
    assert couplings(fit_mixed("score_with ~ score_without + (1|language)", frame), frame) == ()
