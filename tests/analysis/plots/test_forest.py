"""Forest and funnel plots: what is drawn is what was pooled, at every number of rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import Polygon

from analysis.meta import meta_analyze
from analysis.outcomes.build import Options
from analysis.plots.forest import MOST_ROWS, forest_height, forest_rows, plot_forest
from analysis.plots.funnel import Funnel, funnel_points, plot_funnel
from analysis.plots.style import figure, rows_figure, save
from analysis.present.pooling import draw_forest
from analysis.questions.pooling import Request, pool
from tests.analysis.meta.reference import data


def pooled_from(groups: pd.DataFrame | None, by: tuple[str, ...] = ("target_task", "language"), rows=None):
    """What the figure needs of a pooled result."""
    frame = data("bcg").rename(columns={"yi": "gain", "vi": "variance", "trial": "model"}) if rows is None else rows
    result = meta_analyze("gain", "variance", frame=frame)
    request = Request(by=by)
    return SimpleNamespace(by=by, groups=groups, rows=frame, result=result, request=request, bias=None)


def groups_of(tasks: int, languages: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for t in range(tasks):
        for name in ["", *(f"l{i:02d}" for i in range(languages))]:
            middle, half = rng.normal(3, 4), rng.uniform(1, 9)
            rows.append({"group": f"task {t}", "subgroup": name, "k": 3, "estimate": middle, "conf_low": middle - half,
                         "conf_high": middle + half, "weight": rng.uniform(0.1, 3)})  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def bundled():
    return pool(Request(options=Options(where="target_task != 'xnli'")))


def test_rows_are_the_pooled_groups(bundled) -> None:
    drawn = forest_rows(bundled).rows
    assert drawn["kind"].iloc[-1] == "pooled"
    for kind, whole in (("group", True), ("subgroup", False)):
        own = drawn[drawn["kind"] == kind]
        there = bundled.groups[(bundled.groups["subgroup"] == "") == whole]
        np.testing.assert_allclose(np.sort(own["estimate"]), np.sort(there["estimate"]))
    assert drawn["estimate"].iloc[-1] == bundled.result.coefficients[0]
    # Languages stand under their task, from the largest gain to the smallest.
    block = (drawn["kind"] == "group").cumsum()
    for _, part in drawn[drawn["kind"] == "subgroup"].groupby(block):
        assert (part["estimate"].diff().dropna() <= 0).all()


def test_what_is_drawn(bundled) -> None:
    rows = forest_rows(bundled)
    with rows_figure(forest_height(rows)) as (made, ax):
        plot_forest(rows, ax, "gain (points)", caption="some gains")
        squares = [item.get_offsets()[0] for item in ax.collections if isinstance(item, PathCollection)]
        subgroups = rows.rows[rows.rows["kind"] == "subgroup"]
        np.testing.assert_allclose([x for x, _ in squares], subgroups["estimate"])
        areas = [item.get_sizes()[0] for item in ax.collections if isinstance(item, PathCollection)]
        assert np.corrcoef(areas, subgroups["weight"])[0, 1] > 0.999
        diamonds = [item for item in ax.patches if isinstance(item, Polygon)]
        assert len(diamonds) == 1 + (rows.rows["kind"] == "group").sum()
        corners = diamonds[-1].get_xy()
        assert corners[:, 0].min() == pytest.approx(rows.rows["conf_low"].iloc[-1])
        assert corners[:, 0].max() == pytest.approx(rows.rows["conf_high"].iloc[-1])
        labels = [text.get_text().strip() for text in ax.texts]
        assert "Quechua" in labels
        assert "95% prediction" in labels
        assert ax.get_xlabel() == "gain (points)"
        made.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts if text.get_text().strip()]
    assert sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "languages"), [(1, 4), (4, 9), (6, 9), (9, 30), (45, 3), (80, 1), (70, 0)])
def test_rows_stay_readable_and_the_cut_is_said(tasks: int, languages: int) -> None:
    rows = forest_rows(pooled_from(groups_of(tasks, languages)))
    assert len(rows.rows) - 1 <= MOST_ROWS
    assert bool(rows.cut) == (tasks * (1 + languages) > MOST_ROWS)
    more = rows.rows[rows.rows["kind"] == "more"]
    if len(more):
        # What is not shown is counted, with its weight.
        total = groups_of(tasks, languages)
        shown = rows.rows.loc[rows.rows["kind"].isin(["subgroup", "more"]), "weight"].sum()
        assert shown == pytest.approx(total.loc[total["subgroup"] != "", "weight"].sum())
    with rows_figure(forest_height(rows)) as (made, ax):
        plot_forest(rows, ax, "gain (points)")
        made.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts if text.get_text().strip()]
    assert sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]) == 0


def test_single_effects_and_too_many_of_them() -> None:
    rows = forest_rows(pooled_from(None))
    assert rows.rows["kind"].tolist() == ["effect"] * 13 + ["pooled"]
    np.testing.assert_allclose(rows.rows["conf_high"][:13] - rows.rows["estimate"][:13],
                               1.959963984540054 * np.sqrt(data("bcg")["vi"]))  # fmt: skip
    many = pd.concat([data("bcg")] * 6, ignore_index=True).rename(columns={"yi": "gain", "vi": "variance"})
    assert "too many for one row each: --by" in forest_rows(pooled_from(None, rows=many)).cut


@pytest.mark.parametrize("row", [0, 2])
def test_a_wide_interval_ends_in_an_arrow(row: int) -> None:
    groups = groups_of(1, 4)
    groups.loc[row, ["conf_low", "conf_high"]] = [-500.0, 500.0]
    rows = forest_rows(pooled_from(groups))
    with figure() as (made, ax):
        plot_forest(rows, ax, "gain (points)", caption="c")
        assert ax.get_xlim()[0] > -500
        assert {line.get_marker() for line in ax.lines} >= {"<", ">"}
        assert any("arrows" in text.get_text() for text in made.texts)


@pytest.mark.slow
def test_drawing_is_reproducible(bundled, tmp_path) -> None:
    files = [tmp_path / f"{i}.png" for i in range(2)]
    for file in files:
        save(draw_forest(bundled), str(file))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_funnel(bundled) -> None:
    points = funnel_points(bundled)
    assert len(points.points) == len(bundled.rows)
    with figure() as (_, ax):
        plot_funnel(points, ax, "gain (points)", caption="c")
        drawn = np.vstack([c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)])
        np.testing.assert_allclose(np.sort(drawn[:, 0]), np.sort(bundled.rows["gain"]))
        np.testing.assert_allclose(np.sort(drawn[:, 1] ** 2), np.sort(bundled.rows["variance"]))
        low, high = ax.get_ylim()
        assert low > high == 0.0  # precise effects on top
        assert ax.get_ylabel() == "standard error (points)"


def test_filled_effects_are_drawn_hollow() -> None:
    frame = pd.DataFrame({"effect": [1.0, 2.0, 3.0], "std_error": [0.5, 1.0, 1.5], "group": ["a", "a", "filled in"],
                          "filled": [False, False, True]})  # fmt: skip
    with figure() as (_, ax):
        plot_funnel(Funnel(frame, 1.5, 0.2), ax, "gain (points)")
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "filled in (1)" in labels
