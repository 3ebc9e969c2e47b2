"""Newton steps with average information inside a trust region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from .criterion import Point

# Predicted decrease of the criterion at which the search stops. lme4's references agree to 1e-6; near the minimum the
# decrease is quadratic in the remaining step, so this leaves estimates right to about 1e-5 of their standard errors.
DECREASE = 1e-10
# Evaluations after which the search gives up. Every reference set needs fewer than 20.
EVALUATIONS = 200
# A direction in which the criterion falls away from a stationary point by more than this is left downhill.
DESCENT = 1e-6


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search ended: the best point, the evaluations it took, and whether it met its criterion."""

    point: Point
    evaluations: int
    converged: bool


def minimize(
    criterion: Callable[[Floats], Point],
    start: Floats,
    evaluations: int = EVALUATIONS,
    radius: float = 1.0,
    report: Callable[[int, Point], None] | None = None,
) -> Search:
    """Minimise ``criterion`` from ``start``.

    Each step solves the quadratic model given by the gradient and the average information within a radius that
    shrinks when the model promised more than the criterion kept. The method always ends: at a predicted decrease
    below ``DECREASE``, or after ``evaluations``.

    Parameters
    ----------
    criterion
        Returns value, gradient and curvature at a point.
    start
        First point, shape ``(m,)``.
    evaluations
        Limit on evaluations.
    radius
        Radius of the first step; about the size of what ``theta`` is expected to be.
    report
        Called with the number of evaluations and the best point after each one.
    """
    point = criterion(start)
    count, smallest = 1, 1e-12 * radius
    while count < evaluations:
        step, decrease, lowest = _step(point, radius)
        if decrease < DECREASE and lowest > -DESCENT:
            return Search(point, count, True)
        candidate = criterion(point.theta + step)
        count += 1
        kept = (point.value - candidate.value) / decrease
        length = float(np.linalg.norm(step))
        if not kept > 0.25:  # also when the value is not a number
            radius = 0.25 * length
        elif kept > 0.75:
            radius = max(radius, 2.5 * length)
        if kept > 0:
            point = candidate
        if report is not None:
            report(count, point)
        if radius < smallest:  # rounding hides any further decrease
            return Search(point, count, True)
    return Search(point, count, False)


def _step(point: Point, radius: float) -> tuple[Floats, float, float]:
    """Minimise the quadratic model within ``radius``: the step, the decrease it predicts, the lowest curvature."""
    roots, vectors = np.linalg.eigh(point.curvature)
    slope = vectors.T @ point.gradient
    lowest = float(roots[0])
    if lowest <= -DESCENT and abs(slope[0]) < DESCENT:
        slope[0] = DESCENT  # on a ridge the gradient says nothing: take either side
    floor = max(0.0, -lowest) + 1e-12 * max(1.0, float(roots[-1]))

    def along(shift: float) -> Floats:
        return -slope / (roots + shift)

    shift = 0.0 if lowest > floor else floor
    if np.linalg.norm(along(shift)) > radius:
        low, high = shift, max(1.0, 2.0 * shift)
        while np.linalg.norm(along(high)) > radius:
            low, high = high, 4.0 * high
        for _ in range(60):
            shift = 0.5 * (low + high)
            low, high = (shift, high) if np.linalg.norm(along(shift)) > radius else (low, shift)
        shift = high
    move = along(shift)
    decrease = -float(slope @ move + 0.5 * (roots * move) @ move)
    return vectors @ move, decrease, lowest
