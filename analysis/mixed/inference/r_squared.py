"""How much variance a model explains: marginal and conditional R², and the share of each grouping factor.

Nakagawa, Johnson & Schielzeth 2017 (J. R. Soc. Interface 14), with random slopes by Johnson 2014 (Methods Ecol. Evol.
5): a term's variance is that of its effects averaged over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel


@dataclass(frozen=True, slots=True)
class RSquared:
    """Share of the outcome's variance explained by the fixed effects alone, and together with the random effects."""

    marginal: float
    conditional: float


def r_squared(result: FittedModel) -> RSquared:
    """Marginal and conditional R²."""
    fixed = float(np.var(result.design.X @ result.coefficients))
    random, residual = _term_variances(result), _residual(result)
    total = fixed + sum(random) + residual
    return RSquared(fixed / total, (fixed + sum(random)) / total)


def icc(result: FittedModel) -> pd.DataFrame:
    """Intraclass correlations: the share of each random term in the variance that the fixed effects do not explain.

    Returns
    -------
    DataFrame
        ``group``, ``term``, ``variance`` (averaged over rows), ``icc``; the residual last.
    """
    import pandas as pd

    random, residual = _term_variances(result), _residual(result)
    names = [(term.group, " + ".join(term.labels)) for term in result.design.terms] + [("Residual", "")]
    values = np.array([*random, residual])
    return pd.DataFrame(
        {
            "group": [group for group, _ in names],
            "term": [columns for _, columns in names],
            "variance": values,
            "icc": values / values.sum(),
        }
    )


def _term_variances(result: FittedModel) -> list[float]:
    """Average variance over the rows that each term adds to the outcome."""
    state = result.minimum()
    loadings = state.criterion.loadings(state.point.theta)
    found = []
    for term, loading in zip(result.design.terms, loadings, strict=False):
        rows: Floats = np.ones((1, 1)) if term.values is None else term.values
        by_row = ((rows @ loading) ** 2).sum(axis=1)
        if term.root is not None:  # the diagonal of a kernel need not be one
            own = (term.root**2).sum(axis=1)[term.codes]
            by_row = by_row * own
        found.append(state.point.sigma2 * float(np.mean(by_row)))
    return found


def _residual(result: FittedModel) -> float:
    """Average residual variance of a row; sampling variances count as residual."""
    state = result.minimum()
    rows = state.rows
    own = 1.0 if rows.root is None else float(np.mean(rows.root**-2.0))
    if not rows.known_scale:
        return state.point.sigma2 * own
    on_top = float(state.criterion.loadings(state.point.theta)[-1][0, 0] ** 2) if rows.residual else 0.0
    return own + on_top
