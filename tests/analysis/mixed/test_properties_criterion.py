"""The criterion, its derivatives and its elimination path against their definitions, for every kind of design."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.mixed.numerics.curvature import coefficients, hessian, profiled_hessian
from tests.analysis.mixed.borders import WAYS, force
from tests.analysis.mixed.designs import Case, cases, dense, examples, random_theta

# Two exact formulas in double precision: rounding, times a condition number of V of up to about 1e4.
ROUNDING = 1e-9
# A central difference of step h is off by h² times a third derivative and by rounding over h; with h of 1e-5 both are
# about 1e-8 of the size of the derivatives.
STEP = 1e-5
DIFFERENCE = 2e-6


@examples(100)
@given(case=cases(), seed=st.integers(0, 1000), reml=st.booleans())
def test_the_criterion_is_the_density_of_the_rows(case: Case, seed: int, reml: bool) -> None:
    """Minus twice the log density of a multivariate normal, at its own σ² and β."""
    function, model = case.criterion(reml), dense(case)
    theta = random_theta(function, seed)
    point = function(theta)
    sigma2 = model.sigma2(theta, reml)
    assert point.sigma2 == pytest.approx(sigma2, rel=ROUNDING)
    assert point.value == pytest.approx(model.deviance(theta, sigma2, reml), rel=ROUNDING, abs=ROUNDING)
    estimate, covariance = coefficients(function, point)
    exact, spread = model.fixed(sigma2 * model.relative(theta))
    np.testing.assert_allclose(estimate, exact, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(covariance, spread, rtol=ROUNDING, atol=ROUNDING * np.abs(spread).max())


@examples(60)
@given(case=cases(), seed=st.integers(0, 1000), reml=st.booleans(), eliminate=st.booleans(), zero=st.booleans())
def test_gradient_and_curvature_are_derivatives(case: Case, seed: int, reml: bool, eliminate: bool, zero: bool) -> None:
    function = case.criterion(reml, eliminate)
    theta = random_theta(function, seed)
    if zero:
        theta[seed % len(theta)] = 0.0  # a variance at its boundary, or a correlation of zero
    point = function(theta)
    units = np.full(len(theta), function.scale)
    around = [(function(theta + step), function(theta - step)) for step in np.diag(STEP * units)]
    slope = np.array([(up.value - down.value) / (2 * STEP) for up, down in around])
    size = abs(point.value) + np.abs(point.gradient * units).max()
    np.testing.assert_allclose(point.gradient * units, slope, atol=DIFFERENCE * size)
    bend = np.array([(up.gradient - down.gradient) * units / (2 * STEP) for up, down in around])
    exact = profiled_hessian(function, point) * np.outer(units, units)
    np.testing.assert_allclose(exact, bend, atol=DIFFERENCE * max(np.abs(exact).max(), size))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@examples(40)
@given(case=cases(), seed=st.integers(0, 1000), reml=st.booleans())
def test_eliminating_a_term_changes_nothing(way: str, case: Case, seed: int, reml: bool) -> None:
    """One or two columns eliminated; the border kept in every way; second derivatives by either way of summing."""
    with pytest.MonkeyPatch.context() as patch:
        force(way, patch)
        whole, apart = (case.criterion(reml, flag) for flag in (False, True))
    theta = random_theta(whole, seed)
    one, two = whole(theta), apart(theta)
    assert one.value == pytest.approx(two.value, rel=ROUNDING, abs=ROUNDING)
    same(two.gradient, one.gradient)
    same(two.curvature, one.curvature)
    for left, right in zip(two.projected, one.projected, strict=True):
        same(left, right)
    same(hessian(apart, two), hessian(whole, one))


def same(actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to rounding at the size of the largest cell."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=10 * ROUNDING * max(1.0, np.abs(expected).max()))
