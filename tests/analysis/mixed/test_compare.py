"""What may be compared by its likelihood, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from tests.analysis.mixed.test_criterion import make

FRAME = make(21)


def fit(formula: str, frame=FRAME, **options):
    return fit_mixed(formula, frame, df="normal", **options)


def test_likelihood_ratio_of_a_fixed_effect() -> None:
    small, large = fit("y ~ 1 + (1|a)", reml=False), fit("y ~ x + (1|a)", reml=False)
    row = large.compare(small).iloc[-1]
    assert row["chisq"] == pytest.approx(small.criterion - large.criterion)
    assert row["df"] == 1
    assert row["p_value"] == pytest.approx(stats.chi2.sf(row["chisq"], 1))
    assert row["note"] == ""


def test_a_tested_variance_has_a_note() -> None:
    row = fit("y ~ x + (1|a)").compare(fit("y ~ x + (1|a) + (1|b)")).iloc[-1]
    assert row["df"] == 1
    assert "boundary" in row["note"]


def test_three_models_are_ordered_by_parameters() -> None:
    found = fit("y ~ x + (1 + x|a)").compare(fit("y ~ x + (1|a)"), fit("y ~ x + (1 + x|a) + (1|b)"))
    assert found["parameters"].tolist() == [4, 6, 7]
    assert found["df"].tolist()[1:] == [2, 1]


def test_models_that_do_not_lie_within_each_other_have_no_test() -> None:
    found = fit("y ~ x + (1|a)", reml=False).compare(fit("y ~ w + (1|a) + (1|b)", reml=False))
    assert np.isnan(found["chisq"].iloc[1])
    assert "fixed effects that this model lacks" in found["note"].iloc[1]
    found = fit("y ~ x + (1|c)").compare(fit("y ~ x + (1|a) + (1|b)"))
    assert "vary by 'c'" in found["note"].iloc[1]
    found = fit("y ~ x + (1|c)").compare(fit("y ~ x + (1|a)"))
    assert "as many parameters" in found["note"].iloc[1]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (lambda: fit("y ~ x + (1|a)"), lambda: fit("y ~ x + (1|a)", FRAME.head(150)), "160 and 150 rows|150 and 160"),
        (lambda: fit("y ~ x + (1|a)"), lambda: fit("y ~ x + (1|a)", make(22)), "different outcomes"),
        (lambda: fit("y ~ x + (1|a)"), lambda: fit("y ~ x + (1|a) + (1|b)", reml=False), "one was fitted by REML"),
        (lambda: fit("y ~ 1 + (1|a)"), lambda: fit("y ~ x + (1|a)"), "REML with different fixed effects"),
        (lambda: fit("y ~ x + (1|a)"), lambda: fit("y ~ x + (1|a) + (1|b)", weights="w"), "different weights"),
    ],
)
def test_refusals_say_why(first, second, message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        first().compare(second())


def test_one_fit_is_no_comparison() -> None:
    with pytest.raises(CrossliftError, match="two fits"):
        fit("y ~ x + (1|a)").compare()
