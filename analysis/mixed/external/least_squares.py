"""Ordinary least squares as a :class:`MixedResult`: for rows in which no grouping factor repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ..model.components import VarianceComponent
from ..model.design import build_design
from ..model.formula import parse_formula
from ..reference import FTest, f_test, row_space
from ..result import MixedResult

if TYPE_CHECKING:
    import pandas as pd

#: Name of the engine, and of its degrees of freedom.
ENGINE = "least squares"


@dataclass(frozen=True, slots=True)
class Residual:
    """The t distribution with rows less columns degrees of freedom; ``covariance`` is of the fixed effects."""

    covariance: Floats
    df: float
    name: str = "residual"

    def degrees(self, contrasts: Floats) -> Floats:
        """The same for every contrast."""
        return np.full(len(contrasts), self.df)

    def test(self, contrasts: Floats, estimate: Floats) -> FTest:
        """The usual F test."""
        rows = row_space(contrasts)
        wald = float((rows @ estimate) @ np.linalg.solve(rows @ self.covariance @ rows.T, rows @ estimate))
        return f_test(wald / len(rows), len(rows), self.df)


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
        reference=Residual(covariance, float(n - p)),
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
