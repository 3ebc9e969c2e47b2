"""Slopes under other sources of distance: the table of the bundled results, coverage, and what an answer survives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.languages.feature_sources import settle
from analysis.mixed import fit_mixed
from analysis.outcomes.build import Options
from analysis.outcomes.covariates import distance_columns
from analysis.present.regression import sources_lines, sources_table
from analysis.questions.regression.answer import Answer
from analysis.questions.regression.other_sources import OtherSources, SourceSlope, kinds_beside, other_sources
from analysis.questions.regression.robustness import Row
from analysis.questions.regression.run import FactorFit, Request, fit_factors
from analysis.questions.regression.survival import survival

# Computed outside of this package's table, with the default models of one slope: slope per standard deviation, p and
# languages, as issue 24 has them. Rounded to the digits shown there.
GAIN = {
    "URIEL syntactic (knn)": (-2.10, 0.045, 25),
    "URIEL syntactic (shared)": (-2.16, 0.037, 25),
    "URIEL syntactic (published)": (-2.93, 0.003, 25),
    "URIEL featural (knn)": (-1.32, 0.22, 25),
    "URIEL+ syntactic": (-1.67, 0.11, 25),
    "Grambank featural": (0.05, 0.97, 21),
}


@pytest.fixture(scope="module")
def gain() -> FactorFit:
    return fit_factors(Request(slopes="none", robustness="none", sources="all"))


def test_the_table_of_sources_of_the_bundled_gains(gain: FactorFit) -> None:
    rows = {row.words: row for row in gain.other_sources.rows}
    for words, (slope, p, languages) in GAIN.items():
        assert rows[words].estimate == pytest.approx(slope, abs=0.0051)
        assert rows[words].p_value == pytest.approx(p, abs=0.0051)
        assert rows[words].languages == languages


def test_the_first_row_is_the_answer_in_another_unit(gain: FactorFit) -> None:
    first, own = gain.other_sources.rows[0], gain.answers[0]
    assert first.estimate / first.spread == pytest.approx(own.estimate / own.step)
    assert first.p_value == pytest.approx(own.p_value)


def test_languages_that_a_source_lacks_are_named_and_the_same_rows_compared(gain: FactorFit) -> None:
    grambank = next(row for row in gain.other_sources.rows if row.source_data == "grambank")
    assert grambank.missing == ("bg", "de", "es", "ur")
    assert grambank.least_shared >= 30
    used = gain.outcome.frame[~gain.outcome.frame["language"].isin(["bul", "deu", "spa", "urd"])]
    own = fit_factors(Request(data=(), options=Options(where="language not in ['bul', 'deu', 'spa', 'urd']"),
                              slopes="none", robustness="none", sources="none"))  # fmt: skip
    spread = used.drop_duplicates("language")["typology"].std()
    assert grambank.same_rows[0] == pytest.approx(own.answers[0].estimate / 0.1 * spread, rel=1e-4)
    assert "without a distance by URIEL+ morphological, Grambank featural: bg, de, es, ur" in sources_lines(
        gain.other_sources
    )


def test_every_number_of_the_table_has_its_coverage(gain: FactorFit) -> None:
    table = sources_table(gain.other_sources)
    assert len(table.rows) == len(gain.other_sources.rows)
    for row, cells in zip(gain.other_sources.rows, table.rows, strict=True):
        assert str(row.languages) in cells
        assert np.isnan(row.median_shared) == (row.measure == "genetic")


def test_a_fit_from_one_source_equals_its_row(gain: FactorFit) -> None:
    own = fit_factors(Request(options=Options(source="grambank"), slopes="none", robustness="none", sources="none"))
    row = next(row for row in gain.other_sources.rows if row.source_data == "grambank")
    assert own.answers[0].estimate / 0.1 * row.spread == pytest.approx(row.estimate, rel=1e-6)
    assert own.other_sources is None
    lines = own.coverage.lines()
    assert "Grambank 1.0.3" in lines[0]
    assert "no distance, so not in the model (4 of 25 languages): not in Grambank: bg, de, es, ur" in lines


def test_json_has_the_sources(gain: FactorFit) -> None:
    content = gain.to_json()["other_sources"]
    assert content["survival"].startswith("The answer survives")
    assert content["rows"][0]["words"] == "URIEL syntactic (knn)"
    assert content["rows"][0]["same_rows"] is None


def test_distances_in_sounds_are_compared_among_themselves() -> None:
    assert {kind.measure for kind in kinds_beside(settle("phonological"), "auto")} == {"phonological"}
    assert kinds_beside(settle("genetic"), "auto") == ()
    assert settle("genetic") in kinds_beside(settle(), "all")


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown extent of other sources 'al'.*Did you mean"):
        fit_factors(Request(sources="al"))


def _slope(words: str, low: float, high: float, languages: int = 25, recipe: str = "shared") -> SourceSlope:
    return SourceSlope("uriel+", "syntactic", recipe, words, (low + high) / 2, low, high, 0.5, 20.0, 0.1, languages)


def _answer(low: float, high: float, levels: int = 25) -> Answer:
    return Answer("typology", "typology", 0.1, (low + high) / 2, 1.0, 20.0, 0.01, low, high, levels, "")


FOUND = OtherSources((_slope("first", 1, 2), _slope("A", 1, 2), _slope("B", -1, 2), _slope("C", 1, 2, 12),
                      _slope("D", -1, 2, recipe="published")), "y ~ x")  # fmt: skip


def test_what_an_answer_survives() -> None:
    strip = [Row("corpus", "", 1.0, 0.5, 2.0, levels=25), Row("related", "", 1.0, -0.5, 2.0, levels=25)]
    assert survival(_answer(1.0, 2.0), FOUND, strip) == (
        "The answer survives 1 of 2 other sources of distance and corpus size in the model, but not B or related "
        "languages; it rests on 25 languages, and a verdict takes 15 (C has fewer: no verdict)."
    )
    few = [Row("corpus", "", 1.0, -0.5, 2.0, levels=9)]  # too few to lose a verdict over
    assert "corpus size" not in survival(_answer(1.0, 2.0), FOUND, few)


def test_an_open_answer_survives_what_leaves_it_open() -> None:
    assert survival(_answer(-1.0, 2.0), FOUND, ()) == (
        "The answer, that the data do not settle it, survives 1 of 2 other sources of distance, but not A; it rests on "
        "25 languages, and a verdict takes 15 (C has fewer: no verdict)."
    )


def test_with_too_few_languages_there_is_nothing_to_survive() -> None:
    assert survival(_answer(1.0, 2.0, 14), FOUND, ()) == ""
    assert not FOUND.rows[3].counts
    assert not FOUND.rows[4].counts
    assert sources_lines(FOUND) == [
        "too few languages for a verdict by C (12)",
        "not counted: D, whose recipe makes poorly documented languages look distant",
    ]


def test_a_distance_of_the_users_own_is_not_called_by_the_name_of_a_source(gain: FactorFit) -> None:
    rows = gain.outcome.frame.assign(typology=gain.outcome.frame["typology"] ** 2)
    result = fit_mixed(gain.result.formula, rows)
    found = other_sources(result, None, rows, settle(), "eng", "satterthwaite", "auto", lambda _: None)
    assert [row.words for row in found.rows[:2]] == ["the distance in the table", "URIEL syntactic (shared)"]


def test_training_languages_that_a_source_lacks_leave_their_rows_out() -> None:
    rows = pd.DataFrame({"language": ["swa", "hin", "swa", "hin"], "source_language": ["eng", "eng", "deu", "deu"]})
    columns = distance_columns(rows, "eng", settle(source_data="grambank"))
    assert columns["typology"].isna().tolist() == [False, False, True, True]
    assert columns["typology_flag"].tolist() == ["", "", *["language trained on not in Grambank"] * 2]
    with pytest.raises(CrossliftError, match="Grambank has no features for the source language 'deu'"):
        distance_columns(rows[2:], "eng", settle(source_data="grambank"))


@pytest.mark.slow
def test_sources_are_rows_of_the_strip_and_decide_the_verb() -> None:
    found = fit_factors(Request(slopes="none"))
    rows = {row.name: row for row in found.robustness[0].rows}
    grambank = rows["source:grambank-featural-hamming"]
    assert grambank.decisive
    assert grambank.direction == 0
    assert grambank.label == "by Grambank featural over 21 languages"
    own = found.other_sources.rows[0]
    other = next(row for row in found.other_sources.rows if row.source_data == "grambank")
    assert grambank.estimate == pytest.approx(0.1 * other.estimate / own.spread)
    assert found.answers[0].verdict == "depends"
    assert "by URIEL featural (knn)" in found.answers[0].sentence
