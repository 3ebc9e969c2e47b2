"""Answers, the naive slope beside them, coverage and the sensitivity fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis.core.errors import UnknownNameError
from analysis.languages.feature_sources import settle
from analysis.mixed import fit_mixed
from analysis.outcomes.build import Options
from analysis.outcomes.covariates import CORPORA, FACTORS, add_factors, corpus_sizes
from analysis.questions.regression.answer import answer, naive
from analysis.questions.regression.coverage import describe, variance_inflation
from analysis.questions.regression.run import Request, fit_factors


@pytest.fixture(scope="module")
def bundled():
    return fit_factors(Request())


def test_naive_slope_is_ordinary_least_squares(bundled) -> None:
    rows = bundled.outcome.frame
    ols = smf.ols("gain ~ typology + study", rows).fit()
    assert bundled.naives[0].estimate == pytest.approx(0.1 * ols.params["typology"])
    assert bundled.naives[0].std_error == pytest.approx(0.1 * ols.bse["typology"])


def test_answer_is_the_fixed_effect_in_steps(bundled) -> None:
    slope = bundled.result.fixed.set_index("term").loc["typology"]
    found = bundled.answers[0]
    for ours, theirs in (("estimate", "estimate"), ("std_error", "std_error"), ("conf_low", "conf_low")):
        assert getattr(found, ours) == pytest.approx(0.1 * slope[theirs])
    assert found.df == pytest.approx(slope["df"])
    assert found.levels == rows_languages(bundled)
    assert "points per 0.1 of it" in found.sentence


def rows_languages(found) -> int:
    return int(found.outcome.frame["language"].nunique())


def test_sentences_say_direction_or_that_the_data_do_not_settle() -> None:
    rng = np.random.default_rng(0)
    languages = [f"l{i}" for i in range(20)]
    rows = pd.DataFrame([(name, i / 20, j) for i, name in enumerate(languages) for j in range(4)],
                        columns=["language", "typology", "j"])  # fmt: skip
    noise = rng.normal(size=len(rows))
    for slope, words in ((8.0, "The gain rises by"), (-8.0, "The gain falls by"), (0.0, "The data do not settle")):
        frame = rows.assign(gain=slope * rows["typology"] + noise)
        result = fit_mixed("gain ~ typology + (1|language)", frame)
        assert answer(result, FACTORS["typology"], frame).sentence.startswith(words)
        assert "standard error" in naive(result, FACTORS["typology"]).sentence


def test_coverage_counts_each_language_once(bundled) -> None:
    found = bundled.coverage
    assert found.languages == 25
    assert found.weak[0][0] == "ht"
    assert found.weak[0][1] < 0.5
    assert 1.0 < found.vif < 5.0
    assert any("under half observed" in line for line in found.lines())


def test_variance_inflation() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert variance_inflation(x, np.array([1.0, -1.0, -1.0, 1.0])) == pytest.approx(1.0)
    y = np.array([1.0, 2.0, 2.0, 4.0])
    r2 = np.corrcoef(x, y)[0, 1] ** 2
    assert variance_inflation(x, y) == pytest.approx(1 / (1 - r2))
    assert np.isnan(variance_inflation(x, np.ones(4)))
    assert np.isnan(variance_inflation(x[:2], y[:2]))


def test_sensitivity_fit_has_corpus_size_beside_distance(bundled) -> None:
    rows = bundled.outcome.frame
    formula = bundled.result.formula.replace("~ typology", "~ log_corpus + typology")
    slope = fit_mixed(formula, rows).fixed.set_index("term").loc["typology"]
    assert bundled.sensitivity.answer.estimate == pytest.approx(0.1 * slope["estimate"], rel=1e-6)


def test_sensitivity_is_not_computed_twice() -> None:
    found = fit_factors(Request(factors=("typology", "corpus")))
    assert found.sensitivity.answer is None
    assert found.sensitivity.reason == "log corpus size is already in the model"


def test_corpus_sizes_as_printed() -> None:
    assert corpus_sizes("cc100")["deu"] == pytest.approx(66.6)
    assert "que" not in corpus_sizes("cc100")
    assert corpus_sizes("roots")["zho"] == pytest.approx(261019433892 / 2**30)
    with pytest.raises(UnknownNameError, match="unknown corpus"):
        corpus_sizes("c4")


def test_each_models_own_corpus() -> None:
    frame = pd.DataFrame(
        {"language": ["deu", "zho", "zho"], "family": ["XLM-R", "BLOOM", "GPT"], "params_m": [550.0, 1e3, None]}
    )
    joined = add_factors(frame, corpus="own")
    assert joined["log_corpus"].iloc[0] == pytest.approx(np.log2(66.6))
    assert joined["log_corpus"].iloc[1] == pytest.approx(np.log2(261019433892 / 2**30))
    assert np.isnan(joined["log_corpus"].iloc[2])
    assert joined["log_params"].iloc[1] == 0.0
    assert np.isnan(joined["log_params"].iloc[2])


def test_a_column_of_the_users_own_is_kept() -> None:
    frame = pd.DataFrame({"language": ["deu"], "family": [None], "params_m": [1.0], "typology": [0.123]})
    assert add_factors(frame)["typology"].tolist() == [0.123]


@pytest.mark.parametrize("corpus", [*CORPORA, "own"])
@pytest.mark.parametrize("measure", ["syntactic", "geographic"])
def test_every_corpus_and_measure_can_be_described(corpus: str, measure: str, bundled) -> None:
    rows = bundled.outcome.frame.drop(
        columns=["typology", "observed_share", "shared_features", "typology_flag", "log_corpus"]
    )
    joined = add_factors(rows, measure=measure, corpus=corpus)
    lines = describe(joined, joined, "eng", settle(measure), corpus).lines()
    assert lines[0].startswith(f"{measure} distance from English")


def test_few_models_bound_the_degrees_of_freedom() -> None:
    """Where the variance between models is zero, rows of one model are no evidence of their own."""
    options = Options(where="intermediate_task == 'xP3'")
    found = fit_factors(Request(factors=("size",), options=options, slopes="none", robustness="none"))
    item = found.answers[0]
    assert item.df <= item.levels - 2
