r"""Cluster-robust standard errors with the CR2 correction and Satterthwaite degrees of freedom.

Bell & McCaffrey (2002) as Pustejovsky & Tipton (2018, J. Bus. Econ. Stat. 36) state it: residuals of a cluster are
adjusted so that their squares are unbiased if the working covariance is right, and each coefficient gets the degrees of
freedom of its own variance estimate. Effects in one cluster may be dependent in any way; clusters must be independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats, Integers
from ..core.errors import DesignError
from ..mixed.reference import t_tests

if TYPE_CHECKING:
    import pandas as pd

# Directions of a cluster that the fit explains completely have no residual to adjust.
NO_RESIDUAL = 1e-12


def cluster_robust(
    X: Floats,
    beta: Floats,
    residuals: Floats,
    covariances: Sequence[Floats],
    codes: Integers,
    names: Sequence[str],
    level: float = 0.95,
) -> pd.DataFrame:
    """Test the coefficients of a generalised least-squares fit.

    Parameters
    ----------
    X, beta, residuals
        The fit, shapes ``(k, p)``, ``(p,)`` and ``(k,)``.
    covariances
        Working covariance of each cluster, in the order of its rows; the fit is weighted by their inverses.
    codes
        Cluster of each row, ``0`` to ``m - 1``.
    names
        Names of the coefficients.
    level
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        ``term``, ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``, ``conf_low``, ``conf_high``.

    Raises
    ------
    DesignError
        If there are no more clusters than coefficients.
    """
    import pandas as pd

    m, p = len(covariances), X.shape[1]
    if m <= p:
        raise DesignError(
            f"{m} cluster{'s' if m != 1 else ''} cannot support robust standard errors of {p} coefficient"
            f"{'s' if p != 1 else ''}.",
            "Cluster by a column with more levels.",
        )
    rows = [np.flatnonzero(codes == j) for j in range(m)]
    weighted = [np.linalg.solve(own, X[at]) for own, at in zip(covariances, rows, strict=True)]
    bread = np.linalg.inv(sum(X[at].T @ w for w, at in zip(weighted, rows, strict=True)))
    scores = np.empty((m, p))
    adjusted = []  # W A of each cluster, times X and the bread: shape (k_j, p)
    for j, (own, at) in enumerate(zip(covariances, rows, strict=True)):
        adjustment = _adjustment(own, X[at], bread)
        adjusted.append(adjustment.T @ weighted[j] @ bread)
        scores[j] = adjusted[j].T @ residuals[at]
    variance = scores.T @ scores
    df = np.empty(p)
    for c in range(p):
        own_size = np.array([g[:, c] @ own @ g[:, c] for g, own in zip(adjusted, covariances, strict=True)])
        shared = np.array([X[at].T @ g[:, c] for g, at in zip(adjusted, rows, strict=True)])
        quadratic = np.diag(own_size) - shared @ bread @ shared.T
        df[c] = np.trace(quadratic) ** 2 / float((quadratic**2).sum())
    frame = pd.DataFrame(t_tests(beta, np.sqrt(np.diag(variance)), df, level))
    frame.insert(0, "term", list(names))
    return frame


def _adjustment(covariance: Floats, X: Floats, bread: Floats) -> Floats:
    """The matrix that makes a cluster's residuals unbiased under its working covariance."""
    root = np.linalg.cholesky(covariance).T
    inner = root @ (covariance - X @ bread @ X.T) @ root.T
    values, vectors = np.linalg.eigh(0.5 * (inner + inner.T))
    usable = values > NO_RESIDUAL * max(float(values.max()), 1e-300)
    half = (vectors[:, usable] / np.sqrt(values[usable])) @ vectors[:, usable].T
    return np.asarray(root.T @ half @ root)


def cluster_codes(labels: Sequence[Any]) -> Integers:
    """Number the clusters; raise an error if a row has none."""
    import pandas as pd

    codes, _ = pd.factorize(pd.Series(labels))
    if (codes < 0).any():
        missing = int((codes < 0).sum())
        words = "effect is" if missing == 1 else "effects are"
        raise DesignError(f"{missing} {words} in no cluster.", "Leave them out, or give them one.")
    return np.asarray(codes)
