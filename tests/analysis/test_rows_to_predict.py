"""Rows of a file that are to be predicted: as a fold left out is, scored where they have scores, counted where not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from analysis.outcomes.build import Options, read_outcome
from analysis.questions.prediction.features import add_columns, choose
from analysis.questions.prediction.folds import cross_validate, errors
from analysis.questions.prediction.methods import METHODS
from analysis.questions.prediction.run import PredictionRequest, predict
from tests.analysis.test_outcomes import grid

SCORES = Options(outcome="score")
# Points: one search starts from the fit of all rows, the other does not.
MINIMUM = 1e-4


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = grid().drop(columns=["gain", "flags"])
    frame["score"] += rng.normal(size=len(frame)).round(2)
    return frame


def test_rows_are_predicted_and_scored_as_a_language_left_out(scores: pd.DataFrame) -> None:
    language = sorted(set(scores["language"]) - {"eng"})[0]
    out = scores["language"] == language
    train, test = scores[~out].reset_index(drop=True), scores[out].reset_index(drop=True)
    found = predict(PredictionRequest((train,), options=SCORES, rows=test, schemes=()))
    rows = add_columns(read_outcome((scores,), {}, SCORES, lambda words: None)[1].frame)
    folds = cross_validate(rows, "score", choose(rows), "language")
    folds = folds[folds["fold"] == language]
    for method in METHODS:
        own, expected = (table[table["method"] == method] for table in (found.scored, folds))
        np.testing.assert_allclose(own["predicted"], expected["predicted"], atol=MINIMUM)
        np.testing.assert_allclose(own["observed"], expected["observed"])
    table = found.scored_errors().set_index("method")
    assert table["mae"]["mean"] == pytest.approx(errors(folds).set_index("method")["mae"]["mean"])
    assert np.isnan(table["coverage"]["mean"]) and table["coverage"]["mixed model"] > 0.5  # nothing was left out
    assert found.cells["row"].tolist() == found.scored.loc[found.scored["method"] == "mean", "row"].tolist()
    assert "On the rows to predict that have an outcome" in found.sentences[-1]


def test_rows_without_scores_get_the_same_predictions(scores: pd.DataFrame) -> None:
    out = (scores["language"] == "swa") & (scores["method"] == "intermediate")
    train, test = scores[~out].reset_index(drop=True), scores[out].reset_index(drop=True)
    request = PredictionRequest((train,), options=SCORES, rows=test, schemes=())
    scored = predict(request)
    blank = predict(PredictionRequest((train,), options=SCORES, rows=test.drop(columns="score"), schemes=()))
    assert len(blank.scored) == 0 and blank.cells["observed"].isna().all()
    pd.testing.assert_series_equal(blank.cells["estimate"], scored.cells["estimate"])
    half = test.assign(score=test["score"].where(test.index % 2 == 0))
    mixed = predict(PredictionRequest((train,), options=SCORES, rows=half, schemes=()))
    assert mixed.to_json()["rows_to_predict"]["with_outcome"] == half["score"].notna().sum()
    by_row = mixed.cells.set_index("row")["estimate"].sort_index()
    np.testing.assert_allclose(by_row, scored.cells.set_index("row")["estimate"].sort_index())


def test_gains_are_scored_where_both_arms_are_stated(scores: pd.DataFrame) -> None:
    out = scores["language"] == "swa"
    train, test = scores[~out].reset_index(drop=True), scores[out].reset_index(drop=True)
    both = predict(PredictionRequest((train,), rows=test, schemes=()))
    gains = int((test["method"] == "intermediate").sum())
    assert len(both.cells) == gains and both.cells["observed"].notna().all()
    single = test[test["method"] == "intermediate"].drop(columns="score")
    alone = predict(PredictionRequest((train,), rows=single, schemes=()))
    np.testing.assert_allclose(alone.cells["estimate"], both.cells["estimate"])


def test_rows_and_cells_exclude_each_other(scores: pd.DataFrame) -> None:
    with pytest.raises(CrossliftError, match="rows to predict were given beside names of cells"):
        predict(PredictionRequest((scores,), languages=("yo",), rows=scores))


def test_rows_of_which_none_is_of_the_question(scores: pd.DataFrame) -> None:
    with pytest.raises(CrossliftError, match="the rows to predict have none of the outcome"):
        predict(PredictionRequest((scores,), options=SCORES, rows=scores.assign(language="eng"), schemes=()))


def test_the_command_prints_and_writes_them(
    capsys: pytest.CaptureFixture[str], scores: pd.DataFrame, tmp_path: Path
) -> None:
    out = scores["language"] == "swa"
    paths = {name: str(tmp_path / name) for name in ("train.csv", "test.csv", "a.json", "a.csv")}
    scores[~out].to_csv(paths["train.csv"], index=False)
    scores[out].to_csv(paths["test.csv"], index=False)
    arguments = ["--data", paths["train.csv"], "--rows-to-predict", paths["test.csv"], "--evaluate", "none"]
    arguments += ["--json", paths["a.json"], "--csv", paths["a.csv"]]
    status = main(["predict", "--outcome", "score", *arguments])
    printed = capsys.readouterr().out
    assert status == 0 and "Rows to predict that have an outcome" in printed and "MAE by task" in printed
    content = json.loads(Path(paths["a.json"]).read_text())["rows_to_predict"]
    assert content["data"]["name"] == "test.csv" and content["rows"] == content["with_outcome"] == out.sum()
    assert {item["method"] for item in content["errors_by_task"]} == set(METHODS)
    assert len(pd.read_csv(paths["a.csv"])) == out.sum()
