"""Residual standard deviations that follow covariates: ``log σ_i = log σ + z_i'γ`` (Harvey 1976, Econometrica 44).

For a given ``γ`` the model is one with weights ``exp(-2 z_i'γ)``, which the engine fits as any other; ``γ`` minimises
what is left, the criterion over all other parameters. nlme's ``varExp`` and ``varIdent`` and glmmTMB's ``dispformula``
are the same model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import DesignError
from ..core.jsonable import plain
from .model.columns import evaluate_columns
from .model.design import Design
from .numerics.criterion import Criterion
from .numerics.crossproducts import sum_rows
from .numerics.evaluated import Point
from .numerics.optimize import minimize
from .numerics.whitening import Rows, whiten

if TYPE_CHECKING:
    import pandas as pd

# Step of the differences, in units of a coefficient's own standard error.
STEP = 0.05
# Steps of the search over the coefficients, and the predicted decrease at which it stops.
STEPS, DECREASE = 50, 1e-9
# Log standard deviations further apart than this are no model of the data but a row or a group fitted exactly.
FURTHEST = 20.0
# Smallest share of its expected value that the curvature keeps away from a minimum.
FLATTEST = 1e-3


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How the residual standard deviation changes.

    Attributes
    ----------
    formula
        Of the covariates, as given.
    names
        Columns, ``k`` of them.
    estimate, std_error
        Change of the log standard deviation per unit of each column, and its standard error, shapes ``(k,)``.
    criterion_equal
        Criterion of the model with one residual variance.
    fall
        By how much unequal variances lower it.
    p_value
        Likelihood-ratio test of equal residual variances, ``k`` degrees of freedom.
    """

    formula: str
    names: tuple[str, ...]
    estimate: Floats
    std_error: Floats
    criterion_equal: float
    fall: float
    p_value: float

    @property
    def frame(self) -> pd.DataFrame:
        """``term``, ``estimate``, ``std_error``, and the ratio of standard deviations per unit with a 95% interval."""
        import pandas as pd
        from scipy.special import ndtri

        width = float(ndtri(0.975)) * self.std_error
        return pd.DataFrame(
            {
                "term": list(self.names),
                "estimate": self.estimate,
                "std_error": self.std_error,
                "ratio": np.exp(self.estimate),
                "conf_low": np.exp(self.estimate - width),
                "conf_high": np.exp(self.estimate + width),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """The field ``dispersion`` of the JSON contract of ``fit``."""
        rows = [{str(k): plain(v) for k, v in row.items()} for row in self.frame.to_dict("records")]
        return {
            "formula": self.formula,
            "terms": rows,
            "criterion_equal": self.criterion_equal,
            "criterion_fall": self.fall,
            "df": len(self.names),
            "p_value": self.p_value,
        }


@dataclass(frozen=True, slots=True)
class Covariates:
    """Columns that the log standard deviation may follow, shape ``(n, k)``; no intercept, which is the variance."""

    formula: str
    names: tuple[str, ...]
    columns: Floats


def covariates(text: str, design: Design) -> Covariates:
    """Evaluate the right-hand side ``text`` on the rows of ``design``, whose columns have its variables.

    Raises
    ------
    FormulaError
        If it cannot be evaluated.
    DesignError
        If nothing in it varies between rows, or one column repeats others.
    """
    expression = text.strip().removeprefix("~").strip()
    found = evaluate_columns(expression, design.columns, design.n, expression)
    chosen = [i for i, name in enumerate(found.names) if name != "Intercept"]
    columns = found.matrix[:, chosen]
    names = tuple(found.names[i] for i in chosen)
    centred = columns - columns.mean(axis=0) if chosen else columns
    if not chosen or np.linalg.matrix_rank(centred) < len(chosen):
        raise DesignError(
            f"the residual variance cannot follow '{expression}': "
            + ("a column of it repeats others on these rows." if len(chosen) > 1 else "it does not vary between rows."),
            "Name a numeric column or a factor that varies between rows, such as log_params or study.",
        )
    return Covariates(expression, names, columns)


@dataclass(frozen=True, slots=True)
class Dispersed:
    """The minimum: the design with its weights, its criterion and point, and what the weights follow."""

    design: Design
    criterion: Criterion
    rows: Rows
    point: Point
    evaluations: int
    converged: bool
    dispersion: Dispersion


class _Profile:
    """The criterion as a function of the coefficients alone, the other parameters at their best."""

    def __init__(self, design: Design, found: Covariates, reml: bool, evaluations: int) -> None:
        self._design, self._found = design, found
        self._reml, self._evaluations = reml, evaluations
        self._start: Floats | None = None
        self.evaluations = 0

    def at(self, gamma: Floats) -> tuple[Design, Rows, Criterion, Point, bool]:
        weights = np.exp(-2.0 * (self._found.columns @ gamma))
        prior = self._design.weights
        design = replace(self._design, weights=weights if prior is None else weights * prior)
        rows = whiten(design)
        criterion = Criterion(sum_rows(rows, design.formula), self._reml)
        start = criterion.start() if self._start is None else self._start
        search = minimize(criterion, start, self._evaluations, criterion.scale)
        self._start = search.point.theta
        self.evaluations += search.evaluations
        return design, rows, criterion, search.point, search.converged

    def value(self, gamma: Floats) -> float:
        return float(self.at(gamma)[3].value)


def disperse(
    design: Design,
    found: Covariates,
    reml: bool,
    evaluations: int,
    minimum: Callable[[Criterion], tuple[Point, int, bool]],
) -> Dispersed:
    """Estimate the coefficients of ``found`` and everything else at them.

    Parameters
    ----------
    design
        With prior weights, if any; its residual variance is estimated.
    found
        What the log standard deviation follows.
    reml, evaluations
        As for :func:`analysis.mixed.fit.fit_mixed`.
    minimum
        Minimises the final criterion from its usual start, in the form that results have.
    """
    from scipy.special import chdtrc

    # The origin of the columns only moves σ: the search is over centred ones, whose coefficients are the same.
    centre = found.columns.mean(axis=0)
    centred = replace(found, columns=found.columns - centre)
    profile = _Profile(design, centred, reml, evaluations)
    k = len(found.names)
    # Of minus twice the likelihood, leverages aside.
    expected: Floats = np.asarray(4.0 * (centred.columns.T @ centred.columns))
    step = STEP / np.sqrt(np.diag(expected)) * 2.0
    equal = profile.value(np.zeros(k))
    gamma: Floats = np.zeros(k)
    value, ended = equal, False
    curvature = expected
    for _ in range(STEPS):
        gradient, curvature = _derivatives(profile, gamma, value, step, expected)
        move = -np.linalg.solve(curvature, gradient)
        if -0.5 * float(gradient @ move) < DECREASE:
            ended = True
            break
        shrink = 1.0
        while shrink > 1e-6:
            trial = gamma + shrink * move
            if np.ptp(centred.columns @ trial) > FURTHEST:
                shrink *= 0.5
                continue
            reached = profile.value(trial)
            if reached < value + 1e-9:
                break
            shrink *= 0.5
        else:
            ended = True  # no decrease is left that rounding does not hide
            break
        gamma, value = trial, reached
    if np.ptp(centred.columns @ gamma) > 0.9 * FURTHEST:
        ended = False
    weights = np.exp(-2.0 * (centred.columns @ gamma)) * np.exp(-2.0 * float(centre @ gamma))
    final = replace(design, weights=weights if design.weights is None else weights * design.weights)
    rows = whiten(final)
    criterion = Criterion(sum_rows(rows, final.formula), reml)
    point, used, converged = minimum(criterion)
    fall = max(equal - float(point.value), 0.0)
    spread = np.sqrt(np.diag(2.0 * np.linalg.inv(curvature)))
    about = Dispersion(found.formula, found.names, gamma, spread, equal, fall, float(chdtrc(k, fall)))
    return Dispersed(final, criterion, rows, point, profile.evaluations + used, converged and ended, about)


def _derivatives(
    profile: _Profile, gamma: Floats, value: float, step: Floats, expected: Floats
) -> tuple[Floats, Floats]:
    """Gradient and curvature by central differences; the curvature is kept positive by what is expected of it."""
    k = len(gamma)
    unit = np.diag(step)
    high = np.array([profile.value(gamma + unit[i]) for i in range(k)])
    low = np.array([profile.value(gamma - unit[i]) for i in range(k)])
    gradient = (high - low) / (2.0 * step)
    curvature = np.diag((high - 2.0 * value + low) / step**2)
    for i in range(k):
        for j in range(i):
            both = profile.value(gamma + unit[i] + unit[j])
            neither = profile.value(gamma - unit[i] - unit[j])
            # Of both sides, so that third derivatives cancel.
            mixed = both + neither - high[i] - high[j] - low[i] - low[j] + 2.0 * value
            curvature[i, j] = curvature[j, i] = mixed / (2.0 * step[i] * step[j])
    size = np.sqrt(np.diag(expected))
    roots, vectors = np.linalg.eigh(curvature / np.outer(size, size))
    roots = np.maximum(roots, FLATTEST)
    kept = (vectors * roots) @ vectors.T * np.outer(size, size)
    return gradient, kept
