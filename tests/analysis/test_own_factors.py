"""Any column of numbers as a factor: its level, its step, its words, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError, DesignError, RecordError, UnknownNameError
from analysis.outcomes.build import Options, build_outcome
from analysis.outcomes.own_factors import factors_of, step_of
from analysis.questions.regression.run import Request, fit_factors
from analysis.records.check import check_records
from tests.analysis.own_rows import LANGUAGES, gains, own
from tests.conftest import ROOT


def values(n: int = len(LANGUAGES)) -> pd.DataFrame:
    return pd.DataFrame({"language": LANGUAGES[:n], "closeness": [own(i) for i in range(n)]})


def ask(*factors: str, data: pd.DataFrame | None = None, **options: object) -> Request:
    frame = gains() if data is None else data
    return Request(factors, (frame,), options=Options(**options), robustness="none")  # type: ignore[arg-type]


def test_a_column_of_the_rows_and_a_table_of_languages_give_the_same_slope() -> None:
    by_column = fit_factors(ask("own"))
    by_table = fit_factors(ask("closeness", data=gains().drop(columns="own"), distances=(values(),)))
    without_name = fit_factors(ask(data=gains().drop(columns="own"), distances=(values(),)))
    one, other, third = (found.answers[0] for found in (by_column, by_table, without_name))
    assert one.estimate == other.estimate == third.estimate == pytest.approx(-0.3, abs=0.05)  # per 0.1
    assert one.levels == other.levels == 18
    assert "falls by 0.3" in one.sentence and "points per 0.1 of own" in one.sentence
    assert "per 0.1 of closeness" in other.sentence


def test_a_table_says_which_languages_it_lacks() -> None:
    outcome = build_outcome(gains(), Options(distances=(values(16),)))
    assert "data frame: 'closeness' for 16 of 18 languages; none for ja, ko." in outcome.notices
    assert outcome.frame["closeness"].isna().sum() == 2 * 4
    found = fit_factors(ask("closeness", distances=(values(16),)))
    assert ("no value for 'closeness'", 8) in found.dropped


def test_values_of_pairs_follow_the_language_trained_on() -> None:
    sources, tested = ["en", "de", "tr"], ["fi", "sw", "zh", "de"]
    rows = [{"train_language": s, "language": t, "score": 50.0, "model": "m", "target_task": "pos"}
            for s in sources for t in tested]  # fmt: skip
    table = pd.DataFrame({"from": ["en", "de", "tr", "de"], "to": ["fi", "fi", "de", "en"], "d": [0.1, 0.2, 0.3, 0.4]})
    options = Options(outcome="score", distances=(table,))
    outcome = build_outcome(check_records(pd.DataFrame(rows), "t").frame, options)
    found = outcome.frame.set_index(["train_language", "language"])["d"]
    assert found["eng", "fin"] == 0.1 and found["deu", "fin"] == 0.2 and found["tur", "deu"] == 0.3
    assert found["eng", "deu"] == 0.4  # stated from German to English alone
    assert np.isnan(found["eng", "swa"]) and np.isnan(found["tur", "fin"])
    assert any("'d' for 2 of 4 languages, 4 of 11 pairs" in line for line in outcome.notices)
    assert any("1 of 11 pairs are stated in the other direction alone" in line for line in outcome.notices)


@pytest.mark.parametrize(
    ("column", "level"),
    [("own", "language"), ("width", "model"), ("length", "target_task"), ("both", "language"), ("params_m", "model")],
)
def test_the_level_is_what_a_column_is_constant_in(column: str, level: str) -> None:
    frame = build_outcome(gains(), Options()).frame
    number = {"A": 1.0, "B": 2.0}
    frame["width"] = frame["model"].map(number)
    frame["params_m"] = 100.0 * frame["width"]
    frame["length"] = frame["target_task"].str.len()
    frame["both"] = frame["own"] * frame["width"]  # of a language in one model
    (factor,), _, _ = factors_of([column], frame, "eng")
    assert factor.level == level


def test_names_that_a_formula_could_not_have() -> None:
    (factor,), frame, _ = factors_of(["size in k"], build_outcome(gains(), Options()).frame, "eng")
    assert factor.column == "size_in_k" and frame["size_in_k"].equals(frame["size in k"].astype(float))
    assert factor.words == "1 of size in k"


def test_steps() -> None:
    assert step_of(np.array([0.0, 0.5, 1.0])) == 0.1
    assert step_of(np.array([0.0, 1.0, 1.0])) == 1.0  # yes or no
    assert step_of(np.array([1.0, 1.5, 2.5])) == 1.0
    assert step_of(np.array([0.0, 100.0, 3000.0])) == 1000.0


@pytest.mark.parametrize(
    ("factor", "error", "message"),
    [
        ("fertilty", UnknownNameError, "unknown factor 'fertilty'"),
        ("model", CrossliftError, "the factor 'model' is a column of names, not of numbers."),
        ("same", DesignError, "the factor 'same' has the same value in all 72 rows."),
        ("score_with", DesignError, "'score_with' differs between rows of one language, model, task and run"),
    ],
)
def test_what_is_no_factor(factor: str, error: type[CrossliftError], message: str) -> None:
    with pytest.raises(error, match=message):
        fit_factors(ask(factor, data=gains(same=1.0)))


def test_a_table_that_does_not_fit_the_rows() -> None:
    with pytest.raises(RecordError, match="none of the 18 languages of these rows has a value in data frame"):
        build_outcome(gains(), Options(distances=(pd.DataFrame({"language": ["mi"], "x": [1.0]}),)))
    with pytest.raises(RecordError, match="the rows have a column 'own' already"):
        build_outcome(gains(), Options(distances=(values().rename(columns={"closeness": "own"}),)))


@pytest.mark.slow
def test_everything_beside_the_answer_is_there_for_own_factors() -> None:
    """Related languages, corpus size, typological distance, families, within: as for distance."""
    request = Request(("own",), (gains(),), kernel="genealogy", within="model", leave_out="language_family", permute=99)
    found = fit_factors(request)
    names = {row.name for row in found.robustness[0].rows}
    assert {"default", "related", "corpus", "typology", "pooled"} <= names
    assert found.related is not None and found.within is not None and found.checks.permutation
    assert found.related.lines()[1].startswith("With related languages: −0.3")
    assert found.own[0].line == "own, a property of languages: −0.97 to 1.00 over 18 languages; slopes are per 0.1"
    assert found.answers[0].verdict == "holds"


@pytest.mark.slow
def test_the_command_takes_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values().to_csv(tmp_path / "own.csv", index=False)
    gains().drop(columns="own").to_csv(tmp_path / "scores.csv", index=False)
    out = tmp_path / "fit.json"
    arguments = ["fit", "--data", str(tmp_path / "scores.csv"), "--distances", str(tmp_path / "own.csv")]
    assert main([*arguments, "--plot", str(tmp_path / "x.svg"), "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "per 0.1 of closeness" in printed and "closeness, a property of languages" in printed
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["own_factors"][0]["name"] == "closeness"
    assert [source["name"] for source in content["data"]] == ["scores.csv", "own.csv"]
    assert len(content["data"][1]["sha256"]) == 64 and content["data"][1]["rows"] == 18
    assert "closeness" in (tmp_path / "x.svg").read_text(encoding="utf-8")


def test_bundled_values_are_factors_without_a_table() -> None:
    """Measured with one tokenizer, which is said; a language in one script is the language."""
    outcome = build_outcome(gains(), Options())
    (factor,), frame, said = factors_of(["subword_overlap"], outcome.frame, "eng")
    assert factor.level == "language" and factor.step == 0.1
    assert frame["subword_overlap"].notna().all()  # Korean, which the table has in 'Hang', among them
    assert "fertility" not in frame.columns
    assert any("measured with me5-small's tokenizer on SIB-200's test sentences" in line for line in said)


def test_bundled_pairs_follow_the_language_trained_on() -> None:
    rows = [{"train_language": s, "language": t, "score": 50.0, "model": "m", "target_task": "pos"}
            for s in ("en", "de") for t in ("nl", "fi", "ru")]  # fmt: skip
    options = Options(outcome="score", distances=("subword_overlap",))
    frame = build_outcome(check_records(pd.DataFrame(rows), "t").frame, options).frame
    table = pd.read_csv(ROOT / "data/covariates/subword_overlap.csv").set_index(["language", "train_language"])
    found = frame.set_index(["language", "train_language"])["subword_overlap"]
    assert found["nld", "deu"] == table.loc[("nld_Latn", "deu_Latn"), "subword_overlap"]
    assert found["nld", "eng"] == table.loc[("nld_Latn", "eng_Latn"), "subword_overlap"]
    assert found["nld", "deu"] > found["fin", "deu"] > found["rus", "deu"]
