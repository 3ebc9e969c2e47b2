"""What must not change the answer, and what must change it by a known amount."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.mixed import fit_mixed
from analysis.mixed.result import MixedResult
from tests.analysis.mixed.designs import Case, cases, examples

# Two searches that take different paths stop where the criterion would fall by less than 1e-10 (optimize.DECREASE).
CRITERION = 1e-7
# What that leaves: the criterion rises by about the square of an error in standard errors of the variance parameters,
# so those are right to 1e-5 of their own standard errors and everything else follows them.
ESTIMATE = 1e-4
# Degrees of freedom are compared as the spread 1/df that they stand for: beyond a million none differ.
DF = 1e-3
INFINITE = 1e-6
# At a variance of zero the criterion is flat in the standard deviation: the search stops where it would fall by 1e-10,
# which a slope of 1e-4 in the variance reaches at a standard deviation of 1e-3.
ZERO = 1e-3


def assert_same(result: MixedResult, base: MixedResult, scale: float = 1.0, moved: float = 0.0) -> None:
    """Equal fits of outcomes in units of ``1 / scale``, the criterion apart by ``moved``."""
    assert result.converged and base.converged
    value = abs(base.criterion) + abs(moved)
    np.testing.assert_allclose(result.criterion, base.criterion + moved, rtol=0, atol=CRITERION * (1 + 1e-2 * value))
    spread = np.sqrt(np.diag(base.covariance))
    np.testing.assert_allclose((result.coefficients / scale - base.coefficients) / spread, 0, atol=ESTIMATE)
    np.testing.assert_allclose(np.sqrt(np.diag(result.covariance)) / scale, spread, rtol=ESTIMATE)
    assert_df(result.fixed["df"], base.fixed["df"])
    assert_variances(result, base, scale)


def assert_df(actual: pd.Series, expected: pd.Series) -> None:
    np.testing.assert_allclose(1 / actual, 1 / expected, rtol=DF, atol=INFINITE)


def assert_variances(result: MixedResult, base: MixedResult, scale: float = 1.0) -> None:
    """Equal standard deviations; what is nothing beside the noise of a row is zero."""
    assert [(c.group, c.term) for c in result.components] == [(c.group, c.term) for c in base.components]
    left, right = result.variance["std_dev"] / scale, base.variance["std_dev"]
    np.testing.assert_allclose(left, right, rtol=ESTIMATE, atol=ZERO * noise(base))


def noise(result: MixedResult) -> float:
    """Standard deviation of a typical row given its random effects."""
    assert result.fitted is not None
    return result.fitted.criterion.scale * float(np.sqrt(result.fitted.point.sigma2))


@examples(30)
@given(case=cases(), seed=st.integers(0, 1000), reml=st.booleans())
def test_row_order_does_not_matter(case: Case, seed: int, reml: bool) -> None:
    order = np.random.default_rng(seed).permutation(len(case.frame))
    assert_same(case.take(order).fit(reml), case.fit(reml))


@examples(30)
@given(case=cases(), seed=st.integers(0, 1000), reml=st.booleans(), numbers=st.booleans())
def test_names_and_order_of_levels_do_not_matter(case: Case, seed: int, reml: bool, numbers: bool) -> None:
    rng = np.random.default_rng(seed)
    frame, kernel = case.frame.copy(), case.kernel
    for name in {variable for term in case.terms for variable in term.group}:
        old = sorted(frame[name].unique())
        order = rng.permutation(len(old))
        names = {level: int(i) - 2 if numbers else f"é {i}" for level, i in zip(old, order, strict=True)}
        frame[name] = frame[name].map(names)
        if name == "a" and kernel is not None:
            kernel = kernel.rename(index=names, columns=names)
    assert_same(replace(case, frame=frame, kernel=kernel).fit(reml), case.fit(reml))


@examples(30)
@given(
    case=cases(),
    reml=st.booleans(),
    scale=st.sampled_from([1e-6, 1e-2, 3.0, -1.0, 1e3, 1e6]),
    shift=st.sampled_from([0.0, 1.0, -1e4, 1e6]),
)
def test_the_unit_and_the_origin_of_the_outcome(case: Case, reml: bool, scale: float, shift: float) -> None:
    """``c y + d``: effects follow, and the density of n (REML: of n − p contrasts) values stretches by c each."""
    base, unit = case.fit(reml), abs(scale)
    variances = None if case.variances is None else case.variances * scale**2
    moved = replace(case.assign(y=scale * (case.frame["y"] + shift)), variances=variances).fit(reml)
    n, p = base.n_obs, len(base.names)
    jacobian = 2 * (n - p if reml else n) * np.log(unit)
    expected = replace(base, coefficients=np.sign(scale) * (base.coefficients + shift * np.eye(p)[0]))
    assert_same(moved, expected, unit, jacobian)


@examples(30)
@given(case=cases(), reml=st.booleans(), scale=st.sampled_from([-1.0, 0.01, 7.0, 1e8]))
def test_the_unit_of_a_predictor(case: Case, reml: bool, scale: float) -> None:
    """``c x``: its slopes, fixed and varying, shrink by c; REML's determinant of X'V⁻¹X grows by c²."""
    base, moved = case.fit(reml), case.assign(x=case.frame["x"] * scale).fit(reml)
    j = base.names.index("x")
    turn = np.ones(len(base.names))
    turn[j] = scale
    undone = replace(
        moved,
        coefficients=moved.coefficients * turn,
        covariance=moved.covariance * np.outer(turn, turn),
        components=tuple(
            replace(c, variance=c.variance * (scale**2 if c.term.startswith("x") else 1.0)) for c in moved.components
        ),
    )
    assert_same(undone, base, moved=2 * np.log(abs(scale)) if reml else 0.0)


@pytest.mark.slow
@examples(60)
@given(case=cases(slopes=("", "|")), reml=st.booleans(), shift=st.sampled_from([-1.0, 10.0, 1e4]))
def test_the_origin_of_a_predictor(case: Case, reml: bool, shift: float) -> None:
    """``x + d`` moves the intercept to the prediction at another x and nothing else.

    Where the slope varies that is so if intercepts and slopes may correlate; with ``||`` it is another model.
    """
    base, moved = case.fit(reml), case.assign(x=case.frame["x"] + shift).fit(reml)
    there = np.eye(len(base.names))
    there[0, base.names.index("x")] = shift  # the old intercept is the new prediction at x = d
    covariance = there @ moved.covariance @ there.T
    kept = [c.term for c in base.components]
    correlated = any(term.startswith("x") for term in kept)
    undone = replace(
        moved,
        coefficients=there @ moved.coefficients,
        covariance=covariance,
        reference=base.reference,
        # A varying intercept is that at x = 0, wherever that is.
        components=base.components if correlated else moved.components,
        correlations=base.correlations if correlated else moved.correlations,
        modes=base.modes if correlated else moved.modes,
    )
    assert_same(undone, base)
    slopes = [[c.variance for c in fit.components if not c.term.startswith("Intercept")] for fit in (moved, base)]
    np.testing.assert_allclose(*slopes, rtol=1e-3, atol=1e-6 * noise(base) ** 2)
    assert_df(moved.contrast(there)["df"], base.contrast(np.eye(len(there)))["df"])
    np.testing.assert_allclose(moved.predict(), base.predict(), atol=ESTIMATE * noise(base))


@examples(30)
@given(case=cases(precision=("weights",)), reml=st.booleans(), scale=st.sampled_from([1e-4, 0.5, 1e4]))
def test_weights_count_up_to_a_common_factor(case: Case, reml: bool, scale: float) -> None:
    """σ² / (c w) is (σ² / c) / w: only the residual variance as printed changes."""
    base, moved = case.fit(reml), case.assign(w=case.frame["w"] * scale).fit(reml)
    residual = moved.components[-1]
    whole = (*moved.components[:-1], replace(residual, variance=residual.variance / scale))
    assert_same(replace(moved, components=whole), base)


def test_unused_rows_and_columns_change_nothing() -> None:
    frame = pd.DataFrame({"y": [1.0, 2, 4, 3, 7, 5], "x": [0.0, 1, 2, 0, 1, 3], "a": list("ppqqrr")})
    more = pd.concat([frame, pd.DataFrame({"y": [np.nan], "x": [1.0], "a": ["s"]})], ignore_index=True).assign(u=np.nan)
    assert fit_mixed("y ~ x + (1|a)", more).criterion == fit_mixed("y ~ x + (1|a)", frame).criterion
