"""Baselines at chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom

from analysis.outcomes.axes import find_axis
from analysis.outcomes.chance import OPTIONS, add_floor
from analysis.questions.scaling.near_chance import near_chance


def gains(score: float, task: str = "xnli", items: float = 2490.0) -> pd.DataFrame:
    return pd.DataFrame({"target_task": [task], "score_without": [score], "n_items": [items]})


def test_the_border_is_that_of_the_binomial() -> None:
    """Above chance exactly where guessing would reach the score in 5% of tries (normal approximation, 2,490 items)."""
    border = 100 * binom.ppf(0.95, 2490, 1 / 3) / 2490
    assert add_floor(gains(border + 0.1))["floor"].item() == "above chance"
    assert add_floor(gains(border - 0.1))["floor"].item() == "at chance"


def test_what_cannot_be_known_is_unknown() -> None:
    assert add_floor(gains(50.0, items=np.nan))["floor"].item() == "unknown"
    free = add_floor(gains(50.0, task="xquad"))
    assert free["floor"].item() == "unknown" and np.isnan(free["chance"].item())


def test_chance_is_one_over_the_options() -> None:
    found = add_floor(pd.concat([gains(60.0, task) for task in OPTIONS], ignore_index=True))
    np.testing.assert_allclose(found["chance"] * found["target_task"].map(OPTIONS), 100.0)
    np.testing.assert_allclose(found["above_chance"], 60.0 - found["chance"])


def test_a_level_of_one_half_asks_for_more_than_chance() -> None:
    assert add_floor(gains(33.4), level=0.5)["floor"].item() == "above chance"
    assert add_floor(gains(33.3), level=0.5)["floor"].item() == "at chance"


def test_every_task_of_known_chance_is_looked_at_in_a_curve() -> None:
    """Scores one point above guessing bunch near it; those of a task without fixed options near nothing."""
    axis = find_axis("size")
    for task in (*OPTIONS, "xquad"):
        score = 100.0 / OPTIONS.get(task, 3) + 1.0
        rows = gains(score, task).assign(metric="acc", **{axis.column: 1.0})
        found = near_chance(rows, "gain", axis)
        assert [item.task for item in found] == ([task] if task in OPTIONS else [])
        assert all(item.near == item.rows == 1 for item in found)
