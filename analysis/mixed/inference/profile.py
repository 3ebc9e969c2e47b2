r"""Profile-likelihood intervals: values of a parameter at which the criterion, minimised over all others, stays low.

A value is inside while the criterion rises by less than the quantile of :math:`\chi^2_1`. Standard deviations and
correlations are profiled in the criterion of the fit (REML or ML). Fixed effects have no restricted likelihood of their
own: they are profiled by maximum likelihood, as lme4 does for everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError, did_you_mean
from ..numerics.criterion import Criterion
from ..numerics.curvature import coefficients
from ..numerics.leading import leading
from ..numerics.optimize import EVALUATIONS, minimize
from ..numerics.profiled import Curve, correlation, residual, std_dev
from ..numerics.threads import blas_threads
from ..reference import check_level
from .held_effect import HeldEffect
from .limits import limit

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel

# First steps of the search for a limit: of an angle whose sine is a correlation, as a share of a standard deviation,
# and where that is estimated as zero, in units of the residual's.
FIRST_ANGLE, FIRST_SHARE, FIRST_STEP = 0.3, 0.4, 0.3


@dataclass(frozen=True, slots=True)
class Target:
    """A standard deviation or correlation: how a result names it, its estimate, its term and the columns it is of."""

    kind: str
    group: str
    term: str
    other: str
    estimate: float
    place: int
    columns: tuple[int, ...]


def profile(result: FittedModel, level: float = 0.95, parameters: Sequence[str] | None = None) -> pd.DataFrame:
    """Profile-likelihood intervals.

    Parameters
    ----------
    result
        A fit of this engine.
    level
        Coverage.
    parameters
        Which ones: names of fixed effects, grouping factors (all their standard deviations and correlations) or
        ``"Residual"``. All of them if not given.

    Returns
    -------
    DataFrame
        ``kind`` (``std_dev``, ``correlation`` or ``fixed``), ``group``, ``term``, ``other``, ``estimate``,
        ``conf_low``, ``conf_high``. The estimate of a fixed effect is that of maximum likelihood.

    Raises
    ------
    CrossliftError
        If ``parameters`` names something else, or the fit did not converge.
    """
    import pandas as pd
    from scipy.special import chdtri

    check_level(level)
    if not result.converged:
        raise CrossliftError("the search did not converge: there is no minimum to profile from.")
    state = result.engine_state()
    known = list(dict.fromkeys([*(c.group for c in result.components), *result.names]))
    for name in parameters or ():
        if name not in known:
            hint = did_you_mean(name, known) or f"Known: {', '.join(known)}."
            raise CrossliftError(f"the model has no parameter '{name}'.", hint)
    cutoff = float(chdtri(1, 1.0 - level))
    rows: list[tuple[object, ...]] = []
    with blas_threads(state.criterion.dense):
        for target in targets(result):
            if parameters is None or target.group in parameters:
                rows.append(_row(target, _limits(result, target, cutoff)))
        fixed = [name for name in result.names if parameters is None or name in parameters]
        rows += _fixed(state.criterion, result.names, fixed, cutoff) if fixed else []
    return pd.DataFrame(rows, columns=["kind", "group", "term", "other", "estimate", "conf_low", "conf_high"])


def targets(result: FittedModel) -> list[Target]:
    """All standard deviations and correlations of a fit."""
    found = []
    terms = list(enumerate(result.design.terms))
    places = {(term.group, label): (t, c) for t, term in terms for c, label in enumerate(term.labels)}
    for c in result.components:
        place, column = places.get((c.group, c.term), (len(result.design.terms), 0))
        found.append(Target("std_dev", c.group, c.term, "", c.std_dev, place, (column,)))
        for r in result.correlations:
            if (r.group, r.other) == (c.group, c.term):
                pair = (column, places[r.group, r.term][1])
                found.append(Target("correlation", r.group, r.term, r.other, r.correlation, place, pair))
    return found


def _row(target: Target, limits: tuple[float, float]) -> tuple[str, str, str, str, float, float, float]:
    return (target.kind, target.group, target.term, target.other, target.estimate, *limits)


def _limits(result: FittedModel, target: Target, cutoff: float) -> tuple[float, float]:
    """Both ends of the interval around an estimate."""
    if not np.isfinite(target.estimate):  # the correlation with an effect that does not vary
        return np.nan, np.nan
    curve = curve_of(result, target)
    if target.kind == "correlation":
        angle = _angle(target.estimate)
        ends = [limit(curve, angle, step, np.copysign(np.pi / 2, step), cutoff) for step in (-FIRST_ANGLE, FIRST_ANGLE)]
        return float(np.sin(ends[0])), float(np.sin(ends[1]))
    step = FIRST_SHARE * target.estimate or FIRST_STEP * float(np.sqrt(result.engine_state().point.sigma2))
    return (
        limit(curve, target.estimate, -step, 0.0, cutoff),
        limit(curve, target.estimate, step, np.inf, cutoff),
    )


def _angle(correlation: float) -> float:
    return float(np.arcsin(np.clip(correlation, -1.0, 1.0)))


def curve_of(result: FittedModel, target: Target) -> Curve:
    """The profile of one standard deviation or correlation."""
    state = result.engine_state()
    t = target.place
    if t == len(state.criterion.data.shapes):
        return residual(state.criterion, state.point, target.estimate)
    criterion, theta = leading(state.criterion, state.point.theta, state.rows, result.design.formula, t, target.columns)
    minimum = criterion(theta)
    if target.kind == "correlation":
        return correlation(criterion, minimum, t, _angle(target.estimate))
    return std_dev(criterion, minimum, criterion.entries.index((t, 0, 0)), target.estimate)


def _fixed(criterion: Criterion, names: tuple[str, ...], wanted: list[str], cutoff: float) -> list[tuple[object, ...]]:
    """Limits of fixed effects by maximum likelihood."""
    likelihood = Criterion(criterion.data, reml=False)
    search = minimize(likelihood, likelihood.start(), EVALUATIONS, likelihood.scale)
    estimate, covariance = coefficients(likelihood, search.point)
    rows: list[tuple[object, ...]] = []
    for name in wanted:
        j = names.index(name)
        center, width = float(estimate[j]), 2.0 * float(np.sqrt(covariance[j, j]))
        low, high = (
            limit(HeldEffect(likelihood, search.point, j), center, step, np.copysign(np.inf, step), cutoff)
            for step in (-width, width)
        )
        rows.append(("fixed", "", name, "", center, low, high))
    return rows
