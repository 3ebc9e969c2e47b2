"""Every figure at the widths of a paper and on a slide: nothing leaves the canvas, no texts meet, fonts stay text."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import analysis
from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from analysis.outcomes.axes import AXES
from analysis.outcomes.covariates import FACTORS
from analysis.plots.bubble import Bubbles, bubbles, plot_bubbles
from analysis.plots.forest import COLUMNS, Forest, forest_height, plot_forest
from analysis.plots.look import PAPER, SLIDES, Look, find_look, look, looking
from analysis.plots.marginal import Marginal, marginal_effect, plot_marginal
from analysis.plots.predicted import plot_predicted
from analysis.plots.robustness import plot_robustness, strip_height
from analysis.plots.style import figure, panels, rows_figure, save, with_strips
from analysis.plots.words import CAPTION, caption_below, legend_of_panels
from analysis.present.pooling import draw_forest
from analysis.present.regression import draw, line_words
from analysis.questions.pooling import Request as Pooling
from analysis.questions.pooling import pool
from analysis.questions.regression.run import Request, fit_factors

LOOKS = {"one column": PAPER[1], "two columns": PAPER[2], "slides": SLIDES}
looks = pytest.mark.parametrize("chosen", LOOKS.values(), ids=LOOKS)
CODES = ["deu", "fra", "rus", "hin", "tur", "zho", "swa", "jpn", "tha", "fin", "hun", "kor", "tam", "eus"]
WORDS = (
    "889 gains, 25 languages; REML, Satterthwaite, 14.2 degrees of freedom. The line falls by 5.6 points over the "
    "range drawn: −1.23 (−3.35 to 0.90) points per 0.1 of typological distance."
)


def scores() -> pd.DataFrame:
    """Scores of two models of 560M and 13B in nine languages, with gains that fall with distance."""
    rng = np.random.default_rng(4)
    rows = []
    languages = ["deu", "fra", "rus", "hin", "tur", "zho", "swa", "jpn", "tha"]
    for model, params in (("small", 560.0), ("middle", 1000.0), ("large", 13000.0)):
        for task in ("xnli", "pawsx", "xcopa"):
            for i, language in enumerate(languages):
                base = 50.0 + rng.normal(0, 2)
                gain = 4.0 - 0.5 * i + 0.3 * np.log2(params / 1000.0) + rng.normal(0, 1)
                for method, score in (("baseline", base), ("intermediate", base + gain)):
                    intermediate = None if method == "baseline" else "mnli"
                    rows.append((model, params, task, language, method, intermediate, score, 1000, "acc"))
    names = [
        "model",
        "params_m",
        "target_task",
        "language",
        "method",
        "intermediate_task",
        "score",
        "n_items",
        "metric",
    ]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("figures") / "scores.csv"
    scores().to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def fitted(table: str):
    """A fit with everything that its figure can show."""
    return fit_factors(Request(("typology", "size"), (table,), kernel="genealogy", within="model"))


@pytest.fixture(scope="module")
def moderated(table: str):
    return pool(Pooling(data=(table,), moderators=("typology",)))


def texts(made: Figure) -> list[Text]:
    made.draw_without_rendering()
    beyond = []  # labels of ticks outside the limits exist and are not drawn
    for ax in made.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            beyond += [tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
    drawn = [text for text in made.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in drawn if not any(text is other for other in beyond)]


def check(made: Figure) -> None:
    """No text leaves the canvas, and no two texts overlap."""
    found = texts(made)
    boxes = [text.get_window_extent() for text in found]
    for text, box in zip(found, boxes, strict=True):
        slack = 2.0  # pixels
        inside = (
            box.x0 >= -slack
            and box.x1 <= made.bbox.width + slack
            and box.y0 >= -slack
            and box.y1 <= made.bbox.height + slack
        )
        assert inside, f"'{text.get_text()}' leaves the canvas"
    for i, one in enumerate(boxes):
        for j in range(i + 1, len(boxes)):
            other = boxes[j]
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            up = min(one.y1, other.y1) - max(one.y0, other.y0)
            # Boxes include the room of letters that reach up and down: a few pixels are no collision.
            assert across <= 1.0 or up <= 0.25 * min(one.height, other.height), (
                f"'{found[i].get_text()}' meets '{found[j].get_text()}'"
            )


@looks
def test_the_effect_of_two_factors(fitted, chosen: Look) -> None:
    with looking(chosen):
        made = draw(fitted)
    assert made.get_figwidth() == pytest.approx(chosen.inches)
    check(made)
    (caption,) = [text for text in made.texts if text.get_gid() == CAPTION]
    words = " ".join(caption.get_text().split())
    assert "points per 0.1 of typological distance" in words and "points per doubling of model size" in words
    drawn = [ax for ax in made.axes if ax.get_legend() is not None]
    assert len(drawn) == 2
    legend = [text.get_text() for text in drawn[0].get_legend().get_texts()]
    assert "within one model" in legend and "with related languages" in legend
    ticks = [tick.get_text() for tick in drawn[1].get_xticklabels()]
    assert ticks[0] == "560M" and ticks[-1] == "13B"


@looks
def test_forest(chosen: Look) -> None:
    rows = [{"kind": "effect", "label": f"a long name of a task number {i} · Haitian Creole", "k": 1000 + i,
             "estimate": i - 3.0, "conf_low": i - 14.5, "conf_high": i + 8.5, "weight": 10.0}
            for i in range(9)]  # fmt: skip
    rows.append({**rows[4], "kind": "pooled", "label": "all", "pred_low": -20.0, "pred_high": 22.0, "weight": 100.0})
    data = Forest(pd.DataFrame(rows, columns=COLUMNS), "", "target task, language")
    with looking(chosen), rows_figure(forest_height(data)) as (made, ax):
        plot_forest(data, ax, "gain (points)", WORDS, ("the baseline", "the intermediate stage"))
        check(made)
        found = [text.get_text() for text in ax.texts]
        assert "target task, language" in found
        assert any(text.replace("\n", " ") == "favours the intermediate stage →" for text in found)
        assert ax.get_window_extent().width > 0.25 * made.bbox.width


@looks
def test_bubbles(moderated, chosen: Look) -> None:
    with looking(chosen):
        made = draw_forest(moderated)
    check(made)
    data = bubbles(moderated)
    (ax,) = made.axes
    assert ax.get_xlabel().startswith("syntactic distance")
    assert "meta-regression" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(data.points) == len(moderated.rows)
    row = moderated.moderated.table.set_index("term").loc["typology"]
    slope = np.diff(data.line["estimate"]) / np.diff(data.line["x"])
    np.testing.assert_allclose(slope, row["estimate"])
    rises = data.line["conf_low"].iloc[-1] - data.line["conf_low"].iloc[0]
    assert rises != 0.0


def test_a_moderator_without_numbers_leaves_the_forest(table: str) -> None:
    found = pool(Pooling(data=(table,), moderators=("language_family",), by=("target_task",)))
    labels = [text.get_text().strip() for text in draw_forest(found).axes[0].texts]
    assert {"xnli", "pawsx", "xcopa", "all"} <= set(labels)
    with pytest.raises(CrossliftError, match="needs a moderator that is a number"):
        bubbles(found)


def test_sizes_of_a_moderator_read_as_sizes() -> None:
    x = np.log2([0.56, 1.0, 13.0])
    line = pd.DataFrame({"x": x, "estimate": 1.0, "conf_low": 0.0, "conf_high": 2.0})
    points = pd.DataFrame({"x": x, "effect": 1.0, "weight": 1.0})
    with figure() as (_, ax):
        plot_bubbles(Bubbles("log_params", points, line), ax, "size", "gain", sizes=AXES["size"])
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["560M", "1B", "13B"]


@looks
def test_panels_of_predictions_share_their_scales(chosen: Look) -> None:
    rng = np.random.default_rng(2)
    with looking(chosen), panels(3, shared=True) as (made, axes):
        caption_below(axes[0], WORDS)
        for i, ax in enumerate(axes):
            rows = pd.DataFrame({"fold": list("abcd") * 5, "observed": rng.normal(20 * i, 5, 20)})
            rows = rows.assign(predicted=rows["observed"] + 1.0, conf_low=rows["observed"] - 9.0 + 9.5 * (i == 1),
                               conf_high=rows["observed"] + 9.0)  # fmt: skip
            plot_predicted(rows, ax, "score", f"task {i}", "20 rows, MAE 1.0, 95% inside")
        legend_of_panels(axes)
        check(made)
        assert len({ax.get_xlim() for ax in axes}) == len({ax.get_ylim() for ax in axes}) == 1
        assert len(made.legends[0].get_texts()) == 3


@looks
def test_a_strip_of_twenty_rows_can_be_read(chosen: Look) -> None:
    names = ["with one slope for all models and target tasks", "without 759 gains over baselines near chance",
             "by genetic distance", "without Indo-European (11 languages)"]  # fmt: skip
    rows = [SimpleNamespace(name=f"r{i}", label=names[i % 4], computed=True, estimate=-1.0 + 0.1 * i,
                            conf_low=-2.0, conf_high=0.5, direction=0) for i in range(20)]  # fmt: skip
    with looking(chosen), with_strips(4.0, [strip_height(rows)]) as (made, [(above, below)]):
        above.plot([0, 1], [0, 1])
        assert below is not None
        plot_robustness(rows, below, "points per 0.1 of typological distance")
        check(made)
        assert sum(str(text.get_gid()).startswith("label ") for text in below.texts) == 20


def test_the_band_leaves_out_a_level_line_where_the_interval_leaves_out_zero() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(0.2, 0.8, 14)
    for effect in (-8.0, -4.0, -1.0):
        rows = pd.DataFrame({"language": np.repeat(CODES, 4), "typology": np.repeat(x, 4),
                             "target_task": np.tile(list("abcd"), 14)})  # fmt: skip
        luck = np.repeat(rng.normal(0, 1.0, 14), 4) + np.tile([30.0, -25.0, 0.0, 5.0], 14)  # tasks differ a lot
        rows["gain"] = effect * rows["typology"] + luck + rng.normal(0, 1.0, len(rows))
        result = analysis.fit_mixed("gain ~ typology + (1|language) + (1|target_task)", rows)
        line = marginal_effect(result, FACTORS["typology"], rows).line
        slope = result.fixed.set_index("term").loc["typology"]
        centre = float(np.average(line["estimate"]))
        excluded = line["conf_high"].iloc[-1] < centre or line["conf_low"].iloc[-1] > centre
        assert excluded == (not slope["conf_low"] <= 0.0 <= slope["conf_high"])
        # At the ends the band is as wide as the interval of the slope times the distance from the mean.
        half = (line["conf_high"] - line["conf_low"]).iloc[-1] / 2.0
        assert half == pytest.approx((slope["conf_high"] - slope["conf_low"]) / 2.0 * (x[-1] - x.mean()), rel=1e-6)


def test_the_pooled_line_goes_through_its_points(fitted) -> None:
    data = marginal_effect(fitted.result, FACTORS["typology"], fitted.outcome.frame.reset_index(drop=True))
    weight = data.points["rows"]
    x = np.average(data.points["x"], weights=weight)
    y = np.average(data.points["adjusted"], weights=weight)
    assert np.interp(x, data.line["x"], data.line["naive"]) == pytest.approx(y)


def test_the_caption_says_what_is_drawn(fitted) -> None:
    """With an interaction the coefficient is the slope at 1 billion parameters, not that of the line."""
    item = fitted.answers[0]
    line = pd.DataFrame({"x": [0.2, 0.7], "estimate": [4.0, 3.24], "conf_low": 0.0, "conf_high": 5.0})
    words = line_words(item, Marginal(line, pd.DataFrame()), FACTORS["typology"])
    assert words.startswith("The line, averaged over the other predictors, falls by 0.8 points over the range drawn.")
    assert "where what it interacts with is zero" in words and "interval leaves out zero" not in words
    data = marginal_effect(fitted.result, FACTORS["typology"], fitted.outcome.frame.reset_index(drop=True))
    assert f"({analysis.core.text.number(item.conf_low, 2)} to" in line_words(item, data, FACTORS["typology"])


@looks
def test_a_caption_grows_the_canvas_and_stays_on_it(chosen: Look) -> None:
    with looking(chosen), figure() as (made, ax):
        before = made.get_figheight()
        ax.set_xlabel("x")
        caption_below(ax, WORDS)
        caption_below(ax, "Second.")
        (caption,) = [text for text in made.texts if text.get_gid() == CAPTION]
        assert caption.get_text().endswith("Second.")
        assert made.get_figheight() > before
        check(made)


def test_fonts_stay_text(tmp_path: Path, fitted) -> None:
    made = draw(fitted)
    svg = save(made, tmp_path / "a.svg").read_text(encoding="utf-8")
    written = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"sw", "zh", "mixed model", "560M"} <= {text.strip() for text in written}
    pdf = save(made, tmp_path / "a.pdf").read_bytes()
    assert b"/Subtype /Type3" not in pdf and b"/FontFile2" in pdf


def test_looks_by_name() -> None:
    assert find_look("paper", 1).inches == pytest.approx(7.7 / 2.54)
    assert find_look().inches == pytest.approx(16.0 / 2.54)
    with looking(find_look("slides")):
        assert look() is SLIDES
    assert look() is PAPER[2]
    with pytest.raises(CrossliftError, match="poster"):
        find_look("poster")
    with pytest.raises(CrossliftError, match="3 columns"):
        find_look("paper", 3)


def test_what_colour_tells_is_told_in_grey_too() -> None:
    """Blue and orange have the same lightness: the lines differ in dash, the marks in shape or filling."""
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"fold": list("abcd") * 5, "observed": rng.normal(20, 5, 20)})
    rows = rows.assign(predicted=20.0, conf_low=18.0, conf_high=22.0)
    with figure() as (_, ax):
        plot_predicted(rows, ax, "score")
        shapes = {len(item.get_paths()[0].vertices) for item in ax.collections if item.get_label() in
                  ("observed inside the interval", "outside")}  # fmt: skip
        assert len(shapes) == 2
    x = np.linspace(0.0, 1.0, 5)
    line = pd.DataFrame({"x": x, "estimate": x, "conf_low": x - 1, "conf_high": x + 1, "naive": x, "related": x})
    points = pd.DataFrame({"level": ["a"], "label": ["a"], "x": [0.5], "adjusted": [0.4], "rows": [2]})
    with figure() as (_, ax):
        plot_marginal(Marginal(line, points), ax, "x", "y")
        named = [item for item in ax.lines if not str(item.get_label()).startswith("_")]
        assert len({item.get_linestyle() for item in named}) == len(named) == 3


@pytest.mark.parametrize(("more", "width"), [((), 16.0), (("--columns", "1"), 7.7), (("--style", "slides"), 25.4)])
def test_the_command_draws_at_the_width_asked_for(tmp_path: Path, more: tuple[str, ...], width: float) -> None:
    path = tmp_path / "gain.svg"
    assert main(["verify", "--plot", str(path), *more]) == 0
    found = re.search(r'<svg[^>]* width="([\d.]+)pt"', path.read_text(encoding="utf-8"))
    assert found is not None
    assert float(found[1]) == pytest.approx(width / 2.54 * 72.0, rel=1e-4)


def test_a_result_draws_in_a_look() -> None:
    import crosslift as cl

    found = cl.verify()
    assert found.plot(columns=1).get_figwidth() == pytest.approx(7.7 / 2.54)
    assert found.plot(style="slides").get_figwidth() == pytest.approx(10.0)


def test_figures_of_others_can_be_drawn_on() -> None:
    """Axes without our layout and canvas, as a notebook makes them."""
    made = Figure(figsize=(4.0, 3.0))
    ax = made.add_subplot()
    x = np.linspace(0.0, 1.0, 5)
    line = pd.DataFrame({"x": x, "estimate": x, "conf_low": x - 1, "conf_high": x + 1, "naive": x})
    points = pd.DataFrame({"level": ["a"], "label": ["a"], "x": [0.5], "adjusted": [0.4], "rows": [2]})
    assert plot_marginal(Marginal(line, points), ax, "x", "y", caption=WORDS) is ax
    assert [text.get_gid() for text in made.texts] == [CAPTION]
