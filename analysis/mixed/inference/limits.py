"""Where a profiled criterion has risen by a given amount."""

from __future__ import annotations

import numpy as np

from ..numerics.profiled import LOWER, Profiled, Rise

# Newton's steps shorter than this share of the distance from the estimate leave an error of about its square.
SETTLED = 1e-3
# Share of that distance at which values inside and outside are one.
ACCURACY = 1e-7
# Values tried before a limit is called infinite, and how much further out than the last a value may be.
TRIES = 100
FURTHEST = 4.0


def limit(curve: Profiled, estimate: float, step: float, bound: float, cutoff: float) -> float:
    """Where ``curve`` reaches ``cutoff`` on the side of ``step``; ``bound`` if it does not before that.

    Newton's method on the root of the rise, which is nearly linear in the parameter, kept between values known to lie
    inside and outside. The first value is where the curvature at the estimate puts the limit, ``step`` away if there is
    none. The other parameters may have several minima: the one followed to a limit is compared with searches from
    elsewhere, and where one of these is lower the limit lies further out.
    """
    if (estimate - bound) * step > 0 or estimate == bound:
        return bound
    inside, outside = estimate, None
    curvature = curve.begin()
    if curvature > 0:
        step = float(np.copysign(np.sqrt(2.0 * cutoff / curvature), step))
    value, settled = _bounded(estimate + step, bound, step), False
    for _ in range(TRIES):
        rise = curve.afresh(value) if settled else curve(value)
        short = rise.height <= cutoff
        target = value - _newton(rise, cutoff, step)
        distance = abs(value - estimate)
        if settled:
            if rise.height > cutoff - LOWER and abs(target - value) <= SETTLED * distance:
                return _bounded(target, bound, step)
            outside = None
        if short and value == bound:
            return bound
        inside, outside = (value, outside) if short else (inside, value)
        if outside is None:
            furthest = estimate + FURTHEST * (value - estimate)
            following = _bounded(min(target, furthest) if step > 0 else max(target, furthest), bound, step)
        else:
            following = target if (target - inside) * (target - outside) < 0 else 0.5 * (inside + outside)
            if abs(outside - inside) <= ACCURACY * distance:
                return value
        settled = abs(following - value) <= SETTLED * distance
        value = following
    return value if outside is not None else float(np.copysign(np.inf, step))


def _newton(rise: Rise, cutoff: float, step: float) -> float:
    """How far a value lies beyond the limit, to first order; without a usable slope, infinitely far short of it."""
    if not rise.slope * step > 0:
        return -np.copysign(np.inf, step)
    root = np.sqrt(rise.height)
    return float(2.0 * root * (root - np.sqrt(cutoff)) / rise.slope)


def _bounded(value: float, bound: float, step: float) -> float:
    return min(value, bound) if step > 0 else max(value, bound)
