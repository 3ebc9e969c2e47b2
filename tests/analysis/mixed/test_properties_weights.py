"""What a weight means: rows that repeat one another, and the mean that stands for them.

A weight k is the mean of k rows with the same predictors: their mean has the variance σ²/k, and their deviations from
it are independent of it and know nothing of β, nor of the random effects. So the likelihood of the rows is that of the
means times that of the deviations, which depends on σ² alone:

    -2ℓ(rows; θ, σ²) = -2ℓ(means, weights k; θ, σ²) + Σ log k + Σ (k - 1) log 2πσ² + (squares within) / σ².

At given variances everything about β and the random effects is the same. The *maximum* is not the same, because σ² also
has to explain the deviations (none at all if rows are copies): a row entered twice is not a row of weight 2. It is the
same where σ² is known, or where every mean has an effect of its own that takes up its share of the noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.curvature import coefficients
from analysis.mixed.numerics.evaluated import Point
from tests.analysis.mixed.designs import Case, Term, cases, examples, random_theta
from tests.analysis.mixed.test_properties_invariance import assert_same

# Exact identities, in double precision.
ROUNDING = 1e-9
# A variance below this share of the noise is at its boundary, where the last identity does not hold.
INTERIOR = 1e-3


def replicated(case: Case, counts: np.ndarray, spread: np.ndarray, seed: int) -> tuple[Case, Case, np.ndarray]:
    """Rows with ``counts`` replicates, their means with weights, and each row's squares around its mean."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(len(counts)), counts)
    deviation = rng.normal(size=len(of))
    deviation -= (np.bincount(of, deviation) / counts)[of]
    deviation *= spread[of]
    rows = case.take(of)
    rows = rows.assign(y=rows.frame["y"] + deviation, cell=[f"m{i:03d}" for i in of])
    return rows, case.assign(w=counts.astype(float)), np.bincount(of, deviation**2)


def same_covariances(left: Criterion, right: Criterion, theta: np.ndarray) -> np.ndarray:
    """Parameters of ``right`` at which its effects have the covariances that ``theta`` gives those of ``left``."""
    result = np.zeros(len(theta))
    for i, (t, a, b) in enumerate(right.entries):
        loading = right.data.bases[t] @ left.loadings(theta)[t]
        lower = np.linalg.qr(loading.T, mode="r").T
        result[i] = lower[a, b]
    return result


def scores(function: Criterion, point: Point) -> list[np.ndarray]:
    """``Z'Py`` in the columns of the formula."""
    return [own @ basis for own, basis in zip(point.projected, function.data.bases, strict=True)]


@examples(40)
@given(case=cases(precision=("plain",)), reml=st.booleans(), seed=st.integers(0, 1000), copies=st.booleans())
def test_weighted_means_are_rows_at_given_variances(case: Case, reml: bool, seed: int, copies: bool) -> None:
    n = len(case.frame)
    counts = np.random.default_rng(seed).integers(1, 5, n)
    rows, means, within = replicated(case, counts, np.zeros(n) if copies else np.ones(n), seed)
    left, right = rows.criterion(reml), replace(means, weights="w").criterion(reml)
    theta = random_theta(left, seed)
    # Columns are standardised over the rows of each: the same covariances have other parameters.
    one, two = left(theta), right(same_covariances(left, right, theta))
    np.testing.assert_allclose(coefficients(left, one)[0], coefficients(right, two)[0], rtol=ROUNDING, atol=ROUNDING)
    for a, b in zip(scores(left, one), scores(right, two), strict=True):
        np.testing.assert_allclose(a, b, rtol=ROUNDING, atol=ROUNDING * max(1.0, np.abs(b).max()))
    # σ² is profiled out of both: the squares it divides, and the determinants, are compared apart.
    squares, expected = one.sigma2 * left.degrees, two.sigma2 * right.degrees + within.sum()
    np.testing.assert_allclose(squares, expected, rtol=ROUNDING)
    determinants = [p.value - f.degrees * (np.log(2 * np.pi * p.sigma2) + 1) for f, p in ((left, one), (right, two))]
    np.testing.assert_allclose(determinants[0], determinants[1] + np.log(counts).sum(), rtol=ROUNDING, atol=1e-8)


@examples(30)
@given(case=cases(precision=("known",)), reml=st.booleans(), seed=st.integers(0, 1000))
def test_means_are_rows_where_variances_are_known(case: Case, reml: bool, seed: int) -> None:
    """Nothing else is left to estimate from the deviations: the criterion is the same function of the covariances.

    Two searches may still end in different minima of it; so each is looked at where either ended.
    """
    assert case.variances is not None
    counts = np.random.default_rng(seed).integers(1, 4, len(case.frame))
    v = case.variances
    rows, means, within = replicated(case, counts, np.sqrt(v), seed)
    means = replace(means, variances=v / counts)
    constant = np.log(counts).sum() + ((counts - 1) * np.log(2 * np.pi * v)).sum() + (within / v).sum()
    fits = rows.fit(reml), means.fit(reml)
    left, right = (fit.fitted.criterion for fit in fits)
    for theta in (fits[0].fitted.point.theta, same_covariances(right, left, fits[1].fitted.point.theta)):
        one, two = left(theta), right(same_covariances(left, right, theta))
        np.testing.assert_allclose(one.value, two.value + constant, rtol=ROUNDING)
        for a, b in zip(coefficients(left, one), coefficients(right, two), strict=True):
            np.testing.assert_allclose(a, b, rtol=ROUNDING, atol=ROUNDING * np.abs(b).max())
    if fits[0].criterion == pytest.approx(fits[1].criterion + constant, abs=1e-3):
        assert_same(*fits, moved=constant)


@examples(40)
@given(case=cases(precision=("plain",), slopes=("",), flat=False), reml=st.booleans(), r=st.integers(2, 3))
def test_means_are_rows_where_each_mean_has_its_own_effect(case: Case, reml: bool, r: int) -> None:
    """With r rows to each mean, an effect of the mean and σ²/r together are the means' residual variance."""
    n = len(case.frame)
    rows, means, within = replicated(case, np.full(n, r), np.full(n, 0.5), r)
    rows = replace(rows, formula=f"{case.formula} + (1|cell)", terms=(*case.terms, Term(("cell",), ("1",))))
    noise = within.sum() / (n * (r - 1))
    fine, coarse = rows.fit(reml), means.fit(reml)
    own, left = fine.components[-2].variance, coarse.components[-1].variance
    assume(own > INTERIOR * noise and left > (1 + INTERIOR) * noise / r)
    np.testing.assert_allclose(fine.components[-1].variance, noise, rtol=1e-4)
    np.testing.assert_allclose(own + noise / r, left, rtol=1e-4)
    kept = replace(fine, components=(*fine.components[:-2], coarse.components[-1]))
    constant = n * (r - 1) * (np.log(2 * np.pi * noise) + 1) + n * np.log(r)
    assert_same(kept, coarse, moved=constant)
