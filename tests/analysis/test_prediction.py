"""Predictions of what was not run: folds without leakage, methods against a known truth, cells and their features."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError, DesignError, UnknownNameError
from analysis.outcomes.build import Options, build_outcome
from analysis.questions.prediction import folds as folding
from analysis.questions.prediction import methods
from analysis.questions.prediction.cells import cells, outside
from analysis.questions.prediction.features import Features, add_columns, choose
from analysis.questions.prediction.folds import cross_validate, errors
from analysis.questions.prediction.methods import METHODS, Predicted, fit_model, mixed_formula
from analysis.records.read import read_inputs
from tests.analysis.test_gains import records, row
from tests.conftest import ROOT

# Points. Variances that lme4 stops near zero with are zero here; predictions of 880 rows agree better than to this.
LME4 = 1e-3

# Points. Both searches stop where the criterion would fall by 1e-10 more: a prediction moves by its square root there.
MINIMUM = 1e-4

LANGUAGES = ["de", "sw", "zh", "hi", "fi", "tr", "ar", "ru", "fr", "yo"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Scores that fall with distance from English, as the bundled distances have it."""
    rng = np.random.default_rng(5)
    rows = [
        row("baseline", language, 50.0, target_task=task, model=model, params_m=size)
        for language in LANGUAGES
        for task in ("xnli", "xcopa", "pawsx")
        for model, size in (("m1", 500), ("m2", 2000), ("m3", 8000))
    ]
    built = build_outcome(records(rows), Options(outcome="score")).frame
    effect = dict(zip(sorted(built["language"].unique()), rng.normal(0, 1, 10), strict=True))
    built["score"] = (
        80 - 40 * built["typology"] + 3 * built["log_params"] + built["language"].map(effect)
        + rng.normal(0, 0.5, len(built))
    )  # fmt: skip
    return add_columns(built)


@pytest.fixture(scope="module")
def features(frame) -> Features:
    return choose(frame)


def test_features_are_those_that_rows_have_and_that_vary(features) -> None:
    assert features.numeric == ("typology", "log_corpus", "log_params")
    assert features.factors == ("target_task", "model")


def test_a_moderator_is_a_feature_of_its_own(frame) -> None:
    """One number a language, which the scores follow: known where the language was seen, and nowhere else."""
    fertility = dict(zip(sorted(frame["language"].unique()), np.linspace(1.0, 3.0, 10), strict=True))
    rows = frame.assign(fertility=frame["language"].map(fertility))
    rows["score"] += 20.0 * rows["fertility"]
    chosen = choose(rows, ("fertility",))
    assert chosen.numeric == ("typology", "log_corpus", "log_params", "fertility")
    missed = {
        used: errors(cross_validate(rows, "score", features, "language", methods=["mixed model"]))["mae"].item()
        for used, features in (("without", choose(rows)), ("with", chosen))
    }
    assert missed["with"] < 0.2 * missed["without"]
    wanted = cells(rows, "score", chosen, Options(outcome="score"), languages=("sw", "ja"), sizes=("13B",))
    by_language = wanted.groupby("language")["fertility"].first()
    assert by_language["swa"] == fertility["swa"] and np.isnan(by_language["jpn"])
    notes = dict(zip(wanted["language"], outside(wanted, rows, chosen), strict=True))
    latin = rows.assign(latin=rows["language"].isin(["deu", "fra", "swa"]))
    assert cells(latin, "score", choose(latin, ("latin",)), Options(outcome="score"), languages=("sw",))["latin"].all()
    assert "fertility not known" in notes["jpn"] and "fertility" not in notes["swa"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("fertilty", "Did you mean 'fertility'"), ("language", "not a numeric column"), ("fertility", "1 different")],
)
def test_a_column_that_cannot_moderate_is_refused(frame, name: str, words: str) -> None:
    with pytest.raises(CrossliftError) as caught:
        choose(frame.assign(fertility=1.0), (name,))
    assert words.casefold() in str(caught.value).casefold()


def test_missing_features_are_filled_from_training_rows_alone(frame, features) -> None:
    train, test = frame[frame["language"] != "yor"], frame[frame["language"] == "yor"].assign(log_corpus=np.nan)
    filled = features.fill(test, train)
    by_language = train.groupby("language")["log_corpus"].first()
    assert filled["log_corpus"].unique() == pytest.approx(by_language.median())
    changed = features.fill(test.assign(log_corpus=[99.0, *[np.nan] * (len(test) - 1)]), train)
    assert changed["log_corpus"].iloc[1] == filled["log_corpus"].iloc[1]


@pytest.mark.parametrize("scheme", ["language", "family"])
def test_no_method_sees_what_it_predicts(frame, features, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    column, calls = folding.SCHEMES[scheme], []

    def spy(train, test, outcome, features, seed):
        assert not set(train[column]) & set(test[column])
        assert len(train) + len(test) == len(frame)
        calls.append(len(test))
        return Predicted(np.zeros(len(test)))

    monkeypatch.setitem(METHODS, "mean", spy)
    found = cross_validate(frame, "score", features, scheme, methods=["mean"])
    assert len(calls) == frame[column].nunique() and sum(calls) == len(frame)
    assert (found["observed"] == frame["score"]).all()


@pytest.mark.parametrize("name", METHODS)
def test_changing_what_is_left_out_changes_no_prediction_of_it(frame, features, name: str) -> None:
    out = (frame["language"] == "swa").to_numpy()
    train = frame[~out].reset_index(drop=True)
    first = METHODS[name](train, frame[out], "score", features, 1)
    second = METHODS[name](train, frame[out].assign(score=0.0), "score", features, 1)
    np.testing.assert_array_equal(first.estimate, second.estimate)
    assert np.isfinite(first.estimate).all()


def test_means_and_lines_are_those_of_pandas_and_numpy(frame, features) -> None:
    out = (frame["language"] == "swa").to_numpy()
    train, test = frame[~out].reset_index(drop=True), frame[out].reset_index(drop=True)
    means = METHODS["mean"](train, test, "score", features, 1).estimate
    assert means[0] == pytest.approx(train.loc[train["target_task"] == test["target_task"][0], "score"].mean())
    train = features.fill(train, train)
    own = train[train["target_task"] == test["target_task"][0]]
    X = np.column_stack([np.ones(len(own)), own[list(features.numeric)]])
    coefficients = np.linalg.lstsq(X, own["score"], rcond=None)[0]
    expected = np.r_[1.0, test.loc[0, list(features.numeric)].to_numpy(dtype=float)] @ coefficients
    assert METHODS["per-task linear"](train, test, "score", features, 1).estimate[0] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["per-task linear", "lasso"])
def test_a_feature_that_is_constant_in_training_says_nothing(frame, features, name: str) -> None:
    """Seven tenths have no exact mean: a spread of rounding error is no spread."""
    constant = frame.assign(log_corpus=0.7)
    out = (frame["language"] == "swa").to_numpy()
    constant.loc[out, "log_corpus"] = 0.9
    train, test = constant[~out].reset_index(drop=True), constant[out].reset_index(drop=True)
    assert np.abs(METHODS[name](train, test, "score", features, 1).estimate).max() < 200


def test_what_explains_the_scores_beats_the_mean_and_its_intervals_hold(frame, features) -> None:
    found = cross_validate(frame, "score", features, "language", methods=["mixed model", "lasso", "mean"])
    table = errors(found).set_index("method")
    assert table.loc["mixed model", "mae"] < 0.6 * table.loc["mean", "mae"]
    assert table.loc["lasso", "mae"] < 0.6 * table.loc["mean", "mae"]
    assert table.loc["mixed model", "coverage"] > 0.8
    by_task = errors(found, ("target_task",))
    weighted = by_task[by_task["method"] == "mean"]
    assert np.average(weighted["mae"], weights=weighted["rows"]) == pytest.approx(table.loc["mean", "mae"])


def test_a_run_that_others_saw_is_not_known_to_a_prediction(frame, features) -> None:
    """What is predicted is another run, in the folds as in the cells: its luck widens the interval."""
    parts = [frame.assign(seed=str(seed)) for seed in (1, 2, 3)]
    rows = pd.concat(parts, ignore_index=True)
    run = rows[["model", "target_task", "seed"]].astype(str).agg(":".join, axis=1)
    luck = dict(zip(run.unique(), np.random.default_rng(1).normal(0.0, 5.0, run.nunique()), strict=True))
    rows = rows.assign(run=run, score=rows["score"] + run.map(luck))
    left = rows["language"] == "yor"
    found = METHODS["mixed model"](rows[~left], rows[left], "score", features, 1)
    same = pd.DataFrame({"cell": rows.loc[left, ["target_task", "model"]].agg(":".join, axis=1), "x": found.estimate})
    assert same.groupby("cell")["x"].nunique().eq(1).all()
    assert (found.conf_high - found.conf_low > 2 * 2 * 4.0).all()


def test_borrowed_intervals_come_from_other_folds() -> None:
    groups, tasks = np.repeat(["a", "b", "c"], 2), np.array(["t"] * 6)
    half = folding._widths(np.array([100.0, 100.0, 1.0, 1.0, 1.0, 1.0]), groups, tasks)
    assert half[0] == 1.0 and half[2] > 50


def _by_refits(rows: pd.DataFrame, features: Features, scheme: str) -> pd.DataFrame:
    """The mixed model's predictions out of fold, every fold fitted anew."""
    column = folding.SCHEMES[scheme]
    tables = []
    for fold in sorted(rows[column].unique()):
        out = (rows[column] == fold).to_numpy()
        train, test = rows[~out].reset_index(drop=True), rows[out].reset_index(drop=True)
        found = METHODS["mixed model"](train, test, "score", features, 1)
        tables.append(pd.DataFrame({"row": np.flatnonzero(out), "predicted": found.estimate, "conf_low": found.conf_low,
                                    "conf_high": found.conf_high}))  # fmt: skip
    return pd.concat(tables).sort_values("row", ignore_index=True)


@pytest.mark.parametrize("scheme", ["language", "family"])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_taken_out_of_the_sums_are_predicted_as_by_refits(frame, monkeypatch, scheme: str, weighted: bool) -> None:
    """Also where the medians that stand for missing numbers change with the language that is left out."""
    rows = frame.assign(log_corpus=frame["log_corpus"].mask(frame["language"].isin(["swa", "yor"])))
    rows["log_params"] = rows["log_params"].mask(rows["model"] == "m1")
    if weighted:  # a language of nearly half of the rows
        rows = pd.concat([rows, *[rows[rows["language"] == "deu"].assign(score=lambda t: t["score"] + 0.1)] * 8])
        rows = rows.reset_index(drop=True)
    chosen = choose(rows)
    expected = _by_refits(rows, chosen, scheme)
    monkeypatch.setattr(methods, "mixed", lambda *_: pytest.fail("fitted anew"))
    found = cross_validate(rows, "score", chosen, scheme, methods=["mixed model"])
    for name in ("predicted", "conf_low", "conf_high"):
        np.testing.assert_allclose(found[name], expected[name], atol=MINIMUM)


def test_a_fold_with_another_formula_is_fitted_anew(frame, monkeypatch) -> None:
    """Without Finnish one task is left of three, and a task has no effect of its own."""
    rows = frame[(frame["language"] == "fin") | (frame["target_task"] == "xnli")].reset_index(drop=True)
    chosen = choose(rows)
    expected, refitted, mixed = _by_refits(rows, chosen, "language"), [], methods.mixed
    monkeypatch.setattr(methods, "mixed", lambda *given: refitted.append(1) or mixed(*given))
    found = cross_validate(rows, "score", chosen, "language", methods=["mixed model"])
    assert refitted
    np.testing.assert_allclose(found["predicted"], expected["predicted"], atol=MINIMUM)


def test_many_languages_of_large_tables_are_left_out_in_sets(frame, features, monkeypatch) -> None:
    assert folding.in_parts(frame, "language") == ""
    monkeypatch.setattr(folding, "FULL", 10)
    monkeypatch.setattr(folding, "PARTS", 4)
    words = "10 languages are left out in 4 sets of about equally many rows"
    assert folding.in_parts(frame, "language").startswith(words)
    groups = frame["language"].to_numpy()
    part = folding.parts(groups)
    assert {len(set(part[groups == language])) for language in set(groups)} == {1}
    assert sorted(np.bincount(part)) == [18, 18, 27, 27]
    found = cross_validate(frame, "score", features, "language", methods=["mean", "mixed model"])
    out = part == part[0]
    mean = frame[~out].groupby("target_task")["score"].mean()
    own = found[(found["method"] == "mean") & out[found["row"]]]
    np.testing.assert_allclose(own["predicted"], own["target_task"].map(mean))
    assert errors(found)["folds"].eq(10).all()


def test_too_few_languages_to_leave_one_out(frame, features) -> None:
    two = frame[frame["language"].isin(["deu", "swa"])].reset_index(drop=True)
    with pytest.raises(DesignError, match="the rows are in 2 languages: too few"):
        cross_validate(two, "score", features, "language")


def test_cells_asked_for_and_cells_not_run(frame, features) -> None:
    options = Options(outcome="score")
    asked = cells(frame, "score", features, options, ["am"], ["XNLI"], (), ["13B"])
    assert len(asked) == 1
    cell = asked.iloc[0]
    assert (cell["language"], cell["target_task"], cell["model"]) == ("amh", "xnli", "a new 13B model")
    assert cell["log_params"] == pytest.approx(np.log2(13)) and 0 < cell["typology"] < 1
    assert outside(asked, frame, features)[0].count("log_params outside the data") == 1
    seen = cells(frame, "score", features, options, ["sw"], ["xnli"], ["m2"])
    own = frame[(frame["language"] == "swa") & (frame["target_task"] == "xnli") & (frame["model"] == "m2")]
    assert seen["observed"].iloc[0] == pytest.approx(own["score"].iloc[0])
    hole = frame.drop(index=own.index).reset_index(drop=True)
    unseen = cells(hole, "score", features, options)
    assert unseen[["language", "target_task", "model"]].to_numpy().tolist() == [["swa", "xnli", "m2"]]


def test_cells_that_cannot_be_are_named(frame, features) -> None:
    options = Options(outcome="score")
    with pytest.raises(CrossliftError, match="every cell is observed"):
        cells(frame, "score", features, options)
    with pytest.raises(UnknownNameError, match="unknown target task 'xnly'. Did you mean 'xnli'"):
        cells(frame, "score", features, options, (), ["xnly"])
    with pytest.raises(CrossliftError, match="Give one of them"):
        cells(frame, "score", features, options, (), (), ["m1"], ["13B"])


def test_a_new_language_is_predicted_with_the_spread_between_languages(frame, features) -> None:
    result = fit_model(frame, "score", features)
    known = result.predictions(features.fill(frame.head(1), frame), outcome=True)["std_error"].iloc[0]
    new = features.fill(frame.head(1).assign(language="xyz"), frame)
    assert result.predictions(new, new_levels="average", outcome=True)["std_error"].iloc[0] > known


def test_sumeval_mixtures_say_what_a_run_was_trained_on() -> None:
    read = read_inputs(["sumeval2022"]).records
    rows = build_outcome(read[read["target_task"] == "tydiqa"], Options(outcome="score", keep=("in-training",))).frame
    found = add_columns(rows)
    cell = found[(found["condition"] == "config=TyDiQA_TULRv6Large_ID:0") & (found["language"] == "ara")].iloc[0]
    assert cell["log_own"] == pytest.approx(np.log2(14806))  # 14,805 examples in Arabic
    assert cell["nearest_pivot"] == 0.0
    assert (found.loc[~found["flags"].fillna("").str.contains("in-training"), "log_own"] == 0).all()


def test_languages_left_out_are_predicted_as_by_lme4() -> None:
    pinned = json.loads((ROOT / "validation/predict/reference.json").read_text(encoding="utf-8"))
    rows = pd.read_csv(ROOT / "validation/scale/data/xmtf_gains.csv").assign(study="one")
    given = Features(("typology", "log_params"), ("target_task", "model", "intermediate_task"))
    assert mixed_formula(rows, "gain", given) == pinned["formula"]
    found = cross_validate(rows, "gain", given, "language", methods=["mixed model"])
    for fold in pinned["folds"]:
        own = found[found["fold"] == fold["language"]]
        np.testing.assert_allclose(own["predicted"], fold["predicted"], atol=LME4)
        assert (own["predicted"] - own["observed"]).abs().mean() == pytest.approx(fold["mae"], abs=LME4)
