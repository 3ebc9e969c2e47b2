"""Whether a recomputed figure is the claimed one: by the cells as printed, by their rounding only, or not."""

from __future__ import annotations

from fractions import Fraction

from .numbers.intervals import Interval, fixed, signed
from .numbers.rounding import SIGMAS, RoundingError, one_in
from .verdicts import FAILS, HOLDS, OPEN, POSSIBLE, Reading

#: A recomputed range this many times as wide as the claimed figure's own cannot tell.
COARSE = 2
_COARSELY = "cells are rounded too coarsely to tell"


def fit(name: str, found: Interval, claimed: Interval, error: RoundingError | None = None) -> Reading:
    """The reading that a recomputed figure gives.

    Parameters
    ----------
    name
        What the reading decides.
    found
        What the figure can be, given the rounding of the cells; its middle is the figure by the cells as printed.
    claimed
        What the printed figure can have been before it was rounded.
    error
        Distribution of the rounding error of ``found``, where it is known.

    Notes
    -----
    It holds if the figure by the cells as printed is rounded to the claimed one, half up or half to even. Otherwise
    only rounding of the cells could give it: that is said, with how rare it is, and ruled out beyond ``SIGMAS``
    standard deviations.
    """
    center = found.center
    if claimed.low <= center <= claimed.high:
        return Reading(name, HOLDS, found)
    excess = beyond(center, claimed)
    impossible = not found.meets(claimed)
    rare = error is not None and abs(float(excess)) > SIGMAS * error.deviation
    if impossible or rare:
        return Reading(name, FAILS, found, f"{_distance(excess)} beyond rounding{_rarity(excess, error)}")
    if found.width > COARSE * claimed.width:
        return Reading(name, OPEN, found, _COARSELY)
    if error is None:
        return Reading(name, POSSIBLE, found, "possible by rounding")
    chance = 2 * error.above(abs(float(excess)))
    return Reading(name, POSSIBLE, found, f"possible by rounding, {one_in(chance)}", chance=chance)


def figure_of(reading: Reading) -> str:
    """``76.83 (76.78 to 76.88)``: by the cells as printed, and what their rounding allows."""
    found = reading.recomputed
    if found is None:
        return ""
    center = fixed(found.center, 2)
    return center if found.low == found.high else f"{center} ({found.text()})"


def beyond(center: Fraction, claimed: Interval) -> Fraction:
    """How far a figure lies outside of what is rounded to the claimed one: positive above it."""
    return center - claimed.high if center > claimed.high else min(center - claimed.low, Fraction(0))


def _distance(excess: Fraction) -> str:
    digits = 2
    while round(abs(excess), digits) == 0 and digits < 6:
        digits += 1
    return signed(float(excess), digits)


def _rarity(excess: Fraction, error: RoundingError | None) -> str:
    """How rare it would be, for what is possible but ruled out."""
    chance = 0.0 if error is None else 2 * error.above(abs(float(excess)))
    return f", {one_in(chance)} if rounding errors are independent" if chance else ""
