"""Compare fits to the same outcomes: likelihood-ratio tests of nested models, AIC and BIC."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError
from ..numerics.whitening import orthonormal_basis

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel

# Length of a unit column that may lie outside another column space through rounding.
OUTSIDE = 1e-6


def compare(*results: FittedModel) -> pd.DataFrame:
    """Likelihood-ratio tests of each model against the next larger one.

    Parameters
    ----------
    results
        Two or more fits, in any order.

    Returns
    -------
    DataFrame
        One row per model, from fewest parameters to most: ``formula``, ``parameters``, ``log_likelihood``, ``aic``,
        ``bic``, and against the model in the row above ``chisq``, ``df``, ``p_value``, with a ``note`` on how to read
        them. These three are missing if that model is not nested in this one.

    Raises
    ------
    CrossliftError
        If the likelihoods cannot be compared: different rows, outcomes or weights; REML and ML; REML with different
        fixed effects.
    """
    import pandas as pd
    from scipy.special import chdtrc

    if len(results) < 2:
        raise CrossliftError("a comparison needs at least two fits.")
    ordered = sorted(results, key=lambda result: result.parameters)
    for first, second in pairwise(ordered):
        _check(first, second)
    records = []
    for i, result in enumerate(ordered):
        record = {
            "formula": result.formula,
            "parameters": result.parameters,
            "log_likelihood": result.log_likelihood,
            "aic": result.aic,
            "bic": result.criterion + result.parameters * float(np.log(result.n_obs)),
            "chisq": np.nan,
            "df": np.nan,
            "p_value": np.nan,
            "note": "",
        }
        if i:
            smaller = ordered[i - 1]
            reason = _not_nested(smaller, result)
            record["note"] = reason or _boundary(smaller, result)
            if not reason:
                chisq = max(0.0, smaller.criterion - result.criterion)
                df = result.parameters - smaller.parameters
                record |= {"chisq": chisq, "df": float(df), "p_value": float(chdtrc(df, chisq))}
        records.append(record)
    return pd.DataFrame(records)


def _check(first: FittedModel, second: FittedModel) -> None:
    """Refuse likelihoods of different data or of different methods."""
    names = f"'{first.formula}' and '{second.formula}'"
    if first.n_obs != second.n_obs:
        raise CrossliftError(
            f"{names} were fitted to {first.n_obs} and {second.n_obs} rows: their likelihoods are of different data.",
            "Leave out of both the rows with a missing value in any variable of the larger model.",
        )
    if not np.array_equal(first.design.y, second.design.y):
        raise CrossliftError(
            f"{names} have different outcomes, or equally many but different rows: their likelihoods are of different "
            "data.",
            "Fit both to the same frame, without rows that have a missing value in a variable of either model.",
        )
    if not _same_weights(first, second):
        raise CrossliftError(f"{names} have different weights or sampling variances.", "Fit both with the same ones.")
    if first.reml != second.reml:
        raise CrossliftError(
            f"{names}: one was fitted by REML and the other by maximum likelihood.", "Fit both with reml=False."
        )
    if first.reml and not _same_fixed(first, second):
        raise CrossliftError(
            f"{names} were fitted by REML with different fixed effects: REML takes the likelihood of the "
            "residuals from the fixed effects, which are different data.",
            "Fit both with reml=False.",
        )


def _same_weights(first: FittedModel, second: FittedModel) -> bool:
    if first.fitted is None or second.fitted is None:
        return (first.design.weights is None) == (second.design.weights is None)
    one, other = first.fitted.rows, second.fitted.rows
    if one.known_scale != other.known_scale or (one.root is None) != (other.root is None):
        return False
    return one.root is None or other.root is None or np.array_equal(one.root, other.root)


def _same_fixed(first: FittedModel, second: FittedModel) -> bool:
    return first.design.X.shape == second.design.X.shape and np.array_equal(
        first.design.X[:, np.argsort(first.names)], second.design.X[:, np.argsort(second.names)]
    )


def _not_nested(smaller: FittedModel, larger: FittedModel) -> str:
    """Why the smaller model is not nested in the larger one; empty if it is."""
    if smaller.parameters == larger.parameters:
        return "as many parameters as the row above: compare by AIC"
    basis, _ = orthonormal_basis(larger.design.X)
    unit = smaller.design.X / np.linalg.norm(smaller.design.X, axis=0)
    if np.linalg.norm(unit - basis @ (basis.T @ unit), axis=0).max() > OUTSIDE:
        return "the row above has fixed effects that this model lacks: compare by AIC"
    offered = [(term.group, term.root is None, set(term.columns)) for term in larger.design.terms]
    for term in smaller.design.terms:
        wanted = (term.group, term.root is None, set(term.columns))
        if not any(wanted[:2] == have[:2] and wanted[2] <= have[2] for have in offered):
            varying = " and ".join(term.columns)
            return f"only the row above lets {varying} vary by '{term.group}': compare by AIC"
    return ""


def _boundary(smaller: FittedModel, larger: FittedModel) -> str:
    extra = len(larger.components) - len(smaller.components)
    if extra <= 0:
        return ""
    return "p is too large because a variance is tested at its boundary, zero (halve it for a single variance)"
