r"""The criterion with the correlation of a term's first two effects held at a value.

With the two effects in front (:mod:`.leading`), their loadings are the rows :math:`(l_{11}, 0)` and
:math:`s\,(\sin u, \cos u)`, so that :math:`\sin u` is their correlation, :math:`l_{11}` and :math:`s` their standard
deviations relative to :math:`\sigma`, and nothing ties the other parameters. Signs of :math:`l_{11}` and :math:`s` mean
nothing: where they differ, the first entry of the second row changes its own.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .criterion import Criterion
from .curvature import profiled_hessian
from .fixed_parameters import HeldPoint


class HeldCorrelation:
    """The criterion as a function of the other entries of ``theta`` and, last, of the second effect's ``s``.

    Attributes
    ----------
    entries
        Those of the entries of ``theta`` among the parameters.
    """

    def __init__(self, criterion: Criterion, t: int, angle: float) -> None:
        self.criterion, self.angle = criterion, angle
        places = {entry: i for i, entry in enumerate(criterion.entries)}
        self._first, self._below, self._second = (places[t, a, b] for a, b in ((0, 0), (1, 0), (1, 1)))
        self._free = [i for i in range(len(places)) if i not in (self._below, self._second)]
        self._lead = self._free.index(self._first)
        self.entries = [criterion.entries[i] for i in self._free]
        self._back = np.linalg.inv(criterion.data.bases[t])

    def locate(self, theta: Floats, sigma2: float) -> Floats:
        """The free parameters at a point of all of them: standard deviations keep their size."""
        column = self._back[1, :2] @ theta[[self._first, self._below]]
        return np.append(theta[self._free], np.hypot(column, self._back[1, 1] * theta[self._second]))

    def slope(self, at: HeldPoint) -> float:
        """Derivative of the criterion in the angle, at a minimum over the others."""
        below, second = at.point.gradient[[self._below, self._second]]
        turned = self._same_sign(at.theta) * np.cos(self.angle) * below - np.sin(self.angle) * second
        return float(turned * at.theta[-1] / self._back[1, 1])

    def __call__(self, x: Floats) -> HeldPoint:
        """Value, gradient and average information in the free parameters."""
        moving = self._moving(x)
        point = self.criterion(moving @ x)
        curvature = moving.T @ point.curvature @ moving
        return HeldPoint(x, point.value, moving.T @ point.gradient, curvature, point.slopes, point)

    def curvature(self, at: HeldPoint) -> Floats:
        """Exact second derivatives in the free parameters."""
        moving = self._moving(at.theta)
        return moving.T @ profiled_hessian(self.criterion, at.point) @ moving

    def _same_sign(self, x: Floats) -> float:
        return 1.0 if x[self._lead] * x[-1] >= 0 else -1.0

    def _moving(self, x: Floats) -> Floats:
        """Derivative of ``theta`` in the free parameters, of which it is linear between changes of sign."""
        result = np.zeros((len(self.criterion.entries), len(x)))
        result[self._free, np.arange(len(x) - 1)] = 1.0
        result[self._below, -1] = self._same_sign(x) * np.sin(self.angle) / self._back[1, 1]
        result[self._below, self._lead] = -self._back[1, 0] / self._back[1, 1]
        result[self._second, -1] = np.cos(self.angle) / self._back[1, 1]
        return result
