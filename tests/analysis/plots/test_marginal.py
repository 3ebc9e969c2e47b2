"""The marginal-effect figure: its data and what is drawn of them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from analysis.core.errors import CrossliftError
from analysis.outcomes.covariates import FACTORS
from analysis.plots.marginal import marginal_effect, plot_marginal
from analysis.plots.style import figure, save
from analysis.questions.regression.run import Request, fit_factors


@pytest.fixture(scope="module")
def bundled():
    return fit_factors(Request())


@pytest.fixture(scope="module")
def data(bundled):
    return marginal_effect(bundled.result, FACTORS["typology"], bundled.outcome.frame)


def test_line_is_the_fixed_effect(bundled, data) -> None:
    slope = np.diff(data.line["estimate"]) / np.diff(data.line["x"])
    np.testing.assert_allclose(slope, bundled.answers[0].estimate * 10, rtol=1e-9)
    naive = np.diff(data.line["naive"]) / np.diff(data.line["x"])
    np.testing.assert_allclose(naive, bundled.naives[0].estimate * 10, rtol=1e-9)
    assert (data.line["conf_low"] < data.line["estimate"]).all()
    assert (data.line["conf_high"] > data.line["estimate"]).all()


def test_one_point_a_language_at_its_distance(bundled, data) -> None:
    rows = bundled.outcome.frame
    assert set(data.points["level"]) == set(rows["language"])
    assert data.points["rows"].sum() == len(rows)
    distance = rows.groupby("language")["typology"].first()
    np.testing.assert_allclose(data.points.set_index("level")["x"], distance.loc[data.points["level"]])


def test_adjusted_means_scatter_about_the_line(data) -> None:
    line = np.interp(data.points["x"], data.line["x"], data.line["estimate"])
    away = data.points["adjusted"] - line
    assert abs(np.average(away, weights=data.points["rows"])) < away.std()


def test_what_is_drawn(data) -> None:
    with figure() as (made, ax):
        plot_marginal(data, ax, "distance (0 to 1)", "gain (points)", caption="889 gains")
        labels = {text.get_text() for text in ax.texts}
        assert set(data.points["label"]) <= labels
        points = next(item for item in ax.collections if isinstance(item, PathCollection))
        np.testing.assert_allclose(points.get_offsets()[:, 1], data.points["adjusted"])
        drawn = {line.get_label(): line for line in ax.lines}
        np.testing.assert_allclose(drawn["mixed model"].get_ydata(), data.line["estimate"])
        np.testing.assert_allclose(drawn["pooled least squares"].get_ydata(), data.line["naive"])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("distance (0 to 1)", "gain (points)")
        made.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts if text.get_text() in set(data.points["label"])]
    overlaps = sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert overlaps == 0


def test_prediction_is_averaged_over_other_predictors() -> None:
    found = fit_factors(Request(factors=("typology", "size")))
    line = marginal_effect(found.result, FACTORS["typology"], found.outcome.frame).line
    used = found.outcome.frame.loc[found.result.design.kept]
    there = used.assign(typology=line["x"].iloc[0])
    expected = found.result.predict(there, random=False).mean()
    assert line["estimate"].iloc[0] == pytest.approx(expected)


def test_other_endings_are_refused(tmp_path) -> None:
    with figure() as (made, _), pytest.raises(CrossliftError, match="cannot be saved as 'a.gif'"):
        save(made, tmp_path / "a.gif")
