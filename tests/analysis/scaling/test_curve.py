"""Curves from rows: the size left out, families apart, moderators, what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError, DesignError, UnknownNameError
from analysis.outcomes.axes import find_axis, with_axis
from analysis.questions.scaling.curve import fit_curve
from analysis.questions.scaling.forms import FORMS
from analysis.questions.scaling.holdout import leave_largest_out, previous_size
from analysis.questions.scaling.model import curve_model
from analysis.questions.scaling.predict import position, targets
from tests.analysis.test_gains import records, row

AXIS = find_axis("size")
SIZES = [300, 600, 1200, 2400, 4800, 9600]
LANGUAGES = ["deu", "swa", "zho", "hin", "fin", "tur", "ara", "rus"]


def scores(curve, noise: float = 0.3, seed: int = 1, **more: object) -> pd.DataFrame:
    """Scores of eight languages on four tasks at six sizes along ``curve`` of the base-2 logarithm."""
    rng = np.random.default_rng(seed)
    rows = []
    for i, language in enumerate(LANGUAGES):
        for j, task in enumerate(["xnli", "xcopa", "pawsx", "tydiqa"]):
            for size in SIZES:
                value = 45 + i - 2 * j + curve(np.log2(size / 1000), i) + noise * rng.normal()
                rows.append(row("baseline", language, value, target_task=task, model=f"m{size}", params_m=size,
                                family="F", **more))  # fmt: skip
    frame = records(rows)
    frame["typology"] = frame["language"].map({code: 0.3 + 0.05 * i for i, code in enumerate(LANGUAGES)})
    return with_axis(frame, AXIS)[0]


def saturating(z: float, i: int) -> float:
    return 12.0 * (1.0 - 2.0 ** (-0.6 * (z + 2.0)))


@pytest.mark.slow
def test_the_form_behind_the_scores_is_found_and_predicts_the_size_left_out() -> None:
    curve = fit_curve(scores(saturating), "score", AXIS, [AXIS.parse("20B")], ["sw"])
    assert curve.best.form.name == "power"
    assert curve.best.conf_low < 0.6 < curve.best.conf_high
    assert not curve.holdout.missed("power")
    held = curve.holdout.table.set_index("form")
    assert held.loc["power", "mae"] < held.loc["log", "mae"]
    assert set(held.index) == {"log", "power", "threshold", "previous size"}
    own = curve.predictions.query("form == 'power'").set_index("target")
    assert set(own.index) == {"average", "new language", "swa"}
    truth = 45 + 3.5 - 3 + saturating(np.log2(20), 0)
    assert own.loc["average", "conf_low"] < truth < own.loc["average", "conf_high"]
    assert (own["position"] == "beyond").all()
    assert own.loc["new language", "std_error"] > own.loc["average", "std_error"]
    np.testing.assert_allclose(curve.table["weight"].sum(), 1.0)
    # Adjusted means of a balanced design are its means.
    means = scores(saturating).groupby("log_params")["score"].mean()
    np.testing.assert_allclose(curve.points["adjusted"], means, atol=0.15)


@pytest.mark.slow
def test_forms_that_fit_alike_are_said_to() -> None:
    curve = fit_curve(scores(lambda z, i: 2.0 * z, noise=2.0), "score", AXIS, [AXIS.parse("70B")])
    assert len(curve.alike) > 1
    assert any("the data cannot distinguish these forms" in line and "70B" in line for line in curve.warnings)
    assert curve.slope.conf_low < 2.0 < curve.slope.conf_high


@pytest.mark.slow
def test_a_moderator_that_acts_is_found_with_its_sign() -> None:
    frame = scores(lambda z, i: (1.0 + 0.3 * i) * z)
    found = fit_curve(frame, "score", AXIS, [], moderators=("typology",)).moderations[0]
    assert found.levels == 8
    # Per doubling 0.3 more for 0.05 of distance; five doublings; 10% and 90% quantiles 0.335 and 0.615 apart.
    assert found.difference == pytest.approx(0.28 * 6.0 * 5.0, abs=0.5)
    assert found.conf_low > 0
    assert "closes the gap" in found.sentence


@pytest.mark.slow
def test_another_size_has_training_runs_of_its_own() -> None:
    """Languages share a run: averaging over them does not average its luck away."""
    rng = np.random.default_rng(3)
    parts = [scores(lambda z, i: 2.0 * z, seed=seed).assign(seed=str(seed)) for seed in (1, 2, 3)]
    frame = pd.concat(parts, ignore_index=True)
    run = frame[["model", "target_task", "seed"]].astype(str).agg(":".join, axis=1)
    luck = {name: rng.normal(0.0, 4.0) for name in run.unique()}
    frame = frame.assign(run=run, score=frame["score"] + run.map(luck))
    model = curve_model(frame, "score", AXIS)
    assert "(1|run)" in model.formula
    average = targets(frame, model, AXIS)[0].cells
    assert average.groupby("target_task")["run"].nunique().eq(1).all()
    assert average["run"].nunique() == 4
    curve = fit_curve(frame, "score", AXIS, [AXIS.parse("20B")])
    own = curve.predictions.query("target == 'average' and form == 'log'").iloc[-1]
    assert own["std_error"] > 4.0 / np.sqrt(4)  # one run for each of four tasks


def test_naive_prediction_is_the_cell_at_the_next_smaller_size() -> None:
    frame = scores(saturating)
    z = frame["log_params"]
    train, test = frame[z < z.max()], frame[z == z.max()]
    before = frame[frame["params_m"] == 4800].set_index(["language", "target_task"])["score"]
    found = previous_size(train, test, "score", AXIS)
    np.testing.assert_allclose(found, before.loc[list(zip(test["language"], test["target_task"], strict=True))])


def test_a_family_seen_at_the_largest_size_alone_is_counted_and_left_out() -> None:
    frame = scores(saturating)
    more = frame[frame["params_m"] == 4800].assign(family="G", model="g", log_params=frame["log_params"].max())
    other = frame[frame["params_m"] <= 600].assign(family="H", model="h")
    held = leave_largest_out(pd.concat([frame, more, other], ignore_index=True), "score", AXIS, [FORMS["log"]])
    assert held.dropped == (("family without a smaller size", len(more)),)
    assert held.rows == (frame["params_m"] == 9600).sum()


def test_three_sizes_are_too_few_to_leave_one_out_or_to_bend() -> None:
    frame = scores(saturating)
    curve = fit_curve(frame[frame["params_m"] <= 1200].reset_index(drop=True), "score", AXIS, [])
    assert [name for name, _ in curve.lacking] == ["power", "threshold"]
    assert curve.holdout.reason == "only 2 sizes would remain"
    with pytest.raises(DesignError, match="have 2 values of model size"):
        curve_model(frame[frame["params_m"] <= 600], "score", AXIS)


@pytest.mark.slow
def test_truncations_are_never_pooled_with_pretrained_sizes() -> None:
    frame = scores(saturating)
    cut = frame.assign(family="me5-small truncations", model=frame["model"] + "t")
    with pytest.raises(
        CrossliftError, match=r"'me5-small truncations' contains truncations of one checkpoint \(192 rows"
    ):
        fit_curve(pd.concat([frame, cut], ignore_index=True), "score", AXIS, [])
    alone = fit_curve(cut, "score", AXIS, [])
    assert any("all sizes are truncations of one checkpoint" in line for line in alone.warnings)


def test_bad_moderators_and_languages_are_named() -> None:
    frame = scores(saturating)
    with pytest.raises(CrossliftError, match="'typologi' is not a column that can moderate.*Did you mean 'typology'"):
        fit_curve(frame, "score", AXIS, [], moderators=("typologi",))
    with pytest.raises(CrossliftError, match="'family' is not numeric"):
        fit_curve(frame, "score", AXIS, [], moderators=("family",))
    model = curve_model(frame, "score", AXIS)
    with pytest.raises(UnknownNameError, match="there are no rows in the language 'ja'"):
        targets(frame, model, AXIS, ["ja"])


def test_where_a_size_lies() -> None:
    sizes = np.log2([0.3, 1.2, 9.6])
    assert [position(np.log2(x), sizes) for x in (0.1, 0.3, 5.0, 9.6, 70.0)] == [
        "below", "observed", "between", "observed", "beyond",
    ]  # fmt: skip
