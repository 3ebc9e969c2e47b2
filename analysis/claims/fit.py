"""Whether a recomputed figure is the claimed one: by the cells as printed, by their rounding only, or not."""

from __future__ import annotations

from fractions import Fraction

from .numbers.intervals import Interval, fixed, signed
from .numbers.rounding import SIGMAS, RoundingError, one_in
from .verdicts import FAILS, HOLDS, OPEN, POSSIBLE, Reading

#: A recomputed range this many times as wide as the claimed figure's own cannot tell.
COARSE = 2
COARSELY = "cells are rounded too coarsely to tell"


def fit(
    name: str,
    found: Interval,
    claimed: Interval,
    error: RoundingError | None = None,
    center: Fraction | None = None,
) -> Reading:
    """The reading that a recomputed figure gives.

    Parameters
    ----------
    name
        What the reading decides.
    found
        What the figure can be, given the rounding of the cells.
    claimed
        What the printed figure can have been before it was rounded.
    error
        Distribution of the rounding error of ``found``, where it is known.
    center
        The figure by the cells as printed, if it is not the middle of ``found``.

    Notes
    -----
    It holds if the figure by the cells as printed is rounded to the claimed one, half up or half to even. Otherwise
    only rounding of the cells could give it: that is said, with how rare it is, and ruled out beyond ``SIGMAS``
    standard deviations.
    """
    middle = found.center if center is None else center
    if printed_as(middle, claimed):
        return Reading(name, HOLDS, found, center=center)
    excess = beyond(middle, claimed)
    impossible = not found.meets(claimed)
    rare = error is not None and abs(float(excess)) > SIGMAS * error.deviation
    if impossible or rare:
        needs = f"{_distance(excess)} beyond rounding{_rarity(excess, error)}"
        return Reading(name, FAILS, found, needs, center=center)
    if found.width > COARSE * claimed.width:
        return Reading(name, OPEN, found, COARSELY, center=center)
    if error is None:
        return Reading(name, POSSIBLE, found, "possible by rounding", center=center)
    chance = 2 * error.above(abs(float(excess)))
    return Reading(name, POSSIBLE, found, f"possible by rounding, {one_in(chance)}", chance=chance, center=center)


def printed_as(value: Fraction, claimed: Interval) -> bool:
    """Whether a value is rounded to the claimed figure: half up (away from zero), or half to even.

    12.5 is printed 13 or 12; 9.5 only 10.
    """
    if not claimed.low <= value <= claimed.high:
        return False
    figure = claimed.center
    tie = claimed.width > 0 and value in (claimed.low, claimed.high)
    towards_zero = abs(value) > abs(figure)
    return not (tie and towards_zero) or (figure / claimed.width) % 2 == 0


def figure_of(reading: Reading, digits: int = 2) -> str:
    """``76.83 (76.78 to 76.88)``: by the cells as printed, and what their rounding allows."""
    found, central = reading.recomputed, reading.central
    if found is None or central is None:
        return ""
    center = fixed(central, digits)
    return center if found.low == found.high else f"{center} ({found.text(digits)})"


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
