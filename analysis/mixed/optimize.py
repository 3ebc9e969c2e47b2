"""Newton steps inside a trust region: average information from afar, exact curvature near the minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..arrays import Floats
from .criterion import Point

# Predicted decrease of the criterion at which the search stops. lme4's references agree to 1e-6; near the minimum the
# decrease is quadratic in the remaining step, so this leaves estimates right to about 1e-5 of their standard errors.
DECREASE = 1e-10
# Predicted decrease at which what average information lacks is added once: the steps left are few but slow without.
NEAR = 1e-2
# Evaluations after which what average information lacks is taken anew: Newton's method needs two or three from a point
# near the minimum, and one that needs more has moved along a curved valley, where old curvature only crawls. A valley
# appears where one of two correlated effects has no variance: only the length of the other's row of λ matters then.
RENEWED = 4
# Evaluations after which the search gives up. Every reference set needs fewer than 10.
EVALUATIONS = 200
# A direction in which the criterion falls away from a stationary point by more than this is left downhill.
DESCENT = 1e-6
# Length of a step, relative to what ``theta`` is expected to be, that no longer matters.
SMALLEST = 1e-12


class Function(Protocol):
    """What is minimised: a criterion of ``theta`` with gradient, curvature and derivatives by variance."""

    entries: list[tuple[int, int, int]]

    def __call__(self, theta: Floats) -> Point:
        """Evaluate at ``theta``."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search ended: the best point, the evaluations it took, and whether it met its criterion."""

    point: Point
    evaluations: int
    converged: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """A step within the radius, the decrease it predicts, and the lowest curvature there."""

    move: Floats
    decrease: float
    lowest: float


def minimize(
    criterion: Function,
    start: Floats,
    evaluations: int = EVALUATIONS,
    units: Floats | float = 1.0,
    exact: Callable[[Point], Floats] | None = None,
    report: Callable[[int, Point], None] | None = None,
) -> Search:
    """Minimise ``criterion`` from ``start``.

    Each step solves the quadratic model given by the gradient and the curvature within a radius that shrinks when the
    model promised more than the criterion kept. The method always ends: at a predicted decrease below ``DECREASE``, or
    after ``evaluations``.

    Parameters
    ----------
    criterion
        Returns value, gradient and curvature at a point.
    start
        First point, shape ``(m,)``.
    evaluations
        Limit on evaluations.
    units
        What ``theta`` is expected to be about as large as, shape ``(m,)`` or one for all: lengths of steps and
        thresholds of curvature are measured in it.
    exact
        Exact second derivatives at a point, asked for when the minimum is near, and again every ``RENEWED``
        evaluations if it is not reached. Average information alone converges too, by a constant factor a step.
    report
        Called with the number of evaluations and the best point after each one.
    """
    point = criterion(start)
    units = np.broadcast_to(units, point.theta.shape)
    count, radius = 1, 1.0
    missing: Floats | None = None  # exact curvature minus average information
    renew = 0
    while count < evaluations:
        curvature = point.curvature if missing is None else point.curvature + missing
        curvature = curvature * np.outer(units, units)
        tame = _tamed(point, curvature, units, criterion.entries) if missing is None else None
        step = _step(units * point.gradient, curvature if tame is None else tame, radius)
        settled = tame is None and step.lowest > -DESCENT
        if settled and step.decrease < DECREASE:
            return Search(point, count, True)
        near = missing is not None or (settled and step.decrease < NEAR)
        if near and exact is not None and count >= renew:
            missing, renew = exact(point) - point.curvature, count + RENEWED
            continue
        length = float(np.linalg.norm(step.move))
        count += 1
        try:
            candidate = criterion(point.theta + units * step.move)
        except np.linalg.LinAlgError:  # variances too far apart for double precision: closer steps may do
            radius = 0.25 * length
            if radius < SMALLEST:
                return Search(point, count, False)
            continue
        kept = (point.value - candidate.value) / step.decrease
        if not kept > 0.25:  # also when the value is not a number
            radius = 0.25 * length
        elif kept > 0.75:
            radius = max(radius, 2.5 * length)
        if kept > 0:
            point = candidate
        if report is not None:
            report(count, point)
        if radius < SMALLEST:  # rounding hides any further decrease
            return Search(point, count, True)
    return Search(point, count, False)


def _tamed(point: Point, curvature: Floats, units: Floats, entries: list[tuple[int, int, int]]) -> Floats | None:
    """Curvature for steps away from variances that are too small; ``None`` where there are none.

    At a standard deviation near zero the criterion is concave in it although it is well behaved in the variance. There
    the step aims at where average information in the variance points, and leaves the other directions to themselves.
    """
    result = None
    for i, (t, a, b) in enumerate(entries):
        theta, slope = abs(float(point.theta[i])) / units[i], float(point.slopes[t][a, a]) * units[i] ** 2
        information = float(curvature[i, i]) - 2.0 * slope
        if a != b or curvature[i, i] > 0 or theta == 0 or slope >= 0 or information <= 0:
            continue
        target = np.sqrt(theta**2 - slope * 4.0 * theta**2 / information)
        result = curvature.copy() if result is None else result
        result[i, :] = result[:, i] = 0.0
        result[i, i] = abs(float(point.gradient[i])) * units[i] / (target - theta)
    return result


def _step(gradient: Floats, curvature: Floats, radius: float) -> _Step:
    """Minimise the quadratic model within ``radius``."""
    roots, vectors = np.linalg.eigh(curvature)
    slope = vectors.T @ gradient
    lowest = float(roots[0])
    if lowest <= -DESCENT and abs(slope[0]) < DESCENT:
        slope[0] = DESCENT  # on a ridge the gradient says nothing: take either side
    floor = max(0.0, -lowest) + 1e-12 * max(1.0, -lowest, float(roots[-1]))

    def along(shift: float) -> Floats:
        return -slope / (roots + shift)

    shift = 0.0 if lowest > floor else floor
    if np.linalg.norm(along(shift)) > radius:
        low, high = shift, max(1.0, 2.0 * shift)
        while np.linalg.norm(along(high)) > radius:
            low, high = high, 4.0 * high
        for _ in range(40):
            shift = 0.5 * (low + high)
            low, high = (shift, high) if np.linalg.norm(along(shift)) > radius else (low, shift)
        shift = high
    move = along(shift)
    decrease = -float(slope @ move + 0.5 * (roots * move) @ move)
    return _Step(vectors @ move, decrease, lowest)
