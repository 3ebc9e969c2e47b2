r"""Predictions of weighted averages over rows, such as a model's mean over all languages and tasks.

The error of :math:`\sum_i w_i (x_i'\hat\beta + z_i'\hat b)` is that of one row with :math:`\bar x = \sum w_i x_i` and
:math:`\bar z = \sum w_i z_i` (see :mod:`analysis.mixed.inference.prediction_errors`). Rows that share a new level
share its unknown effect :math:`b`, so their loadings are added before they are squared: :math:`\sigma^2 \bar z'G\bar z`
per level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ..model.new_levels import known_codes
from ..numerics.threads import blas_threads
from .prediction_errors import PredictionErrors
from .predictions import level_loads, refuse_kernel

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel


def average_predictions(result: FittedModel, frame: pd.DataFrame, weights: Floats) -> pd.DataFrame:
    """Predict weighted averages of rows, for levels in the fit and for new ones.

    Parameters
    ----------
    result
        A fit of this engine.
    frame
        Rows to average. A level that is not in the fit has an unknown effect: it is zero in the estimate, adds its
        variance to the standard error, and is shared by all rows of that level.
    weights
        One row per average, shape ``(r, len(frame))``; each row is divided by its sum.

    Returns
    -------
    DataFrame
        ``estimate``, ``std_error`` (of the expectation, without the residual) and its ``df``, one row per average.

    Raises
    ------
    CrossliftError
        If the weights do not match the rows, are negative, or are all zero.
    DesignError
        If a new level would need a kernel's covariance.
    """
    import pandas as pd
    from scipy.sparse import csr_array, hstack

    share = np.atleast_2d(np.asarray(weights, dtype=float))
    if share.shape[1] != len(frame) or (share < 0).any() or not (share.sum(axis=1) > 0).all():
        raise CrossliftError(f"an average needs {len(frame)} weights, none negative and not all zero.")
    share = share / share.sum(axis=1, keepdims=True)
    state = result.engine_state()
    criterion, point = state.criterion, state.point
    X = share @ result.design.evaluator.evaluate(frame)
    loads, unseen = [], {}
    for t, (term, basis) in enumerate(zip(result.design.terms, criterion.data.bases, strict=False)):
        codes = known_codes(term.levels, term.factors, frame, "average")
        rows = np.ones((len(frame), 1)) if term.evaluator is None else term.evaluator.evaluate(frame)
        rows = np.linalg.solve(basis.T, rows.T).T
        new = codes < 0
        if new.any():
            refuse_kernel(term)
            labels = pd.MultiIndex.from_frame(frame.loc[new, list(term.factors)].astype(str))
            which, names = labels.factorize()
            owned = np.eye(len(names))[which]  # rows by new levels
            unseen[t] = np.einsum("rn,nl,nk->rlk", share[:, new], owned, rows[new])
        loads.append(level_loads(term, codes, rows))
    Z = share @ csr_array(hstack(loads, format="csr"))
    with blas_threads(criterion.data.q):
        errors = PredictionErrors(criterion, point, Z.shape[1])
        variance, slopes = errors.variance(X, Z, unseen)
        degrees = errors.degrees(result.reference, variance, slopes, X)
    estimate = share @ result.predict(frame, new_levels="average")
    return pd.DataFrame(
        {"estimate": estimate, "std_error": np.sqrt(variance), "df": degrees},
    )
