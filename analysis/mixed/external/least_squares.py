"""Ordinary least squares as a :class:`MixedResult`: for rows in which no grouping factor repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..model.components import VarianceComponent
from ..model.design import build_design
from ..model.formula import parse_formula
from ..reference import Wald
from ..result import MixedResult

if TYPE_CHECKING:
    import pandas as pd

#: Name of the engine, and of its degrees of freedom.
ENGINE = "least squares"


def fit_least_squares(formula: str, frame: pd.DataFrame, reml: bool = True) -> MixedResult:
    """Fit a formula without random effects.

    Raises
    ------
    FormulaError
        If the formula cannot be parsed or names a missing column.
    DesignError
        If there are no more rows than fixed effects, or columns are collinear.
    """
    design = build_design(parse_formula(formula), frame, grouped=False)
    X, y, n, p = design.X, design.y, design.n, design.p
    q, r = np.linalg.qr(X)
    coefficients = np.linalg.solve(r, q.T @ y)
    rest = y - X @ coefficients
    squares = float(rest @ rest)
    sigma2 = squares / (n - p)
    inverse = np.linalg.inv(r)
    covariance = sigma2 * inverse @ inverse.T
    criterion = _criterion(squares, n, p, float(np.log(np.abs(np.diag(r))).sum()), reml)
    return MixedResult(
        formula=design.formula.text,
        outcome=design.formula.response,
        engine=ENGINE,
        reference=Wald(covariance, "residual", float(n - p)),
        n_obs=n,
        groups={},
        dropped=design.dropped,
        names=design.fixed_names,
        coefficients=coefficients,
        covariance=covariance,
        components=(VarianceComponent("Residual", "", sigma2),),
        correlations=(),
        modes=(),
        log_likelihood=-0.5 * criterion,
        criterion=criterion,
        reml=reml,
        singular=False,
        converged=True,
        evaluations=0,
        parameters=p + 1,
        warnings=(),
        design=design,
    )


def _criterion(squares: float, n: int, p: int, log_root: float, reml: bool) -> float:
    """Minus twice the (restricted) log-likelihood at its maximum; ``log_root`` is half the log determinant of X'X."""
    rows = n - p if reml else n
    value = rows * (np.log(2.0 * np.pi * squares / rows) + 1.0)
    return float(value + 2.0 * log_root) if reml else float(value)
