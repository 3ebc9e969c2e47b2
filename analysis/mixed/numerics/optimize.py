"""Newton steps inside a trust region: average information from afar, exact curvature near the minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy.linalg.lapack import dposv, dsyevd

from ...core.arrays import Floats

# Predicted decrease of the criterion at which the search stops. lme4's references agree to 1e-6; near the minimum the
# decrease is quadratic in the remaining step, so estimates are correct to about 1e-5 of their standard errors.
DECREASE = 1e-10
# Predicted decrease at which average information is corrected to the exact curvature: few steps remain, but they
# converge slowly without it.
NEAR = 1e-2
# Relative error of a predicted decrease above which exact curvature is computed again, and the decrease below which
# rounding dominates.
TRUSTED, ROUNDED = 0.2, 1e-8
# Evaluations after which the search gives up. Every reference set needs fewer than 10.
EVALUATIONS = 200
# A stationary point with a direction of more negative curvature than this is a saddle point, which the search leaves.
DESCENT = 1e-6


class Located(Protocol):
    """A point of the criterion: parameters, value, first and second derivatives, and slopes by variance."""

    @property
    def theta(self) -> Floats:
        """Parameters, shape ``(m,)``."""
        ...

    @property
    def value(self) -> float:
        """Value of the criterion."""
        ...

    @property
    def gradient(self) -> Floats:
        """First derivatives, shape ``(m,)``."""
        ...

    @property
    def curvature(self) -> Floats:
        """Approximate second derivatives, shape ``(m, m)``."""
        ...

    @property
    def slopes(self) -> tuple[Floats, ...]:
        """Derivative in each term's covariance, shapes ``(k, k)``."""
        ...


P = TypeVar("P", bound=Located)
Out = TypeVar("Out", bound=Located, covariant=True)


class Function(Protocol[Out]):
    """The function to minimise.

    Attributes
    ----------
    entries
        (term, row, column) in the lower triangles of the terms for the leading entries of ``theta``.
    """

    entries: list[tuple[int, int, int]]

    def __call__(self, theta: Floats, /) -> Out:
        """Evaluate at ``theta``."""
        ...


@dataclass(frozen=True, slots=True)
class Search(Generic[P]):
    """End of a search: the best point, the number of evaluations, and whether it converged.

    ``missing`` is exact curvature minus average information where exact curvature was last computed.
    """

    point: P
    evaluations: int
    converged: bool
    missing: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """A step, the decrease it predicts, and the lowest eigenvalue of the curvature, 0 if all are positive."""

    move: Floats
    decrease: float
    lowest: float


def minimize(
    criterion: Function[P],
    start: Floats,
    evaluations: int = EVALUATIONS,
    radius: float = 1.0,
    exact: Callable[[P], Floats] | None = None,
    report: Callable[[int, P], None] | None = None,
    decrease: float = DECREASE,
) -> Search[P]:
    """Minimise ``criterion`` from ``start``.

    Each step solves the quadratic model given by the gradient and the curvature within a radius that shrinks if the
    criterion decreases less than the model predicts. The search always ends: at a predicted decrease below
    ``decrease``, or after ``evaluations``.

    Parameters
    ----------
    criterion
        Returns value, gradient and curvature at a point.
    start
        First point, shape ``(m,)``.
    evaluations
        Limit on evaluations.
    radius
        Radius of the first step, about the expected size of ``theta``.
    exact
        Exact second derivatives at a point, computed near the minimum and again if they have changed. Average
        information alone converges too, but linearly.
    report
        Called with the number of evaluations and the best point after each one.
    decrease
        Predicted decrease of the criterion at which the search stops.
    """
    point = criterion(start)
    count, smallest = 1, 1e-12 * radius
    missing: Floats | None = None  # exact curvature minus average information
    stale = False
    while count < evaluations:
        if stale and exact is not None:
            missing, stale = exact(point) - point.curvature, False
        curvature = point.curvature if missing is None else point.curvature + missing
        tame = _tamed(point, curvature, criterion.entries) if missing is None else None
        step = _step(point.gradient, curvature if tame is None else tame, radius)
        settled = tame is None and step.lowest > -DESCENT
        if settled and step.decrease < decrease:
            return Search(point, count, True, missing)
        if settled and step.decrease < NEAR and missing is None and exact is not None:
            stale = True
            continue
        length = float(np.linalg.norm(step.move))
        count += 1
        try:
            candidate = criterion(point.theta + step.move)
        except np.linalg.LinAlgError:  # variances too far apart for double precision: a shorter step may do
            radius = 0.25 * length
            if radius < smallest:
                return Search(point, count, False, missing)
            continue
        kept = (point.value - candidate.value) / step.decrease
        # The correction from one point may mislead at the next: after a badly predicted step it is computed again.
        stale = missing is not None and abs(kept - 1.0) > TRUSTED and step.decrease > ROUNDED
        if missing is not None and not stale and step.decrease > ROUNDED:
            missing = _updated(missing, point, candidate)
        if not kept > 0.25:  # also if the value is NaN
            radius = 0.25 * length
        elif kept > 0.75:
            radius = max(radius, 2.5 * length)
        if kept > 0:
            point = candidate
        if report is not None:
            report(count, point)
        if radius < smallest:  # rounding hides any further decrease
            return Search(point, count, True, missing)
    return Search(point, count, False, missing)


def _updated(missing: Floats, point: Located, candidate: Located) -> Floats:
    """What average information lacks, changed as little as the gradients at two points ask for.

    The symmetric update of Powell (1970), applied to the part of the second derivatives that is not computed at every
    point (Dennis, Gay & Welsch 1981, ACM Trans. Math. Softw. 7).
    """
    move = candidate.theta - point.theta
    square = float(move @ move)
    if not square > 0:
        return missing
    known = 0.5 * (point.curvature + candidate.curvature) + missing
    left = candidate.gradient - point.gradient - known @ move
    share = np.outer(left, move) / square
    return missing + share + share.T - float(left @ move) / square**2 * np.outer(move, move)


def _tamed(point: Located, curvature: Floats, entries: list[tuple[int, int, int]]) -> Floats | None:
    """Curvature for steps away from variances that are too small; ``None`` where there are none.

    At a standard deviation near zero the criterion is concave in it although it is well behaved in the variance. There
    the step aims at where average information in the variance points, and leaves the other directions to themselves.
    """
    result = None
    if (curvature.diagonal() > 0).all():
        return None
    for i, (t, a, b) in enumerate(entries):
        theta, slope = abs(float(point.theta[i])), float(point.slopes[t][a, a])
        information = float(point.curvature[i, i]) - 2.0 * slope
        if a != b or curvature[i, i] > 0 or theta == 0 or slope >= 0 or information <= 0:
            continue
        target = np.sqrt(theta**2 - slope * 4.0 * theta**2 / information)
        result = curvature.copy() if result is None else result
        result[i, :] = result[:, i] = 0.0
        result[i, i] = abs(float(point.gradient[i])) / (target - theta)
    return result


def _step(gradient: Floats, curvature: Floats, radius: float) -> _Step:
    """Minimise the quadratic model within ``radius``."""
    _, newton, info = dposv(curvature, -gradient, lower=1)
    if info == 0:  # convex: Newton's step, if it is short enough
        move = np.asarray(newton).ravel()
        if float(move @ move) <= radius**2:
            return _Step(move, -0.5 * float(gradient @ move), 0.0)
    roots, vectors, info = dsyevd(curvature, lower=1)  # less overhead than eigh
    if info != 0:
        raise np.linalg.LinAlgError("the curvature of the criterion has no eigenvalues: it contains NaN")
    slope = vectors.T @ gradient
    lowest = float(roots[0])
    if lowest <= -DESCENT and abs(slope[0]) < DESCENT:
        slope[0] = DESCENT  # on a ridge the gradient is zero: choose either side
    floor = max(0.0, -lowest) + 1e-12 * max(1.0, -lowest, float(roots[-1]))

    def along(shift: float) -> Floats:
        return -slope / (roots + shift)

    shift = 0.0 if lowest > floor else floor
    move = along(shift)
    # Newton's method on 1/length, which rises to its root from the left (Moré & Sorensen 1983, SIAM J. Sci. Stat.
    # Comput. 4). The radius need not be exact: 1% is close enough.
    for _ in range(50):
        length = float(np.linalg.norm(move))
        if not length > 1.01 * radius:
            break
        shift += (length / radius - 1.0) * length**2 / float((move**2 / (roots + shift)).sum())
        move = along(shift)
    decrease = -float(slope @ move + 0.5 * (roots * move) @ move)
    return _Step(vectors @ move, decrease, lowest)
