"""Rows of several training languages: the distance of each row's pair, and the default model of such a design."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.languages import distances as typology
from analysis.outcomes.build import Options, build_outcome
from analysis.questions.regression.run import Request, fit_factors
from analysis.records import bundled as datasets
from analysis.records.check import check_records


def table(sources: list[str], tested: list[str]) -> pd.DataFrame:
    rows = [
        {"model": "m", "target_task": "pos", "train_language": source, "language": language, "score": 50.0 + i + 3 * j}
        for i, source in enumerate(sources)
        for j, language in enumerate(tested)
    ]
    return check_records(pd.DataFrame(rows), "test").frame


def test_every_row_has_the_distance_of_its_own_pair() -> None:
    sources, tested = ["en", "de", "tr"], ["de", "fi", "sw", "tr"]
    frame = build_outcome(table(sources, tested), Options(outcome="score")).frame
    assert len(frame) == 12 - 2  # German and Turkish tested in themselves are no transfer
    for row in frame.to_dict("records"):
        expected = typology.distance(row["language"], row["train_language"])
        assert row["typology"] == expected.distance
        assert row["observed_share"] == expected.observed_share


def test_a_training_language_without_features_leaves_its_rows_without_distance() -> None:
    """Literary Chinese has no row in URIEL: the others keep their distances, and nothing fails."""
    frame = build_outcome(table(["en", "lzh", "de"], ["fi", "sw"]), Options(outcome="score")).frame
    missing = frame["train_language"] == "lzh"
    assert frame.loc[missing, "typology"].isna().all() and frame.loc[~missing, "typology"].notna().all()
    assert set(frame.loc[missing, "typology_flag"]) == {"language trained on not in URIEL"}


@pytest.mark.slow
def test_sources_and_targets_are_crossed_in_the_default_model() -> None:
    """61,425 accuracies: every pair at least six budgets, so that a pair has an effect of its own."""
    found = fit_factors(Request(data=("devries2022_xpos",), options=Options(outcome="score"), robustness="none"))
    groups = {term.group for term in found.result.design.terms}
    assert {"language", "train_language", "language:train_language"} <= groups
    pairs = {tuple(pair) for pair in found.outcome.frame[["language", "train_language"]].drop_duplicates().to_numpy()}
    assert len(pairs) == 65 * 104
    assert found.outcome.dropped == (("trained in the language it is tested in: no transfer between languages", 585),)
    (answer,) = found.answers
    # lme4-like arithmetic of the same model is checked elsewhere; here the size of the effect is pinned.
    assert answer.estimate == pytest.approx(-3.317, abs=0.002)
    assert answer.levels == 88
    assert datasets.find("devries2022_xpos").apart


@pytest.mark.slow
def test_rows_that_the_model_leaves_out_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """17 languages have no distance: their rows are not in the model, and the short output says so."""
    assert main(["fit", "--factor", "typology", "--outcome", "score", "--data", "devries2022_xpos",
                 "--robustness", "none"]) == 0  # fmt: skip
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "left out:" in line]
    assert "no value for 'typology'" in line
