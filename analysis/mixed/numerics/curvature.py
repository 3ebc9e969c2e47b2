"""The fixed effects at a point of the criterion, and its curvature there."""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .criterion import Criterion
from .evaluated import Point
from .traces import TraceSums


def coefficients(criterion: Criterion, point: Point) -> tuple[Floats, Floats]:
    """Fixed effects and their covariance in the columns of the formula, shapes ``(p,)`` and ``(p, p)``."""
    back = np.linalg.inv(criterion.data.triangle)
    estimate = criterion.data.least_squares + back @ point.coefficients
    covariance = point.sigma2 * back @ np.linalg.inv(point.fixed) @ back.T
    return estimate, 0.5 * (covariance + covariance.T)


def hessian(criterion: Criterion, point: Point) -> Floats:
    """Exact second derivatives of the criterion in ``(theta, sigma)``, shape ``(m + 1, m + 1)``.

    For the criterion before σ is profiled out, as in lmerTest. If the scale is known there is no σ, and the shape is
    ``(m, m)``.
    """
    directions = criterion.directions(criterion.lambdas(point.theta))
    m, sigma = len(point.theta), np.sqrt(point.sigma2)
    result = np.zeros((m + 1, m + 1))
    result[:m, :m] = 2.0 * point.quadratic / point.sigma2 - TraceSums(criterion, point, criterion.reml).traces(
        directions
    )
    result[:m, :m] += criterion.bending(point.slopes)
    if criterion.data.known_scale:
        return 0.5 * (result[:m, :m] + result[:m, :m].T)
    result[:m, m] = result[m, :m] = 2.0 * point.linear / sigma**3
    result[m, m] = (6.0 * point.residual / point.sigma2 - 2.0 * criterion.degrees) / point.sigma2
    return 0.5 * (result + result.T)


def profiled_hessian(criterion: Criterion, point: Point) -> Floats:
    """Exact second derivatives in ``theta`` with σ at its minimum, shape ``(m, m)``."""
    return without_scale(hessian(criterion, point), len(point.theta))


def without_scale(joint: Floats, m: int) -> Floats:
    """Second derivatives in the ``m`` parameters with σ at its minimum, from those of :func:`hessian`."""
    if len(joint) == m:
        return joint
    return joint[:m, :m] - np.outer(joint[:m, m], joint[m, :m]) / joint[m, m]
