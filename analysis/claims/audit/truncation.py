"""Averages of a table whose digits were cut off in place of rounded: seen over all rows together.

One truncated average often is one that rounding of the cells could give. A table of them is not: every average then
fits cutting, and the rounding errors of all cells would have to point the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from ..numbers.intervals import Interval
from ..numbers.rounding import RoundingError, error_of
from ..verdicts import HOLDS, NO_DATA, OPEN, Reading
from .definitions import AverageOfCells

#: Cut-off digits must be so many times as likely as rounded ones. No clean table of validation/claims reaches it, and
#: of 1,400 tables with one average off by 0.1 three do.
TIMES_AS_LIKELY = 1_000
#: A rounded average is misprinted such that it looks cut off this often, at the least: one misprint, which is worth 500
#: at most, does not make a table of cut-off averages.
MISPRINT = 0.002
#: An average that neither cutting nor rounding gives with this probability says nothing of the rest.
_NEITHER = 1e-4


def truncated(averages: Sequence[AverageOfCells], found: Sequence[Reading]) -> list[int]:
    """Positions of averages that only fit cutting, where the table as a whole was cut.

    ``found`` are the readings by the table's definition; those over fewer cells than the definition takes are skipped.
    """
    odds, only = 0.0, []
    for at, (average, reading) in enumerate(zip(averages, found, strict=True)):
        if reading.status in (NO_DATA, OPEN) or reading.recomputed is None or len(average.cells) < 2:
            continue
        rounding, cutting = _likelihoods(average, reading.recomputed)
        if max(rounding, cutting) < _NEITHER:
            continue
        odds += math.log(max(cutting, _NEITHER)) - math.log(max(rounding, MISPRINT))
        if reading.status != HOLDS:
            only.append(at)
    return only if len(only) > 1 and odds > math.log(TIMES_AS_LIKELY) else []


def _likelihoods(average: AverageOfCells, found: Interval) -> tuple[float, float]:
    """Probabilities that the mean by unrounded cells is printed so by rounding, and by cutting."""
    error = _error(average, found)
    claimed, center = average.claimed, found.center
    low, high, cut = (float(x - center) for x in (claimed.low, claimed.high, claimed.center))
    return error.between(low, high), error.between(cut, cut + float(claimed.width))


def _error(average: AverageOfCells, found: Interval) -> RoundingError:
    """Of the reading: as many equal errors as it has cells."""
    n = len(average.cells)
    return error_of([found.width / 2 / n] * n) if n else error_of([Fraction(0)])
