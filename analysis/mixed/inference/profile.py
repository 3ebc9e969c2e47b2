r"""Profile-likelihood intervals: values of a parameter at which the criterion, minimised over all others, stays low.

A value is in the interval if the criterion rises by less than the quantile of :math:`\chi^2_1`. Standard deviations and
correlations are profiled in the criterion of the fit (REML or ML). Fixed effects have no restricted likelihood of their
own: they are profiled by maximum likelihood, as lme4 does for all parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, did_you_mean
from ..numerics.criterion import Criterion
from ..numerics.crossproducts import CrossProducts
from ..numerics.curvature import coefficients
from ..numerics.evaluated import Point
from ..numerics.optimize import EVALUATIONS, minimize
from ..numerics.threads import blas_threads
from ..numerics.unprofiled import Joint
from ..reference import check_level

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel

# Relative accuracy of a limit.
ACCURACY = 1e-7
# Correlations are searched up to here; if the criterion is still low there, the limit is one.
EDGE = 1.0 - 1e-7
# Steps that widen the bracket of a limit before it is called infinite.
WIDEN = 60


@dataclass(frozen=True, slots=True)
class _Target:
    """A parameter: its names in a result, its estimate and its possible range."""

    kind: str
    group: str
    term: str
    other: str
    estimate: float
    low: float
    high: float
    label: str


def profile(result: FittedModel, level: float = 0.95, parameters: Sequence[str] | None = None) -> pd.DataFrame:
    """Profile-likelihood intervals.

    Parameters
    ----------
    result
        A fit of this engine.
    level
        Coverage.
    parameters
        Which parameters: names of fixed effects, grouping factors (all their standard deviations and correlations) or
        ``"Residual"``. All of them if not given.

    Returns
    -------
    DataFrame
        ``kind`` (``std_dev``, ``correlation`` or ``fixed``), ``group``, ``term``, ``other``, ``estimate``,
        ``conf_low``, ``conf_high``. A fixed effect's estimate is by maximum likelihood.

    Raises
    ------
    CrossliftError
        If ``parameters`` names something else, or the fit did not converge.
    """
    import pandas as pd
    from scipy.special import chdtri

    check_level(level)
    if not result.converged:
        raise CrossliftError("the fit did not converge, so there is no minimum to profile from.")
    state = result.engine_state()
    known = list(dict.fromkeys([*(c.group for c in result.components), *result.names]))
    for name in parameters or ():
        if name not in known:
            hint = did_you_mean(name, known) or f"Known: {', '.join(known)}."
            raise CrossliftError(f"the model has no parameter '{name}'.", hint)
    cutoff = float(chdtri(1, 1.0 - level))
    rows: list[tuple[object, ...]] = []
    with blas_threads(state.criterion.data.q):
        joint = Joint(state.criterion, state.point, result.design.terms)
        for target in _targets(result):
            if parameters is None or target.group in parameters:
                rise = joint.profile(target.kind, target.group, target.term, target.other)
                rows.append(_row(target, _limits(rise, target, cutoff)))
        fixed = [name for name in result.names if parameters is None or name in parameters]
        rows += _fixed(state.criterion, result.names, fixed, cutoff) if fixed else []
    return pd.DataFrame(rows, columns=["kind", "group", "term", "other", "estimate", "conf_low", "conf_high"])


def _targets(result: FittedModel) -> list[_Target]:
    targets = []
    for c in result.components:
        label = f"the standard deviation of {c.term or 'the residual'} by {c.group}"
        targets.append(_Target("std_dev", c.group, c.term, "", c.std_dev, 0.0, np.inf, label))
        for r in result.correlations:
            if (r.group, r.other) == (c.group, c.term):
                label = f"the correlation of {r.term} and {r.other} by {r.group}"
                targets.append(_Target("correlation", r.group, r.term, r.other, r.correlation, -EDGE, EDGE, label))
    return targets


def _row(target: _Target, limits: tuple[float, float]) -> tuple[str, str, str, str, float, float, float]:
    return (target.kind, target.group, target.term, target.other, target.estimate, *limits)


def _limits(rise: Callable[[float], float], target: _Target, cutoff: float) -> tuple[float, float]:
    """Both ends of the interval around an estimate at which ``rise`` is zero."""
    if not np.isfinite(target.estimate):  # the correlation with an effect that does not vary
        return np.nan, np.nan
    step = 0.2 if target.kind == "correlation" else 0.3 * target.estimate or 0.1
    low = _limit(rise, target.estimate, -step, target.low, cutoff)
    high = _limit(rise, target.estimate, step, target.high, cutoff)
    if target.kind == "correlation":
        low, high = (-1.0 if low == -EDGE else low), (1.0 if high == EDGE else high)
    return low, high


def _limit(rise: Callable[[float], float], estimate: float, step: float, bound: float, cutoff: float) -> float:
    """Where ``rise`` reaches ``cutoff`` on one side; the parameter's bound if it is not reached before that."""
    from scipy.optimize import brentq

    def short(value: float) -> float:
        # Signed root: nearly linear in the parameter, which suits root finding.
        return float(np.sqrt(max(rise(value), 0.0)) - np.sqrt(cutoff))

    if (estimate - bound) * step > 0 or estimate == bound:
        return bound
    inner, outer = estimate, estimate + step
    for _ in range(WIDEN):
        past = (outer - bound) * step >= 0
        outer = bound if past else outer
        if short(outer) > 0:
            break
        if past:
            return bound
        inner, step = outer, 1.6 * step
        outer = outer + step
    else:
        return float(np.copysign(np.inf, step))
    scale = max(abs(inner), abs(outer))
    return float(brentq(short, inner, outer, xtol=ACCURACY * scale, rtol=1e-12))


def _fixed(criterion: Criterion, names: tuple[str, ...], wanted: list[str], cutoff: float) -> list[tuple[object, ...]]:
    """Limits of fixed effects by maximum likelihood."""
    likelihood = Criterion(criterion.data, reml=False)
    search = minimize(likelihood, likelihood.start(), EVALUATIONS, likelihood.scale)
    estimate, covariance = coefficients(likelihood, search.point)
    rows: list[tuple[object, ...]] = []
    for name in wanted:
        j = names.index(name)
        rise = _fixed_effect(likelihood, search.point, j, float(estimate[j]))
        width = 2.0 * float(np.sqrt(covariance[j, j]))
        low = _limit(rise, float(estimate[j]), -width, -np.inf, cutoff)
        high = _limit(rise, float(estimate[j]), width, np.inf, cutoff)
        rows.append(("fixed", "", name, "", float(estimate[j]), low, high))
    return rows


def _fixed_effect(criterion: Criterion, best: Point, j: int, estimate: float) -> Callable[[float], float]:
    """The rise of the criterion when the ``j``-th fixed effect is fixed at a value."""
    data, p = criterion.data, criterion.data.p
    # The direction of Q that only this column has: orthogonal to all others.
    direction = np.linalg.solve(data.triangle.T, np.eye(p)[j])
    length = float(np.linalg.norm(direction))
    direction = direction / length
    rotation = np.linalg.qr(np.column_stack([direction, np.eye(p)]))[0][:, 1:p]  # spans the others
    change = np.zeros((p + 1, p))
    change[:p, : p - 1] = rotation
    change[p, p - 1] = 1.0
    others = np.delete(np.arange(p), j)
    start = best.theta

    def rise(value: float) -> float:
        nonlocal start
        change[:p, p - 1] = direction * (estimate_along - value / length)
        constrained = Criterion(_changed(data, change, rotation.T @ data.triangle[:, others]), reml=False)
        search = minimize(constrained, start, EVALUATIONS, constrained.scale)
        start = search.point.theta
        return search.point.value - best.value

    estimate_along = float(direction @ (data.triangle @ data.least_squares))
    return rise


def _changed(data: CrossProducts, change: Floats, triangle: Floats) -> CrossProducts:
    """The cross-products with the columns ``[Q r]`` times ``change``."""
    s = data.matrix.shape[0] - data.p - 1
    width = change.shape[1]
    matrix = np.empty((s + width, s + width))
    matrix[:s, :s] = data.matrix[:s, :s]
    matrix[:s, s:] = data.matrix[:s, s:] @ change
    matrix[s:, :s] = matrix[:s, s:].T
    matrix[s:, s:] = change.T @ data.matrix[s:, s:] @ change
    eliminated = data.eliminated
    if eliminated is not None:
        eliminated = replace(eliminated, right=eliminated.right @ change)
    return replace(
        data, matrix=matrix, eliminated=eliminated, p=width - 1, triangle=triangle, least_squares=np.zeros(width - 1)
    )
