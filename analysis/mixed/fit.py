"""Fit a mixed model by REML or ML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError, DesignError, did_you_mean
from ..core.frames import as_frame
from ..core.options import DF_METHODS
from .fitted import EngineState, conditional_modes
from .model.components import components_of
from .model.design import Design, build_design
from .model.formula import parse_formula, variables
from .model.given import as_column
from .model.level_covariance import LevelCovariance, as_covariances
from .numerics.criterion import Criterion
from .numerics.crossproducts import sum_rows
from .numerics.curvature import coefficients, hessian, profiled_hessian
from .numerics.evaluated import Point
from .numerics.fixed_parameters import End, Held, hold_at
from .numerics.optimize import EVALUATIONS, minimize
from .numerics.sampling import known_variance
from .numerics.threads import blas_threads
from .numerics.whitening import Rows, whiten
from .reference import Normal, Reference, satterthwaite
from .result import MixedResult

if TYPE_CHECKING:
    import pandas as pd


# Random effects up to which exact curvature near the minimum saves more evaluations than it costs; beyond, only a chain
# of eliminations makes it as cheap as two or three of them.
EXACT = 1500
# A relative standard deviation below this is set to zero: it changes the criterion by less than its stopping rule.
NEGLIGIBLE = 1e-5


def fit_mixed(
    formula: str,
    frame: pd.DataFrame,
    reml: bool = True,
    weights: Any = None,
    variances: Any = None,
    covariance: Mapping[str, LevelCovariance | pd.DataFrame] | None = None,
    df: str = "satterthwaite",
    residual: bool = True,
    hold: Mapping[str, float] | None = None,
    evaluations: int = EVALUATIONS,
    report: Callable[[int, Point], None] | None = None,
    dispersion: str | None = None,
) -> MixedResult:
    """Fit a linear mixed model with crossed or nested random effects.

    Parameters
    ----------
    formula
        lme4 formula, for example ``"gain ~ typology*log_params + (1|language) + (1 + typology|model)"``.
    frame
        One row per observation, a frame of pandas, polars, Arrow or another library. Rows with a missing value in a
        variable of the formula are dropped and counted.
    reml
        Restricted maximum likelihood (default) or maximum likelihood.
    weights
        Prior weights, as a column name or one per row (array or Series): the residual variance of a row is
        σ² / weight.
    variances
        Known sampling variances of the rows: a column name, one per row (array or Series), or a block covariance
        ``(n, n)``, dense or sparse, such as :func:`analysis.outcomes.pairing.covariance` gives.
    covariance
        Known covariance between the levels of a grouping factor: ``{"language": K}`` with a square frame labelled by
        level. An independent variance of the levels is estimated in addition; with
        ``LevelCovariance(K, independent=False)`` all variance follows the kernel.
    df
        ``"satterthwaite"`` (default), ``"kenward-roger"`` (REML only; adjusts standard errors too) or ``"normal"``.
    residual
        With ``variances``: estimate a residual variance in addition to them (default), or none.
    hold
        Standard deviations that are fixed instead of estimated, by grouping factor or ``"Residual"``, in the unit of
        the outcome; only for factors with one effect. Kenward–Roger df, bootstrap, profiles and influence are then not
        available.
    evaluations
        Limit on evaluations of the criterion; a search that reaches it returns ``converged=False``.
    report
        Called with the number of evaluations and the best point so far, for progress display.
    dispersion
        What the logarithm of the residual standard deviation follows: a right-hand side such as ``"log_params"`` or
        ``"study"``. The result has ``dispersion``, with a test against one residual variance; tests, bootstraps and
        intervals of everything else take the estimated weights as known.

    Returns
    -------
    MixedResult

    Raises
    ------
    FormulaError
        If the formula cannot be parsed or names a missing column.
    DesignError
        If the model cannot be estimated on these rows.
    """
    frame = as_frame(frame)
    _check_df(df)
    if df == "kenward-roger" and not reml:
        raise CrossliftError(
            "Kenward–Roger degrees of freedom are defined for REML only, not for maximum likelihood.",
            "Fit by REML, or choose satterthwaite.",
        )
    if hold and df == "kenward-roger":
        raise CrossliftError("Kenward–Roger needs all variances to be estimated; some are fixed.", "Use satterthwaite.")
    if variances is not None and weights is not None:
        raise CrossliftError(
            "prior weights and known sampling variances were both given; each defines a row's precision.", "Keep one."
        )
    if dispersion is not None and (variances is not None or hold):
        raise CrossliftError(
            "a dispersion was given beside known sampling variances or held standard deviations.", "Keep one of them."
        )
    if weights is not None:
        weights, frame = as_column(weights, frame, "weights")
    needed = [variances] if isinstance(variances, str) else []
    if dispersion is not None:
        needed += variables(dispersion.strip().removeprefix("~").strip(), dispersion)
    design = build_design(
        parse_formula(formula), frame, weights, as_covariances(covariance), needed, variances is None or residual
    )
    known = None if variances is None else known_variance(variances, frame, design.kept)
    try:
        with blas_threads(0):  # sums over rows
            if dispersion is not None:
                return _fit_dispersed(design, dispersion, reml, df, evaluations)
            rows = whiten(design, known, residual)
            criterion = Criterion(sum_rows(rows, design.formula), reml)
        with blas_threads(criterion.dense):
            if hold:
                return _fit_held(design, criterion, rows, hold, df, evaluations)
            return _fit(design, criterion, rows, df, evaluations, report)
    except np.linalg.LinAlgError as error:
        raise DesignError(
            f"'{design.formula.text}' cannot be computed on these {design.n} rows: its variances differ by "
            "more than double precision can represent.",
            "Are sampling variances or weights in the unit of the outcome, and is there an outlier by many orders "
            "of magnitude?",
        ) from error


def _check_df(df: str) -> None:
    if df not in DF_METHODS:
        hint = did_you_mean(df, DF_METHODS) or f"Known: {', '.join(DF_METHODS)}."
        raise CrossliftError(f"unknown degrees-of-freedom method '{df}'.", hint)


def with_degrees(result: MixedResult, df: str) -> MixedResult:
    """The same fit by this engine with another degrees-of-freedom method: nothing is searched for again."""
    _check_df(df)
    state = result.engine_state()
    with blas_threads(state.criterion.dense):
        reference = _reference(df, state.criterion, state.point)
    state.criterion.forget()
    return replace(result, reference=reference, covariance=reference.covariance)


def _fit(
    design: Design,
    criterion: Criterion,
    rows: Rows,
    df: str,
    evaluations: int,
    report: Callable[[int, Point], None] | None,
) -> MixedResult:
    exact = design.q <= EXACT or criterion.data.further is not None
    end = find_minimum(criterion, exact, evaluations, report)
    return _result(design, EngineState(criterion, end.point, rows, {}), end, _reference(df, criterion, end.point))


def _fit_held(
    design: Design, criterion: Criterion, rows: Rows, hold: Mapping[str, float], df: str, evaluations: int
) -> MixedResult:
    held = hold_at(criterion, design, hold)
    end = held.search(evaluations)
    fitted = EngineState(criterion, end.point, rows, dict(hold))
    return _result(design, fitted, end, _reference(df, criterion, end.point, held), held)


def _fit_dispersed(design: Design, dispersion: str, reml: bool, df: str, evaluations: int) -> MixedResult:
    from .dispersion import covariates, disperse

    def minimum(criterion: Criterion) -> tuple[Point, int, bool]:
        end = find_minimum(criterion, design.q <= EXACT, evaluations)
        return end.point, end.evaluations, end.converged

    found = disperse(design, covariates(dispersion, design), reml, evaluations, minimum)
    fitted = EngineState(found.criterion, found.point, found.rows, {})
    end = End(found.point, found.evaluations, found.converged)
    result = _result(found.design, fitted, end, _reference(df, found.criterion, found.point))
    more = len(found.dispersion.names)
    return replace(result, dispersion=found.dispersion, parameters=result.parameters + more)


def _reference(df: str, criterion: Criterion, point: Point, held: Held | None = None) -> Reference:
    """Reference distribution for tests of the fixed effects."""
    if df == "satterthwaite":
        if held is not None:
            return satterthwaite(criterion, point, held.hessian(point), held.moving(point))
        return satterthwaite(criterion, point, hessian(criterion, point))
    if df == "kenward-roger":
        from .inference.kenward_roger import kenward_roger

        return kenward_roger(criterion, point)
    return Normal(coefficients(criterion, point)[1])


def find_minimum(
    criterion: Criterion,
    exact: bool = True,
    evaluations: int = EVALUATIONS,
    report: Callable[[int, Point], None] | None = None,
) -> End:
    """Minimise from the default starting values and normalise the minimum; ``exact`` adds exact curvature."""
    search = minimize(
        criterion,
        criterion.start(),
        evaluations,
        criterion.scale,
        exact=(lambda point: profiled_hessian(criterion, point)) if exact else None,
        report=report,
    )
    theta = _normalized(criterion, search.point.theta)
    point = search.point if np.array_equal(theta, search.point.theta) else criterion(theta)
    return End(point, search.evaluations, search.converged)


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
        if k == 1 and result[own[0]] < NEGLIGIBLE * criterion.scale:
            result[own[0]] = 0.0
    return result


def _result(
    design: Design, fitted: EngineState, end: End, reference: Reference, held: Held | None = None
) -> MixedResult:
    criterion, point = fitted.criterion, fitted.point
    estimate, covariance = coefficients(criterion, point)
    if not (np.diag(covariance) > 0).all():  # also if it is NaN
        raise np.linalg.LinAlgError("the covariance of the fixed effects has lost its precision")
    loadings = criterion.loadings(point.theta)
    components, correlations = components_of(design.terms, loadings, point.sigma2, criterion.data.known_scale)
    flat = [t for t in criterion.flat(point.theta) if held is None or t in held.searched]
    free = len(point.theta) + (0 if criterion.data.known_scale else 1)
    criterion.forget()  # hundreds of results may be kept at once
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
        covariance=reference.covariance,
        components=components,
        correlations=correlations,
        modes=tuple(conditional_modes(design, criterion, point)),
        log_likelihood=-0.5 * point.value,
        criterion=point.value,
        reml=criterion.reml,
        singular=bool(flat),
        converged=end.converged,
        evaluations=end.evaluations,
        parameters=len(estimate) + (free if held is None else held.count),
        warnings=tuple(_warnings(design, flat, end)),
        design=design,
        fitted=fitted,
    )


def _warnings(design: Design, flat: list[int], search: End) -> list[str]:
    """Warnings with advice."""
    advice = []
    if not search.converged:
        advice.append(
            f"the search stopped after {search.evaluations} evaluations without converging: do not use the "
            "estimates. Leave out random slopes, or factors with few levels, and fit again."
        )
    for t in flat:
        if t == len(design.terms):
            advice.append(
                "singular fit: the residual variance beyond the sampling variances is estimated as zero. The known "
                "sampling errors and the random effects account for all variation between rows."
            )
            continue
        term = design.terms[t]
        if term.width == 1:
            advice.append(
                f"singular fit: the variance of '{term.labels[0]}' by '{term.group}' is estimated as zero. The rows "
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
