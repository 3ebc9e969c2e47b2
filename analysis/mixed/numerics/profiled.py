"""The criterion minimised over all other parameters, as a function of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...core.arrays import Floats
from .criterion import Criterion
from .evaluated import Point
from .fixed_parameters import Held, HeldPoint
from .held_correlation import HeldCorrelation
from .optimize import EVALUATIONS, Search, minimize

# Predicted decreases at which a constrained search stops: on the way to a limit, which lies where the criterion has
# risen by about 4, and at the limit.
ROUGH, EXACT = 1e-5, 1e-9
# A minimum lower than another by this is another minimum.
LOWER = 1e-4
# Extrapolation from two values to a third goes this many times as far as they are apart.
EXTRAPOLATED = 2.0
# Step, as a share of a value's size, from which second derivatives in the held value are taken.
DIFFERENCE = 1e-4
# A standard deviation below this share of the residual's is as good as zero.
SMALL = 1e-3


@dataclass(frozen=True, slots=True)
class Rise:
    """Rise of the criterion above its minimum at one value, and its derivative in the value."""

    height: float
    slope: float


class Profiled(Protocol):
    """Rise of the criterion over its minimum, minimised over all other parameters, as a function of one."""

    def begin(self) -> float:
        """Follow the minimum from the estimate on; returns the curvature there, not positive if it is not known."""
        ...

    def __call__(self, value: float) -> Rise:
        """Follow the minimum from the values asked for last."""
        ...

    def afresh(self, value: float) -> Rise:
        """Exactly, and with a search from elsewhere; calls after this one follow the lowest minimum found."""
        ...


class Family(Protocol):
    """The criterion with one parameter held at a value."""

    entries: list[tuple[int, int, int]]

    def locate(self, theta: Floats, sigma2: float) -> Floats:
        """The free parameters at a point of all of them."""
        ...

    def slope(self, at: HeldPoint) -> float:
        """Derivative in the value that is held, at a minimum over the others."""
        ...

    def curvature(self, at: HeldPoint) -> Floats:
        """Exact second derivatives in the free parameters."""
        ...

    def __call__(self, x: Floats) -> HeldPoint:
        """Value and derivatives in the free parameters."""
        ...


class Curve:
    """:class:`Profiled` for a family of criteria, one for each value.

    ``unit`` is what the family holds a value in, ``size`` what a change of the value is large or small beside.

    Attributes
    ----------
    minimum, start
        The overall minimum, and the free parameters there.
    """

    def __init__(
        self,
        hold: Callable[[float], Family],
        criterion: Criterion,
        minimum: Point,
        estimate: float,
        size: float,
        unit: float = 1.0,
    ) -> None:
        self._hold, self._criterion, self.minimum, self._unit = hold, criterion, minimum, unit
        self._estimate = estimate
        self._path: list[tuple[float, Floats]] = []  # values and where their minima are, the last two
        self._missing: Floats | None = None  # what average information lacks, where the path is
        self.start, self._tangent, self._curvature = self._leave(DIFFERENCE * size)
        self._missing_at_start = self._missing

    def _leave(self, change: float) -> tuple[Floats, Floats, float]:
        """Where the minimum is, how it moves with the value to first order, and the curvature of the profile."""
        family = self._hold(self._estimate)
        start = family.locate(self.minimum.theta, self.minimum.sigma2)
        try:
            here, near = family(start), self._hold(self._estimate + change)
            exact, there = family.curvature(here), near(start)
            tangent = -np.linalg.solve(exact, there.gradient - here.gradient) / change
        except np.linalg.LinAlgError:  # variances too far apart for double precision, or effects that do not vary
            return start, np.zeros(len(start)), 0.0
        self._missing = exact - here.curvature
        along = self._unit * (near.slope(there) - family.slope(here)) / change
        curvature = along + float(tangent @ (there.gradient - here.gradient)) / change
        return start, tangent, curvature if np.isfinite(tangent).all() else 0.0

    def begin(self) -> float:
        """Follow the minimum from the estimate on."""
        self._path, self._missing = [], self._missing_at_start
        return self._curvature

    def __call__(self, value: float) -> Rise:
        """Follow the minimum from the values asked for last."""
        for start in (self._ahead(value), *(x for _, x in self._path[-1:]), self.start):
            found = self.search(value, start, ROUGH)
            if found is not None:
                return self._keep(value, found)
        return Rise(np.inf, np.nan)

    def afresh(self, value: float) -> Rise:
        """Exactly, and with a search from the overall minimum."""
        best = self.search(value, self._ahead(value), EXACT)
        other = self.search(value, self.start, ROUGH)
        if other is not None and (best is None or other.point.value < best.point.value - LOWER):
            best = self.search(value, other.point.theta, EXACT)
        return Rise(np.inf, np.nan) if best is None else self._keep(value, best)

    def _ahead(self, value: float) -> Floats:
        """Where the minimum should be, going by the last two values."""
        if not self._path:
            return self.start + (value - self._estimate) * self._tangent
        at, last = self._path[-1]
        before, first = self._path[-2] if len(self._path) > 1 else (self._estimate, self.start)
        share = (value - at) / (at - before) if at != before else 0.0
        return last + np.clip(share, -EXTRAPOLATED, EXTRAPOLATED) * (last - first)

    def search(self, value: float, start: Floats, decrease: float) -> Search[HeldPoint] | None:
        """The minimum from ``start``; ``None`` where variances are too far apart for double precision."""
        family, scale = self._hold(value), self._criterion.scale
        try:
            return minimize(
                family, start, EVALUATIONS, scale, family.curvature, decrease=decrease, missing=self._missing
            )
        except np.linalg.LinAlgError:
            return None

    def _keep(self, value: float, found: Search[HeldPoint]) -> Rise:
        point = found.point
        self._path = [*self._path[-1:], (value, point.theta)]
        self._missing = found.missing
        return Rise(max(point.value - self.minimum.value, 0.0), self._unit * self._hold(value).slope(point))


def std_dev(criterion: Criterion, minimum: Point, entry: int, estimate: float) -> Curve:
    """Profile of the standard deviation that the diagonal ``entry`` of ``theta`` stands for."""
    t, a, _ = criterion.entries[entry]
    unit = float(criterion.data.bases[t][a, a])
    return Curve(
        lambda value: Held(criterion, {entry: value * unit}, None),
        criterion,
        minimum,
        estimate,
        max(estimate, SMALL * _sigma(minimum)),
        unit,
    )


def residual(criterion: Criterion, minimum: Point, estimate: float) -> Curve:
    """Profile of σ."""
    return Curve(lambda value: Held(criterion, {}, value), criterion, minimum, estimate, estimate)


def correlation(criterion: Criterion, minimum: Point, t: int, angle: float) -> Curve:
    """Profile of the angle whose sine is the correlation of the first two effects of term ``t``."""
    return Curve(lambda value: HeldCorrelation(criterion, t, value), criterion, minimum, angle, 1.0)


def _sigma(minimum: Point) -> float:
    return float(np.sqrt(minimum.sigma2))
