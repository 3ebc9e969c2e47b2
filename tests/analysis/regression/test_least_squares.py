"""One model on one task: plain least squares, and what it cannot say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.core.errors import DesignError
from analysis.mixed.external.least_squares import fit_least_squares
from analysis.questions.regression.run import Request, fit_factors
from analysis.records.check import check_records

LANGUAGES = ["de", "fr", "es", "it", "ru", "bg", "hi", "ur", "fi", "hu", "tr", "ar", "zh", "vi", "sw", "th"]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for language in LANGUAGES:
        rows.append({"language": language, "method": "baseline", "score": 50.0 + rng.normal()})
        rows.append({"language": language, "method": "intermediate", "score": 54.0 + rng.normal()})
    frame = pd.DataFrame(rows).assign(model="m", target_task="t")
    return check_records(frame, "test").frame


def test_it_equals_statsmodels() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"x": rng.normal(size=30), "z": rng.normal(size=30)})
    frame["y"] = 1.0 + 2.0 * frame["x"] + rng.normal(size=30)
    ours = fit_least_squares("y ~ x + z", frame, reml=False)
    theirs = sm.OLS(frame["y"], sm.add_constant(frame[["x", "z"]])).fit()
    np.testing.assert_allclose(ours.fixed["estimate"], theirs.params, rtol=1e-12)
    np.testing.assert_allclose(ours.fixed["std_error"], theirs.bse, rtol=1e-12)
    np.testing.assert_allclose(ours.fixed["p_value"], theirs.pvalues, rtol=1e-9)
    np.testing.assert_allclose(ours.fixed[["conf_low", "conf_high"]], theirs.conf_int(), rtol=1e-10)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-12)
    assert float(ours.test(np.eye(3)[1:]).p_value.iloc[0]) == pytest.approx(float(theirs.f_pvalue), rel=1e-9)


def test_rows_in_which_nothing_repeats_are_fitted_by_least_squares() -> None:
    found = fit_factors(Request(("typology",), (table(),)))
    assert found.result.engine == "least squares" and found.result.formula == "gain ~ typology"
    (answer,) = found.answers
    assert answer.df == 14.0 and answer.levels == 16
    (strip,) = found.robustness
    assert [row.name for row in strip.rows][:2] == ["default", "corpus"] and strip.rows[0].label == "by least squares"
    assert strip.left_out and all(row.computed for row in strip.left_out)
    assert any("plain least squares: it cannot tell how languages differ" in line for line in found.notices)


def test_what_needs_random_effects_is_refused() -> None:
    with pytest.raises(DesignError, match="plain least squares does not support --permute"):
        fit_factors(Request(("typology",), (table(),), permute=99))
    with pytest.raises(DesignError, match="cannot be fitted"):
        fit_factors(Request(("typology",), (table(),), formula="gain ~ typology"))


def test_no_more_rows_than_coefficients() -> None:
    with pytest.raises(DesignError, match="2 fixed effects and only 2 rows"):
        fit_least_squares("y ~ x", pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 3.0]}))
