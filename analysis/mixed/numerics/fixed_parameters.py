r"""Fits with some standard deviations fixed at given values.

``theta`` is relative to :math:`\sigma`, so a fixed standard deviation :math:`\phi` ties its entry to it:
:math:`\theta = \phi/\sigma`. The free parameters are the other entries and, unless it is fixed too,
:math:`\tau = \log\sigma`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, DesignError, did_you_mean
from ..model.design import Design
from .criterion import Criterion
from .curvature import hessian
from .evaluated import Point
from .optimize import minimize


@dataclass(frozen=True, slots=True)
class HeldPoint:
    """The criterion at one value of the free parameters, as the search needs it, with the point it comes from."""

    theta: Floats
    value: float
    gradient: Floats
    curvature: Floats
    slopes: tuple[Floats, ...]
    point: Point


@dataclass(frozen=True, slots=True)
class End:
    """End of a search."""

    point: Point
    evaluations: int
    converged: bool


class Held:
    """The criterion as a function of the free parameters.

    Attributes
    ----------
    entries
        (term, row, column) of the free entries of ``theta``, which come first.
    """

    def __init__(self, criterion: Criterion, values: Mapping[int, float], sigma: float | None) -> None:
        self.criterion = criterion
        self.free = [i for i in range(len(criterion.entries)) if i not in values]
        self.tied = sorted(values)
        self.values = np.array([values[i] for i in self.tied])
        self.entries = [criterion.entries[i] for i in self.free]
        self.sigma = 1.0 if criterion.data.known_scale else sigma

    @property
    def count(self) -> int:
        """Number of free parameters."""
        return len(self.free) + (self.sigma is None)

    @property
    def searched(self) -> set[int]:
        """Terms with a free entry."""
        return {t for t, _, _ in self.entries}

    def search(self, evaluations: int) -> End:
        """Minimise over the free parameters."""
        if self.count == 0:
            return End(self(np.zeros(0)).point, 1, True)
        found = minimize(
            self, self.start(), evaluations, self.criterion.scale, exact=lambda at: self.curvature(at.point)
        )
        return End(found.point.point, found.evaluations, found.converged)

    def start(self) -> Floats:
        """Starting values: the default ones, and for σ the residual standard deviation around the fixed effects."""
        start = self.criterion.start()[self.free]
        if self.sigma is not None:
            return start
        return np.append(start, 0.5 * np.log(self.criterion.data.matrix[-1, -1] / self.criterion.degrees))

    def __call__(self, x: Floats) -> HeldPoint:
        """Value, gradient and average information in the free parameters."""
        criterion, count = self.criterion, len(self.free)
        sigma = float(np.exp(x[count])) if self.sigma is None else self.sigma
        theta = np.zeros(len(criterion.entries))
        theta[self.free], theta[self.tied] = x[:count], self.values / sigma
        point = criterion(theta, sigma**2)
        if self.sigma is not None:
            inner = np.ix_(self.free, self.free)
            gradient, curvature = point.gradient[self.free], point.curvature[inner]
            return HeldPoint(x, point.value, gradient, curvature, point.slopes, point)
        m = len(theta)
        joint = np.zeros((m + 1, m + 1))
        joint[:m, :m] = point.curvature
        joint[:m, m] = joint[m, :m] = 2.0 * point.linear / sigma**2
        joint[m, m] = 4.0 * point.residual / sigma**2
        slope = np.append(point.gradient, 2.0 * (criterion.degrees - point.residual / sigma**2))
        moving = self.moving(point, per_log=True)
        curvature = moving.T @ joint @ moving
        curvature[-1, -1] += float(point.gradient[self.tied] @ theta[self.tied])
        return HeldPoint(x, point.value, moving.T @ slope, curvature, point.slopes, point)

    def moving(self, point: Point, per_log: bool = False) -> Floats:
        """Derivative of ``(theta, σ)`` in the free parameters (``(theta, log σ)`` for ``per_log``)."""
        m, count = len(point.theta), len(self.free)
        height = m if self.criterion.data.known_scale else m + 1
        result = np.zeros((height, self.count))
        result[self.free, np.arange(count)] = 1.0
        if self.sigma is None:
            result[self.tied, count] = -point.theta[self.tied] / (1.0 if per_log else np.sqrt(point.sigma2))
            result[m, count] = 1.0
        return result

    def hessian(self, point: Point) -> Floats:
        """Exact second derivatives in the free entries of ``theta`` and σ."""
        moving = self.moving(point)
        result = moving.T @ hessian(self.criterion, point) @ moving
        if self.sigma is None:
            bend = 2.0 * point.theta[self.tied] / point.sigma2
            result[-1, -1] += float(point.gradient[self.tied] @ bend)
        return result

    def curvature(self, point: Point) -> Floats:
        """Exact second derivatives in the free parameters of the search, near its minimum."""
        result = self.hessian(point)
        if self.sigma is None:  # from σ to log σ, where the gradient in σ is about zero
            sigma = np.sqrt(point.sigma2)
            result[-1] *= sigma
            result[:, -1] *= sigma
        return result


def hold_at(criterion: Criterion, design: Design, values: Mapping[str, float]) -> Held:
    """Read the fixed standard deviations, by grouping factor or ``Residual``.

    Raises
    ------
    CrossliftError
        If a name is not a variance component of the model, or a value is negative.
    DesignError
        If several effects vary by a factor, so that it has more than one standard deviation.
    """
    entries: dict[int, float] = {}
    sigma = None
    groups = [term.group for term in design.terms]
    for name, value in values.items():
        if not (np.isfinite(value) and value >= 0):
            raise CrossliftError(
                f"the standard deviation of '{name}' cannot be fixed at {value}.", "It must be at least 0."
            )
        if name == "Residual":
            if criterion.data.known_scale and len(criterion.data.shapes) == len(groups):
                raise CrossliftError("this model has no residual variance to fix, only sampling variances.")
            if criterion.data.known_scale:
                entries[len(criterion.entries) - 1] = float(value)
            elif value == 0:
                raise CrossliftError("the residual standard deviation cannot be fixed at 0.")
            else:
                sigma = float(value)
            continue
        if name not in groups:
            hint = did_you_mean(name, groups) or f"Components: {', '.join([*groups, 'Residual'])}."
            raise CrossliftError(f"'{name}' is not a variance component of '{design.formula.text}'.", hint)
        own = [i for i, (t, _, _) in enumerate(criterion.entries) if t < len(groups) and groups[t] == name]
        if len(own) > 1:
            raise DesignError(
                f"'{name}' has several variances or correlations in '{design.formula.text}': one value cannot fix all.",
                f"Only a factor with one effect, such as (1|{name}), can be fixed.",
            )
        entries[own[0]] = float(value) * float(criterion.data.bases[criterion.entries[own[0]][0]][0, 0])
    return Held(criterion, entries, sigma)
