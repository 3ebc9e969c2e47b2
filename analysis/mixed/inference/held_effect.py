"""The likelihood profiled over all parameters but one fixed effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...core.arrays import Floats
from ..numerics.criterion import Criterion
from ..numerics.crossproducts import CrossProducts
from ..numerics.curvature import coefficients, profiled_hessian
from ..numerics.evaluated import Point
from ..numerics.optimize import EVALUATIONS, minimize
from ..numerics.profiled import EXACT, ROUGH, Rise


class HeldEffect:
    """Rise of the criterion as the ``j``-th fixed effect is held at a value; the variances are all free.

    Parameters
    ----------
    criterion, minimum
        Of maximum likelihood: a restricted likelihood has no fixed effects.
    j
        Position of the effect.
    """

    def __init__(self, criterion: Criterion, minimum: Point, j: int) -> None:
        self._criterion, self._minimum, self._j = criterion, minimum, j
        data, p = criterion.data, criterion.data.p
        # The direction of Q that only this column has: orthogonal to all others.
        direction = np.linalg.solve(data.triangle.T, np.eye(p)[j])
        self._length = float(np.linalg.norm(direction))
        self._direction = direction / self._length
        rotation = np.linalg.qr(np.column_stack([self._direction, np.eye(p)]))[0][:, 1:p]  # spans the others
        self._change = np.zeros((p + 1, p))
        self._change[:p, : p - 1] = rotation
        self._change[p, p - 1] = 1.0
        self._triangle = rotation.T @ data.triangle[:, np.delete(np.arange(p), j)]
        self._least_squares = float(self._direction @ (data.triangle @ data.least_squares))
        self._start = minimum.theta
        self._missing: Floats | None = None

    def begin(self) -> float:
        """Follow the minimum from the estimate on; returns the curvature there at fixed variances."""
        self._start = self._minimum.theta
        covariance = coefficients(self._criterion, self._minimum)[1]
        return 2.0 / float(covariance[self._j, self._j])

    def __call__(self, value: float) -> Rise:
        """Follow the minimum from the value asked for last."""
        return self._search(value, ROUGH, [self._start])

    def afresh(self, value: float) -> Rise:
        """Exactly, and with a search from the overall minimum too."""
        return self._search(value, EXACT, [self._start, self._minimum.theta])

    def _search(self, value: float, decrease: float, starts: list[Floats]) -> Rise:
        p = self._criterion.data.p
        change = self._change.copy()
        change[:p, p - 1] = self._direction * (self._least_squares - value / self._length)
        held = Criterion(_changed(self._criterion.data, change, self._triangle), reml=False)

        def exact(point: Point) -> Floats:
            return profiled_hessian(held, point)

        ends = [
            minimize(held, start, EVALUATIONS, held.scale, exact, decrease=decrease, missing=self._missing)
            for start in starts
        ]
        best = min(ends, key=lambda end: end.point.value)
        self._start, self._missing = best.point.theta, best.missing
        return Rise(max(best.point.value - self._minimum.value, 0.0), self._slope(value, best.point))

    def _slope(self, value: float, held: Point) -> float:
        """Derivative in the value: at fixed variances the residual is quadratic in it."""
        estimate, covariance = coefficients(self._criterion, self._criterion(held.theta, held.sigma2))
        return 2.0 * (value - float(estimate[self._j])) / float(covariance[self._j, self._j])


def _changed(data: CrossProducts, change: Floats, triangle: Floats) -> CrossProducts:
    """The same random effects with the columns ``[Q r]`` times ``change``."""
    width = change.shape[1]
    return replace(data.with_columns(change), triangle=triangle, least_squares=np.zeros(width - 1))
