"""Predictions with intervals, for levels in the fit and for new ones.

Their errors are computed in :mod:`analysis.mixed.inference.prediction_errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Booleans, Floats, Integers
from ...core.errors import CrossliftError, DesignError
from ..model.new_levels import known_codes
from ..numerics.threads import blas_threads
from ..reference import check_level
from .prediction_errors import PredictionErrors

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel
    from ..model.design import RandomTerm

# Rows processed at once: this and the number of random effects bound the memory.
CHUNK = 2000


def predictions(
    result: FittedModel,
    frame: pd.DataFrame | None = None,
    level: float = 0.95,
    random: bool = True,
    new_levels: str = "error",
    outcome: bool = False,
    present: Sequence[Booleans] | None = None,
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
        Predict for the levels of each row. If false, predict for the average level; the interval then covers the fixed
        effects alone.
    new_levels
        ``"error"``, or ``"average"``: the unknown effect of a new level is zero, and its variance widens the interval.
    outcome
        Interval for one new outcome, with the residual variance, instead of its expectation.
    present
        For each term, which of its levels have rows; the others count as new. All have if it is not given.

    Returns
    -------
    DataFrame
        ``estimate``, ``std_error``, ``df``, ``conf_low``, ``conf_high``, with the index of ``frame``. Quantiles are
        of t with Satterthwaite's df of the total variance, or the df of the fixed part if the fit uses another method.
    """
    import pandas as pd
    from scipy.special import stdtrit

    check_level(level)
    state = result.engine_state()
    if outcome and state.criterion.data.known_scale:
        raise CrossliftError(
            "an interval for a new outcome needs its sampling variance.",
            "Add it to the square of std_error.",
        )
    estimate = result.predict(frame, random=random, new_levels=new_levels)
    X = result.design.X if frame is None else result.design.evaluator.evaluate(frame)
    with blas_threads(state.criterion.written):
        if random:
            variance, degrees = _random_part(
                result, frame, X, new_levels, state.point.sigma2 if outcome else 0.0, present
            )
        else:
            variance, degrees = np.einsum("ij,jk,ik->i", X, result.covariance, X), result.reference.degrees(X)
            variance = variance + state.point.sigma2 if outcome else variance
    std_error = np.sqrt(variance)
    width = stdtrit(np.minimum(degrees, 1e12), 0.5 + level / 2.0) * std_error
    index = pd.RangeIndex(len(estimate)) if frame is None else frame.index
    columns = {
        "estimate": estimate,
        "std_error": std_error,
        "df": degrees,
        "conf_low": estimate - width,
        "conf_high": estimate + width,
    }
    return pd.DataFrame(columns, index=index)


def _random_part(
    result: FittedModel,
    frame: pd.DataFrame | None,
    X: Floats,
    new_levels: str,
    more: float,
    present: Sequence[Booleans] | None,
) -> tuple[Floats, Floats]:
    """Variance of each row's prediction error plus ``more``, and its df, shapes ``(n,)``."""
    from scipy.sparse import csr_array, hstack

    state = result.engine_state()
    loads, unseen = [], {}
    for t, (term, basis) in enumerate(zip(result.design.terms, state.criterion.data.bases, strict=False)):
        if frame is None:
            codes, values = term.codes, term.values
        else:
            codes = known_codes(term.levels, term.factors, frame, new_levels)
            values = None if term.evaluator is None else term.evaluator.evaluate(frame)
        if present is not None:
            codes = np.where((codes >= 0) & present[t][codes], codes, -1)
        rows = np.linalg.solve(basis.T, (np.ones((len(X), 1)) if values is None else values).T).T
        new = codes < 0
        if new.any():
            refuse_kernel(term)
            unseen[t] = np.where(new[:, None], rows, 0.0)[:, None, :]
        loads.append(level_loads(term, codes, rows))
    Z = csr_array(hstack(loads, format="csr"))
    errors = PredictionErrors(state.criterion, state.point, Z.shape[1])
    variance, degrees = np.empty(len(X)), np.empty(len(X))
    for start in range(0, len(X), CHUNK):
        part = slice(start, start + CHUNK)
        own, slopes = errors.variance(X[part], Z[part], {t: rows[part] for t, rows in unseen.items()})
        variance[part] = own + more
        degrees[part] = errors.degrees(result.reference, variance[part], slopes, X[part])
    return variance, degrees


def refuse_kernel(term: RandomTerm) -> None:
    """Refuse a new level of a factor whose levels have a known covariance."""
    if term.root is not None:
        raise DesignError(
            f"a new level of '{term.group}' has no known covariance with the others.",
            "Fit with a kernel that has a row for it.",
        )


def level_loads(term: RandomTerm, codes: Integers, rows: Floats) -> object:
    """Loadings of each row on the random effects, sparse ``(n, L k)``; zero for a new level."""
    from scipy.sparse import csr_array

    n, k = rows.shape
    known = codes >= 0
    if term.root is not None:  # each level loads on all whitened effects
        dense = term.root[np.where(known, codes, 0)] * known[:, None]
        return csr_array((dense[:, :, None] * rows[:, None, :]).reshape(n, -1))
    indices = (np.where(known, codes, 0)[:, None] * k + np.arange(k)).ravel()
    values = (rows * known[:, None]).ravel()
    return csr_array((values, indices, np.arange(0, n * k + 1, k)), shape=(n, term.size))


def mode_std_devs(result: FittedModel) -> list[Floats]:
    """Standard deviations of the conditional modes given the fixed effects, shapes ``(L, k)``, as in lme4."""
    state = result.minimum()
    size = sum(term.size for term in result.design.terms)
    found = []
    with blas_threads(state.criterion.written):
        errors = PredictionErrors(state.criterion, state.point, size)
        for t, (term, basis) in enumerate(zip(result.design.terms, state.criterion.data.bases, strict=False)):
            back = np.linalg.inv(basis)
            own = errors.level_spread(t, term.root)
            variance = np.einsum("ka,lab,kb->lk", back, own, back)
            found.append(np.sqrt(state.point.sigma2 * np.clip(variance, 0.0, None)))
    return found
