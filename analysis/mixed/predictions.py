r"""Predictions with intervals, for levels the fit knows and for new ones.

With :math:`C = Z'H^{-1}X` and :math:`K = Z'H^{-1}Z`, the error of :math:`x'\hat\beta + z'\hat b` has variance

.. math:: \sigma^2\,[\,w'(X'H^{-1}X)^{-1}w + z'(G - GKG)z\,], \qquad w = x - C'Gz,

(Henderson 1975, Biometrics 31); the effect of a new level adds :math:`\sigma^2 z'Gz`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats, Integers
from ..errors import CrossliftError, DesignError
from .inference import check_level, coefficients
from .levels import known_codes
from .products import full_products
from .threads import blas_threads

if TYPE_CHECKING:
    import pandas as pd

    from .criterion import Criterion
    from .design import RandomTerm
    from .point import Point
    from .result import MixedResult

# Rows handled at once: with the number of random effects it bounds memory.
CHUNK = 2000


def predictions(
    result: MixedResult,
    frame: pd.DataFrame | None = None,
    level: float = 0.95,
    random: bool = True,
    new_levels: str = "error",
    outcome: bool = False,
) -> pd.DataFrame:
    """Predict with intervals.

    Parameters
    ----------
    result
        A fit of this engine.
    frame
        Rows to predict; the rows used in the fit if none is given.
    level
        Coverage.
    random
        Predict for the levels of each row; without, for the average level, whose interval covers the fixed effects
        alone.
    new_levels
        ``"error"``, or ``"average"``: the unknown effect of a new level is zero, and its variance widens the interval.
    outcome
        Interval for one new outcome, with the residual variance, instead of its expectation.

    Returns
    -------
    DataFrame
        ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, with the index of ``frame``. Quantiles are those of t
        with the df of the row's fixed part.
    """
    import pandas as pd
    from scipy.special import stdtrit

    check_level(level)
    state = result.engine_state()
    if outcome and state.criterion.data.known_scale:
        raise CrossliftError(
            "an interval for a new outcome needs the sampling variance that it will have.",
            "Add it to the square of std_error.",
        )
    estimate = result.predict(frame, random=random, new_levels=new_levels)
    X = result.design.X if frame is None else result.design.evaluator.evaluate(frame)
    with blas_threads(state.criterion.data.q):
        if random:
            variance = _random_part(result, frame, X, new_levels)
        else:
            variance = np.einsum("ij,jk,ik->i", X, result.covariance, X)
    if outcome:
        variance = variance + state.point.sigma2
    std_error = np.sqrt(variance)
    width = stdtrit(np.minimum(result.reference.degrees(X), 1e12), 0.5 + level / 2.0) * std_error
    index = pd.RangeIndex(len(estimate)) if frame is None else frame.index
    columns = {
        "estimate": estimate,
        "std_error": std_error,
        "conf_low": estimate - width,
        "conf_high": estimate + width,
    }
    return pd.DataFrame(columns, index=index)


def _random_part(result: MixedResult, frame: pd.DataFrame | None, X: Floats, new_levels: str) -> Floats:
    """Variance of the error of each row's prediction, shape ``(n,)``."""
    from scipy.sparse import csr_array, hstack

    state = result.engine_state()
    criterion, point = state.criterion, state.point
    lambdas = criterion.lambdas(point.theta)
    terms = result.design.terms
    loads, extra = [], np.zeros(len(X))
    loadings = criterion.loadings(point.theta)
    for term, loading, basis in zip(terms, loadings, criterion.data.bases, strict=False):
        if frame is None:
            codes, values = term.codes, term.values
        else:
            codes = known_codes(term.levels, term.factors, frame, new_levels)
            values = None if term.evaluator is None else term.evaluator.evaluate(frame)
        rows = np.ones((len(X), 1)) if values is None else values
        new = codes < 0
        if new.any() and term.root is not None:
            raise DesignError(
                f"a new level of '{term.group}' has no known covariance with the others.",
                "Fit with a kernel that has a row for it.",
            )
        extra[new] += ((rows[new] @ loading) ** 2).sum(axis=1)
        loads.append(level_loads(term, codes, np.linalg.solve(basis.T, rows.T).T))
    Z = csr_array(hstack(loads, format="csr"))
    spread, turned, fixed = error_parts(criterion, point, lambdas, Z.shape[1])
    result_ = np.empty(len(X))
    for start in range(0, len(X), CHUNK):
        part = slice(start, start + CHUNK)
        own = Z[part]
        w = X[part] - np.asarray(own @ turned)
        dense = np.asarray(own @ spread)
        quadratic = np.asarray(own.multiply(dense).sum(axis=1)).ravel()
        result_[part] = np.einsum("ij,jk,ik->i", w, fixed, w) + point.sigma2 * quadratic
    return result_ + point.sigma2 * extra


def level_loads(term: RandomTerm, codes: Integers, rows: Floats) -> object:
    """One row's loads on the random effects, sparse ``(n, L k)``; nothing for a new level."""
    from scipy.sparse import csr_array

    n, k = rows.shape
    known = codes >= 0
    if term.root is not None:  # levels load on all of the whitened effects
        dense = term.root[np.where(known, codes, 0)] * known[:, None]
        return csr_array((dense[:, :, None] * rows[:, None, :]).reshape(n, -1))
    indices = (np.where(known, codes, 0)[:, None] * k + np.arange(k)).ravel()
    values = (rows * known[:, None]).ravel()
    return csr_array((values, indices, np.arange(0, n * k + 1, k)), shape=(n, term.size))


def error_parts(criterion: Criterion, point: Point, lambdas: list[Floats], size: int) -> tuple[Floats, Floats, Floats]:
    """``G - GKG`` and ``GC`` over the random effects of the formula, and the covariance of the fixed effects."""
    products = full_products(criterion, point.theta)
    kernel = products.matrix[:size, :size]
    shapes = criterion.data.shapes
    parts = [part for part in products.parts if part.stop <= size]
    covariances = [triangle @ triangle.T for triangle in lambdas]

    def apply(rows: Floats) -> Floats:
        """``G`` times rows over the random effects."""
        result = np.empty(rows.shape)
        for part, (levels, k), covariance in zip(parts, shapes, covariances, strict=False):
            result[part] = np.matmul(covariance, rows[part].reshape(levels, k, -1)).reshape(levels * k, -1)
        return result

    spread = apply(np.eye(size)) - apply(apply(kernel).T)
    p = criterion.data.p
    cross = products.matrix[:size, products.q : products.q + p] @ criterion.data.triangle  # Z'H⁻¹X
    _, basis = coefficients(criterion, point)
    return spread, apply(cross), basis


def mode_std_devs(result: MixedResult) -> list[Floats]:
    """Standard deviations of the conditional modes given the fixed effects, shapes ``(L, k)``, as lme4 has them."""
    state = result.minimum()
    lambdas = state.criterion.lambdas(state.point.theta)
    size = sum(term.size for term in result.design.terms)
    with blas_threads(state.criterion.data.q):
        spread, _, _ = error_parts(state.criterion, state.point, lambdas, size)
    found, start = [], 0
    for term, basis in zip(result.design.terms, state.criterion.data.bases, strict=False):
        back = np.linalg.inv(basis)
        levels, k = len(term.levels), term.width
        block = spread[start : start + term.size, start : start + term.size].reshape(levels, k, levels, k)
        start += term.size
        if term.root is None:
            every = np.arange(levels)
            variance = np.einsum("ka,lab,kb->lk", back, block[every, :, every, :], back)
        else:
            by_level = np.einsum("ai,ikjm,aj->akm", term.root, block, term.root, optimize=True)
            variance = np.einsum("ka,lab,kb->lk", back, by_level, back)
        found.append(np.sqrt(state.point.sigma2 * np.clip(variance, 0.0, None)))
    return found
