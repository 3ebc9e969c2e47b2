"""Degrees of freedom from numeric derivatives of dense matrices, predictions and conditional modes by definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.analysis.mixed.designs import Case, cases, dense, examples

# Conditional modes by two exact routes at the same parameters.
ROUNDING = 1e-8
# Step of the numeric derivatives, in units of each parameter; with four points the error is about its fourth power,
# and that of rounding 1e-13 over its square.
STEP = 2e-3
# What is left in df after dividing by the smallest curvature admitted below.
DF = 1e-3
# Curvature, relative to each parameter's own, under which numeric second derivatives are mostly rounding.
FLATTEST = 1e-2


def slope(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, units: np.ndarray) -> np.ndarray:
    """First derivatives by central differences with four points, last axis over parameters."""
    result = []
    for step in np.diag(STEP * units):
        near, far = (function(at + k * step) - function(at - k * step) for k in (1, 2))
        result.append((8 * near - far) / (12 * STEP))
    return np.stack(result, axis=-1) / units


@pytest.mark.slow
@examples(15)
@given(case=cases(kernels=("", "alone"), flat=False), reml=st.booleans())
def test_satterthwaite_from_numeric_derivatives(case: Case, reml: bool) -> None:
    """``2 v² / g'Ag``: v from dense generalised least squares, A twice the inverse Hessian of the dense deviance."""
    result = case.fit(reml)
    assert result.converged and result.fitted is not None
    assume(not result.singular)
    function, point = result.fitted.criterion, result.fitted.point
    model, known, m = dense(case), case.known_scale, len(point.theta)
    at = point.theta if known else np.append(point.theta, np.sqrt(point.sigma2))
    units = np.full(m, function.scale)
    units = units if known else np.append(units, at[-1])

    def sigma2(phi: np.ndarray) -> float:
        return 1.0 if known else float(phi[-1] ** 2)

    def variances(phi: np.ndarray) -> np.ndarray:
        return np.diag(model.fixed(sigma2(phi) * model.relative(phi[:m]))[1])

    def deviance(phi: np.ndarray) -> np.ndarray:
        return np.array(model.deviance(phi[:m], sigma2(phi), reml))

    hessian = slope(lambda phi: slope(deviance, phi, units), at, units)
    own = np.sqrt(np.abs(np.diag(hessian)))
    assume(np.linalg.eigvalsh(hessian / np.outer(own, own))[0] > FLATTEST)
    g, v = slope(variances, at, units), variances(at)
    expected = 2 * v**2 / np.einsum("im,mn,in->i", g, 2 * np.linalg.inv(hessian), g)
    np.testing.assert_allclose(1 / result.fixed["df"], 1 / expected, rtol=DF, atol=1e-6)


@examples(40)
@given(case=cases(), reml=st.booleans())
def test_modes_and_predictions_by_definition(case: Case, reml: bool) -> None:
    """``b = G Z'V⁻¹(y - Xβ)``; a prediction of a row that was fitted is ``Xβ + Zb``, with or without the frame."""
    result = case.fit(reml)
    assert result.fitted is not None
    point, model = result.fitted.point, dense(case)
    V = model.relative(point.theta)
    estimate, _ = model.fixed(V)
    inner = np.linalg.solve(V, model.y - model.X @ estimate)
    expected = model.X @ estimate
    size = np.abs(model.y).max()
    lambdas = result.fitted.criterion.loadings(point.theta)
    for (Z, K, k), triangle, modes in zip(model.parts, lambdas, result.modes, strict=False):
        own = np.kron(K, triangle @ triangle.T) @ Z.T @ inner
        np.testing.assert_allclose(modes, own.reshape(-1, k), atol=ROUNDING * size)
        expected = expected + Z @ own
    np.testing.assert_allclose(result.predict(), expected, atol=ROUNDING * size)
    np.testing.assert_allclose(result.predict(case.frame), expected, atol=ROUNDING * size)
    np.testing.assert_allclose(result.predict(random=False), model.X @ estimate, atol=ROUNDING * size)
    shuffled = case.frame.sample(frac=0.5, random_state=0)
    np.testing.assert_allclose(result.predict(shuffled), expected[shuffled.index], atol=ROUNDING * size)


@examples(40)
@given(case=cases(), reml=st.booleans())
def test_modes_sum_to_zero(case: Case, reml: bool) -> None:
    """In any design, balanced or not: each row is in one level, so that the sum of ``Z'V⁻¹(y - Xβ)`` over levels is a
    fixed column times the scaled residuals, which generalised least squares makes zero.

    Levels with a known covariance K are weighted by K⁻¹.
    """
    result = case.fit(reml)
    for term, of, modes in zip(result.design.terms, case.terms, result.modes, strict=True):
        weighted = modes
        if of.kernel:
            assert case.kernel is not None
            order = list(term.levels)
            weighted = np.linalg.solve(case.kernel.loc[order, order].to_numpy(), modes)
        np.testing.assert_allclose(weighted.sum(axis=0), 0, atol=ROUNDING * np.abs(case.frame["y"]).max() * 100)
