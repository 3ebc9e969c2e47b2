"""Profile intervals, and fits with standard deviations held: two ways to the same constrained minimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.core.errors import CrossliftError, DesignError
from analysis.mixed import fit_mixed
from tests.analysis.mixed.test_criterion import CROSSED, make
from tests.analysis.mixed.test_inference import language_design

CUTOFF = stats.chi2.ppf(0.95, 1)
# Root finding stops at 1e-7 of the limit; the criterion there is as accurate as its slope times that.
AT_LIMIT = 1e-4
INTERCEPTS = "y ~ x + (1|a) + (1|b)"


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("group", ["a", "b", "Residual"])
def test_the_criterion_of_a_fit_held_at_a_limit_has_risen_by_the_cutoff(group: str, reml: bool) -> None:
    frame = make(11)
    result = fit_mixed(INTERCEPTS, frame, reml=reml)
    row = result.profile(parameters=[group]).iloc[0]
    for limit in (row["conf_low"], row["conf_high"]):
        held = fit_mixed(INTERCEPTS, frame, reml=reml, hold={group: limit})
        assert held.converged
        rise = held.criterion - result.criterion
        if limit == 0:
            assert rise < CUTOFF
        else:
            assert rise == pytest.approx(CUTOFF, abs=AT_LIMIT)


def test_a_fixed_effect_held_at_a_limit_has_risen_by_the_cutoff() -> None:
    frame = make(12)
    result = fit_mixed(CROSSED, frame, reml=False)
    row = result.profile(parameters=["x"]).iloc[0]
    for limit in (row["conf_low"], row["conf_high"]):
        shifted = frame.assign(y=frame["y"] - limit * frame["x"])
        held = fit_mixed(CROSSED.replace("~ x", "~ 1"), shifted, reml=False)
        assert held.criterion - result.criterion == pytest.approx(CUTOFF, abs=AT_LIMIT)


def test_a_correlation_at_its_limit_has_risen_by_the_cutoff() -> None:
    frame = make(13, n=400, a=20)
    result = fit_mixed("y ~ x + (1 + x|a)", frame)
    whole = result.profile()
    row = whole[whole["kind"] == "correlation"].iloc[0]
    assert -1 <= row["conf_low"] < row["estimate"] < row["conf_high"] <= 1
    state = result.engine_state()

    def lowest(correlation: float) -> float:
        """Brute force: the criterion profiled over both standard deviations, with the correlation held."""
        from scipy.optimize import minimize

        def value(log_sd: np.ndarray) -> float:
            first, second = np.exp(log_sd)
            both = correlation * first * second
            triangle = state.criterion.triangle(0, np.array([[first**2, both], [both, second**2]]))
            return state.criterion(np.array([triangle[0, 0], triangle[1, 0], triangle[1, 1]])).value

        start = np.log(np.linalg.norm(state.criterion.loadings(state.point.theta)[0], axis=1))
        options = {"xatol": 1e-9, "fatol": 1e-9}
        return minimize(value, start, method="Nelder-Mead", options=options).fun - result.criterion

    for limit in (row["conf_low"], row["conf_high"]):
        if abs(limit) < 1:
            assert lowest(limit) == pytest.approx(CUTOFF, abs=AT_LIMIT)


def test_a_variance_of_zero_has_an_interval_from_zero() -> None:
    frame = make(14)
    frame["y"] = np.random.default_rng(0).normal(size=len(frame))
    result = fit_mixed("y ~ x + (1|a)", frame)
    row = result.profile(parameters=["a"]).iloc[0]
    assert row["conf_low"] == 0
    assert 0 < row["conf_high"] < np.inf


def test_profile_says_what_it_does_not_know() -> None:
    result = fit_mixed(INTERCEPTS, make(15))
    with pytest.raises(CrossliftError, match="no parameter 'residual'.*Did you mean 'Residual'"):
        result.profile(parameters=["residual"])
    with pytest.raises(CrossliftError, match="between 0 and 1"):
        result.profile(level=95)


def test_holding_the_estimates_changes_nothing() -> None:
    frame = make(16)
    result = fit_mixed(INTERCEPTS, frame)
    values = dict(zip(result.variance["group"], result.variance["std_dev"], strict=True))
    held = fit_mixed(INTERCEPTS, frame, hold=values)
    assert held.criterion == pytest.approx(result.criterion, abs=1e-9)
    np.testing.assert_allclose(held.coefficients, result.coefficients, rtol=1e-6)
    assert held.parameters == result.design.p
    assert np.isinf(held.fixed["df"]).all()


def test_holding_a_variance_at_zero_leaves_the_term_out() -> None:
    frame = make(17)
    held, without = fit_mixed(INTERCEPTS, frame, hold={"b": 0.0}), fit_mixed("y ~ x + (1|a)", frame)
    assert held.criterion == pytest.approx(without.criterion, abs=1e-7)
    np.testing.assert_allclose(held.fixed["df"], without.fixed["df"], rtol=1e-4)
    assert not held.singular


def test_degrees_of_freedom_with_a_known_residual_count_only_the_languages() -> None:
    """Balanced, slope of a language-level factor: with the residual known, less is estimated and df grow."""
    frame = language_design(12, 4, seed=3)
    free = fit_mixed("gain ~ distance + (1|language)", frame)
    sigma = free.variance.set_index("group").loc["Residual", "std_dev"]
    held = fit_mixed("gain ~ distance + (1|language)", frame, hold={"Residual": sigma})
    assert held.criterion == pytest.approx(free.criterion, abs=1e-8)
    assert held.fixed["df"].iloc[1] == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(
    ("hold", "message"),
    [
        ({"c": 1.0}, "'c' is not a variance component"),
        ({"a": -1.0}, "cannot be fixed at -1"),
        ({"Residual": 0.0}, "cannot be fixed at 0"),
    ],
)
def test_what_cannot_be_held(hold, message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        fit_mixed(INTERCEPTS, make(18), hold=hold)


def test_several_variances_cannot_be_held_at_one_value() -> None:
    with pytest.raises(DesignError, match="several variances"):
        fit_mixed(CROSSED, make(18), hold={"a": 1.0})


def test_a_held_fit_refuses_what_would_estimate_all() -> None:
    held = fit_mixed(INTERCEPTS, make(18), hold={"a": 1.0})
    for ask in (held.profile, held.bootstrap):
        with pytest.raises(CrossliftError, match="standard deviations of a are fixed"):
            ask()
    with pytest.raises(CrossliftError, match="some are fixed"):
        fit_mixed(INTERCEPTS, make(18), hold={"a": 1.0}, df="kenward-roger")
