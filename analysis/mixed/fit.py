"""Fit a mixed model by REML or ML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..choices import DF_METHODS
from ..errors import CrossliftError, did_you_mean
from .criterion import Criterion, Point
from .crossproducts import form_crossproducts
from .design import Design, build_design
from .formula import parse_formula
from .inference import Normal, Reference, coefficients, hessian, satterthwaite
from .optimize import EVALUATIONS, Search, minimize
from .result import Correlation, MixedResult, VarianceComponent
from .threads import blas_threads

if TYPE_CHECKING:
    import pandas as pd


# A relative standard deviation below this counts as zero; lme4's isSingular uses the same bound.
SINGULAR = 1e-4
# A relative standard deviation below this is set to zero: it changes the criterion by less than its stopping rule.
NEGLIGIBLE = 1e-6


def fit_mixed(
    formula: str,
    frame: pd.DataFrame,
    reml: bool = True,
    weights: str | None = None,
    df: str = "satterthwaite",
    evaluations: int = EVALUATIONS,
    report: Callable[[int, Point], None] | None = None,
) -> MixedResult:
    """Fit a linear mixed model with crossed or nested random effects.

    Parameters
    ----------
    formula
        lme4 formula, for example ``"gain ~ typology*log_params + (1|language) + (1 + typology|model)"``.
    frame
        One row per observation. Rows with a missing value in a variable of the formula are dropped and counted.
    reml
        Restricted maximum likelihood (default) or maximum likelihood.
    weights
        Column of prior weights: the residual variance of a row is σ² / weight.
    df
        ``"satterthwaite"`` (default) or ``"normal"``.
    evaluations
        Limit on evaluations of the criterion; a search that reaches it returns ``converged=False``.
    report
        Called with the number of evaluations and the best point so far, for progress display.

    Returns
    -------
    MixedResult

    Raises
    ------
    FormulaError
        If the formula cannot be read or names a column that is not there.
    DesignError
        If the model cannot be estimated on these rows.
    """
    if df not in DF_METHODS:
        hint = did_you_mean(df, DF_METHODS) or f"Known: {', '.join(DF_METHODS)}."
        raise CrossliftError(f"unknown way to get degrees of freedom, '{df}'.", hint)
    design = build_design(parse_formula(formula), frame, weights)
    with blas_threads(design.q):
        criterion = Criterion(form_crossproducts(design), reml)
        search = minimize(criterion, criterion.start(), evaluations, report)
        point, curvature = _polish(criterion, search)
        reference: Reference = satterthwaite(criterion, point, curvature) if df == "satterthwaite" else Normal()
        return _result(design, criterion, point, search, reference)


def _polish(criterion: Criterion, search: Search) -> tuple[Point, Floats]:
    """End on signs and zeros of one form, and take one exact Newton step, which the inference has paid for anyway."""
    theta = _normalized(criterion, search.point.theta)
    point = search.point if np.array_equal(theta, search.point.theta) else criterion(theta)
    if not search.converged:
        return point, hessian(criterion, point)
    curvature = hessian(criterion, point)
    m = len(theta)
    # Profile σ out of the joint curvature before the step in theta.
    profiled = curvature[:m, :m] - np.outer(curvature[:m, m], curvature[m, :m]) / curvature[m, m]
    try:
        np.linalg.cholesky(profiled)
    except np.linalg.LinAlgError:
        return point, curvature
    better = criterion(_normalized(criterion, theta - np.linalg.solve(profiled, point.gradient)))
    # The step is so small that the curvature stays the same to more digits than degrees of freedom are printed with.
    closer = better.value <= point.value and np.abs(better.gradient).max() < np.abs(point.gradient).max()
    return (better if closer else point), curvature


def _normalized(criterion: Criterion, theta: Floats) -> Floats:
    """The same covariances with non-negative diagonals, and exact zeros for negligible variances."""
    result = theta.copy()
    for t, (_, k) in enumerate(criterion.data.shapes):
        own = [i for i, entry in enumerate(criterion.entries) if entry[0] == t]
        for i in own:
            _, a, b = criterion.entries[i]
            if a == b and result[i] < 0:
                for j in own:
                    if criterion.entries[j][2] == b:
                        result[j] = -result[j]
        if k == 1 and result[own[0]] < NEGLIGIBLE:
            result[own[0]] = 0.0
    return result


def _result(design: Design, criterion: Criterion, point: Point, search: Search, reference: Reference) -> MixedResult:
    estimate, covariance = coefficients(criterion, point)
    lambdas = criterion.lambdas(point.theta)
    components, correlations = _components(design, lambdas, point.sigma2)
    modes = tuple(scores @ (triangle @ triangle.T) for scores, triangle in zip(point.projected, lambdas, strict=True))
    flat = [t for t, triangle in enumerate(lambdas) if np.abs(np.diag(triangle)).min() < SINGULAR]
    names = {
        f"{design.terms[t].group}: {design.terms[t].columns[a]}"
        + ("" if a == b else f" ~ {design.terms[t].columns[b]}"): float(value)
        for value, (t, a, b) in zip(point.theta, criterion.entries, strict=True)
    }
    return MixedResult(
        formula=design.formula.text,
        outcome=design.formula.response,
        engine="reml" if criterion.reml else "ml",
        reference=reference,
        n_obs=design.n,
        groups={term.group: len(term.levels) for term in design.terms},
        dropped=design.dropped,
        names=design.fixed_names,
        coefficients=estimate,
        covariance=covariance,
        components=components,
        correlations=correlations,
        modes=modes,
        log_likelihood=-0.5 * point.value,
        criterion=point.value,
        reml=criterion.reml,
        singular=bool(flat),
        converged=search.converged,
        evaluations=search.evaluations,
        theta=names,
        warnings=tuple(_warnings(design, lambdas, flat, search)),
        design=design,
    )


def _components(
    design: Design, lambdas: list[Floats], sigma2: float
) -> tuple[tuple[VarianceComponent, ...], tuple[Correlation, ...]]:
    components, correlations = [], []
    for term, triangle in zip(design.terms, lambdas, strict=True):
        covariance = sigma2 * triangle @ triangle.T
        std_dev = np.sqrt(np.diag(covariance))
        for a, column in enumerate(term.columns):
            components.append(VarianceComponent(term.group, column, float(covariance[a, a])))
            for b in range(a):
                both = std_dev[a] * std_dev[b]
                value = float(covariance[a, b] / both) if both > 0 else float("nan")
                correlations.append(Correlation(term.group, term.columns[b], column, value))
    components.append(VarianceComponent("Residual", "", sigma2))
    return tuple(components), tuple(correlations)


def _warnings(design: Design, lambdas: list[Floats], flat: list[int], search: Search) -> list[str]:
    """Advice in plain words."""
    advice = []
    if not search.converged:
        advice.append(
            f"the search stopped after {search.evaluations} evaluations without reaching a minimum: the estimates "
            "are not to be used. Leave out random slopes, or factors with few levels, and fit again."
        )
    for t in flat:
        term = design.terms[t]
        if term.width == 1:
            advice.append(
                f"singular fit: the variance of '{term.columns[0]}' by '{term.group}' is estimated as zero. The rows "
                f"show no difference between the {len(term.levels)} levels beyond the other terms; dropping the term "
                "gives the same estimates."
            )
        else:
            advice.append(
                f"singular fit: the {term.width} effects that vary by '{term.group}' are estimated as perfectly "
                f"correlated or without variance. {len(term.levels)} levels may be too few for them; try "
                f"'||' in place of '|', or (1|{term.group})."
            )
    return advice
