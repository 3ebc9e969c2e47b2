"""Printed numbers as intervals: what a figure can have been before it was rounded, in exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Interval:
    """All values from ``low`` to ``high``.

    The upper end of a rounded figure does not belong to it (5.45 is printed 5.5), which ``meets`` knows of the claimed
    side. Sums and differences keep both ends: they may be a hair too wide, never too narrow, so that no claim is
    contradicted by an edge.
    """

    low: Fraction
    high: Fraction

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def times(self, factor: Fraction | int) -> Interval:
        """The interval scaled by ``factor``."""
        ends = (self.low * factor, self.high * factor)
        return Interval(min(ends), max(ends))

    def meets(self, claimed: Interval) -> bool:
        """True if some value of this interval would be printed as the figure whose interval is ``claimed``."""
        if claimed.low == claimed.high:
            return self.low <= claimed.low <= self.high
        return self.low < claimed.high and self.high >= claimed.low

    def overlaps(self, other: Interval) -> bool:
        """True if the two share a stretch, not only an end."""
        return self.low < other.high and self.high > other.low

    def beyond(self, claimed: Interval) -> Fraction:
        """How far the nearest end lies outside ``claimed``: positive above it, negative below, zero within."""
        if self.low >= claimed.high:
            return self.low - claimed.high
        return min(self.high - claimed.low, Fraction(0))

    @property
    def width(self) -> Fraction:
        """From end to end."""
        return self.high - self.low

    @property
    def middle(self) -> float:
        """Halfway between the ends."""
        return float(self.center)

    @property
    def center(self) -> Fraction:
        """Halfway between the ends, exactly."""
        return (self.low + self.high) / 2

    def text(self, digits: int = 2) -> str:
        """``5.35 to 5.45``, or one number where both ends print alike; ends that are halves go outward."""
        if self.low == self.high:
            return fixed(self.low, digits)
        low, high = fixed(self.low, digits, "down"), fixed(self.high, digits, "up")
        return low if low == high else f"{low} to {high}"


def rounded(value: float | str, decimals: int) -> Interval:
    """What ``value``, printed with ``decimals`` decimals, can have been: 5.4 with one decimal is [5.35, 5.45)."""
    half = Fraction(1, 2 * 10**decimals)
    middle = Fraction(str(value))
    return Interval(middle - half, middle + half)


def exact(value: float | str) -> Interval:
    """A count, or another number that is not rounded."""
    return Interval(Fraction(str(value)), Fraction(str(value)))


def total(intervals: Sequence[Interval]) -> Interval:
    """Sum."""
    return Interval(
        sum((item.low for item in intervals), Fraction(0)), sum((item.high for item in intervals), Fraction(0))
    )


def mean(intervals: Sequence[Interval]) -> Interval:
    """Mean; raises ``ValueError`` of nothing."""
    if not intervals:
        raise ValueError("mean of no intervals")
    return total(intervals).times(Fraction(1, len(intervals)))


def fixed(value: Fraction, digits: int, halves: str = "away") -> str:
    """An exact value with so many decimals: 33/40 with two is 0.83.

    Through a float it would depend on how the nearest binary number and the sums before it were rounded.

    Parameters
    ----------
    value
        Any fraction.
    digits
        Decimals.
    halves
        ``away`` from zero, as most tables print them, ``up`` or ``down``.
    """
    scaled, half = value * 10**digits, Fraction(1, 2)
    up = halves == "up" or (halves == "away" and value >= 0)
    units = math.floor(scaled + half) if up else math.ceil(scaled - half)
    sign = "−" if units < 0 else ""
    whole, part = divmod(abs(units), 10**digits)
    return f"{sign}{whole}" + (f".{part:0{digits}d}" if digits else "")


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")
