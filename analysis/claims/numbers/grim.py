"""Granularity: which shares of n items a printed accuracy can be, and which it cannot.

A share of n items is a whole number of right items over n. If no such number is printed as the figure, the figure is
not a share of n items, or n is another (Brown and Heathers 2017 test means of whole numbers so and call it GRIM). A
figure exactly between two prints may be either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .intervals import Interval, rounded

#: Accuracies in points.
TOP = Fraction(100)
#: Runs up to which a mean over them is tried.
RUNS = 10


@dataclass(frozen=True, slots=True)
class Grain:
    """A printed figure that no count gives: where it stands, and the nearest two shares that counts give."""

    data: str
    line: int
    column: str
    printed: str
    items: int
    below: Fraction
    above: Fraction

    def text(self) -> str:
        """One line for a reader."""
        digits = len(self.printed.partition(".")[2]) + 2
        near = " and ".join(f"{float(share):.{digits}f}" for share in dict.fromkeys((self.below, self.above)))
        return (
            f"{self.data}, line {self.line}, column '{self.column}': no count of {self.items:,} items is printed as "
            f"{self.printed}; the nearest give {near}{self._over_runs()}"
        )

    def _over_runs(self) -> str:
        """The fewest runs whose mean could be printed so."""
        decimals = len(self.printed.partition(".")[2])
        runs = next((k for k in range(2, RUNS + 1) if counts(rounded(self.printed, decimals), self.items * k)), None)
        return "" if runs is None else f"; a mean over {runs} runs can be"


def counts(printed: Interval, items: int) -> range:
    """Counts of right items among ``items`` whose share, in points, lies in ``printed``, ends included."""
    low = max(0, math.ceil(printed.low * items / TOP))
    high = min(items, math.floor(printed.high * items / TOP))
    return range(low, high + 1)


def narrowed(printed: Interval, items: int) -> Interval | None:
    """The least and the largest share that a count gives within ``printed``; ``None`` if none does."""
    found = counts(printed, items)
    if not found:
        return None
    return Interval(TOP * found[0] / items, TOP * found[-1] / items)


def mean_possible(printed: Interval, items: Sequence[int]) -> bool:
    """Whether a mean of shares of ``items`` items each can be printed so.

    For sets of one size the mean is a share of all items together. For several sizes every mean is a multiple of 1 over
    their least common multiple and their number; that a multiple lies in the interval is necessary, so that what is
    called impossible is.
    """
    return bool(counts(printed, math.lcm(*items) * len(items)))


def nearest(printed: Interval, items: int) -> tuple[Fraction, Fraction]:
    """The shares next to the middle of ``printed``, below and above."""
    at = (printed.low + printed.high) / 2 * items / TOP
    low, high = max(0, min(items, math.floor(at))), max(0, min(items, math.ceil(at)))
    return TOP * low / items, TOP * high / items
