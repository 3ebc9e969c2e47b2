"""Averages of predictions: one row is its own average, new levels are shared, errors are those of a long simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.mixed.inference.average_predictions import average_predictions


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = pd.MultiIndex.from_product([list("abcdefgh"), list("uvwx"), range(3)], names=["g", "h", "x"]).to_frame(False)
    g, h = rng.normal(0, 2, 8), rng.normal(0, 1, 4)
    slope = rng.normal(1, 0.5, 8)
    i, j = rows["g"].map("abcdefgh".index), rows["h"].map("uvwx".index)
    rows["y"] = 5 + g[i] + h[j] + slope[i] * rows["x"] + rng.normal(0, 1, len(rows))
    return rows


@pytest.fixture(scope="module")
def result(frame):
    return fit_mixed("y ~ x + (1 + x||g) + (1|h)", frame)


def test_an_average_of_one_row_is_its_prediction(frame, result) -> None:
    rows = pd.concat([frame.head(4), frame.head(2).assign(g="new")], ignore_index=True)
    single = result.predictions(rows, new_levels="average")
    whole = average_predictions(result, rows, np.eye(len(rows)))
    np.testing.assert_allclose(whole["estimate"], single["estimate"])
    np.testing.assert_allclose(whole["std_error"], single["std_error"])


def test_rows_of_a_new_level_share_its_effect(frame, result) -> None:
    apart = pd.DataFrame({"g": [f"new{i}" for i in range(50)], "h": "u", "x": 0})
    same = apart.assign(g="new")
    weights = np.ones((1, 50))
    together = average_predictions(result, same, weights)["std_error"][0]
    single = result.predictions(same.head(1), new_levels="average")["std_error"][0]
    assert together == pytest.approx(single)
    variance = result.variance.set_index(["group", "term"])["variance"]["g", "Intercept"]
    spread = average_predictions(result, apart, weights)["std_error"][0]
    assert together**2 - spread**2 == pytest.approx(variance * (1 - 1 / 50))


def test_the_whole_sample_averages_to_its_mean(frame, result) -> None:
    whole = average_predictions(result, frame, np.ones((1, len(frame))))
    assert whole["estimate"][0] == pytest.approx(frame["y"].mean())
    # Every level is known: only the residuals' mean is left uncertain.
    sigma2 = result.variance["variance"].iloc[-1]
    assert whole["std_error"][0] ** 2 == pytest.approx(sigma2 / len(frame), rel=1e-6)


def test_weights_that_do_not_fit_are_refused(frame, result) -> None:
    with pytest.raises(CrossliftError, match="an average needs 2 weights"):
        average_predictions(result, frame.head(2), np.ones((1, 3)))
    with pytest.raises(CrossliftError, match="none negative and not all zero"):
        average_predictions(result, frame.head(2), np.zeros((1, 2)))
