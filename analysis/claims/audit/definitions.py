"""Definitions of an average over languages, and which one a table uses.

A table that averages without English does so in every row. Its definition is therefore chosen once, and a row that
needs another one stands out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...outcomes.pairing import SHARES
from ..fit import COARSE, fit
from ..numbers.grim import narrowed
from ..numbers.intervals import Interval, mean
from ..numbers.rounding import error_of
from ..verdicts import FAILS, NO_DATA, OPEN, Reading

#: The language that averages are taken with and without.
SOURCE = "eng"


#: Scores are whole numbers of this unit, which makes sums of tens of thousands of cells quick and exact.
UNITS = 10**7


@dataclass(frozen=True, slots=True)
class LanguageCell:
    """One printed score of one language; ``score`` and ``half`` a unit of its last decimal are in ``UNITS``."""

    language: str
    score: int
    half: int
    line: int = 0
    items: int | None = None

    @property
    def interval(self) -> Interval:
        """What it can have been before it was rounded."""
        return Interval(Fraction(self.score - self.half, UNITS), Fraction(self.score + self.half, UNITS))


@dataclass(frozen=True, slots=True)
class AverageOfCells:
    """A printed average and the cells that it can be of.

    Attributes
    ----------
    claimed
        What the average can have been before it was rounded.
    cells
        Scores by language.
    missing
        Languages whose cell is blank, or that other rows of the table have.
    shares
        Whether scores are shares of items.
    """

    claimed: Interval
    cells: tuple[LanguageCell, ...]
    missing: tuple[str, ...] = ()
    shares: bool = False


def mean_reading(name: str, cells: Sequence[LanguageCell], claimed: Interval) -> Reading:
    """The plain mean of some cells as a reading."""
    n = len(cells)
    low = Fraction(sum(cell.score - cell.half for cell in cells), n * UNITS)
    high = Fraction(sum(cell.score + cell.half for cell in cells), n * UNITS)
    return fit(name, Interval(low, high), claimed, error_of([cell.half / n / UNITS for cell in cells]))


def weighted_reading(
    name: str, cells: Sequence[LanguageCell], weights: Sequence[Fraction], claimed: Interval
) -> Reading:
    """A weighted mean of some cells as a reading."""
    center = sum((cell.score * weight for cell, weight in zip(cells, weights, strict=True)), Fraction(0)) / UNITS
    shares = [cell.half * weight / UNITS for cell, weight in zip(cells, weights, strict=True)]
    half = sum(shares, Fraction(0))
    error = error_of(shares)
    low, high = center - half, center + half
    return fit(name, Interval(low, high), claimed, error)


def over_all(average: AverageOfCells) -> Reading:
    """The mean over every printed language.

    Where the cells are rounded too coarsely to tell, shares of a known number of items are known better than they are
    printed: 80.1 of 500 items can only be 80.0 or 80.2.
    """
    cells = average.cells
    name = f"mean over {len(cells)} languages"
    if len(cells) < 2:
        return Reading("mean over languages", NO_DATA)
    found = mean_reading(name, cells, average.claimed)
    coarse = sum(cell.half for cell in cells) * 2 > COARSE * average.claimed.width * len(cells) * UNITS
    if coarse and average.shares and (fine := _on_grains(cells)) is not None:
        return fit(f"{name}, as shares of their items", mean(fine), average.claimed)
    return found


def without_source(average: AverageOfCells) -> Reading | None:
    """The mean without English."""
    others = [cell for cell in average.cells if cell.language != SOURCE]
    if not 1 < len(others) < len(average.cells):
        return None
    return mean_reading(f"without {SOURCE}", others, average.claimed)


def by_items(average: AverageOfCells) -> Reading | None:
    """The mean weighted by test items."""
    items = [cell.items for cell in average.cells]
    known = [item for item in items if item]
    if len(known) < len(items) or len(set(known)) < 2:
        return None
    weights = [Fraction(item, sum(known)) for item in known]
    return weighted_reading("weighted by test items", average.cells, weights, average.claimed)


#: By name, in the order of preference.
DEFINITIONS: Mapping[str, Callable[[AverageOfCells], Reading | None]] = {
    "over all languages": over_all,
    f"without {SOURCE}": without_source,
    "weighted by test items": by_items,
}
_FIRST = next(iter(DEFINITIONS))


def choose(averages: Sequence[AverageOfCells]) -> str | None:
    """The definition of a table's averages: the one that more than half of them follow, two at least.

    ``None`` if no definition has so many.
    """
    followed: Counter[str] = Counter()
    checkable = [average for average in averages if len(average.cells) > 1]
    if len(checkable) > 1 and all(over_all(average).status != FAILS for average in checkable):
        return _FIRST
    for average in checkable:
        followed.update(
            name for name, read in DEFINITIONS.items() if (found := read(average)) is not None and found.status != FAILS
        )
    most = max(DEFINITIONS, key=lambda name: followed[name])
    return most if followed[most] >= 2 and 2 * followed[most] > len(checkable) else None


def readings(average: AverageOfCells, definition: str | None) -> list[Reading]:
    """The readings of one average, given its table's definition (``None``: each counts)."""
    first = over_all(average)
    if first.status == NO_DATA:
        return [first]
    if definition not in (None, _FIRST):
        found = DEFINITIONS[str(definition)](average)
        if found is not None:
            return [found] if found.status == FAILS else [_failed(first), found]
    if first.status != FAILS:
        return [first]
    open_ones = [reading] if (reading := _with_missing(average)) is not None else []
    if definition == _FIRST:
        return [first, *open_ones]
    others = [read(average) for name, read in DEFINITIONS.items() if name != _FIRST]
    return [first, *(reading for reading in others if reading is not None), *open_ones]


def _failed(first: Reading) -> Reading:
    """The first reading of a table whose definition is another one: it decides nothing there."""
    return Reading(first.name, FAILS, first.recomputed, first.needs or "not this table's definition")


def _with_missing(average: AverageOfCells) -> Reading | None:
    """What cells that are not printed must be, if the average is over them as well; ``None`` off the scale."""
    if not average.missing:
        return None
    n, number = len(average.cells) + len(average.missing), len(average.missing)
    low = average.claimed.low * n - Fraction(sum(cell.score + cell.half for cell in average.cells), UNITS)
    high = average.claimed.high * n - Fraction(sum(cell.score - cell.half for cell in average.cells), UNITS)
    needed = Interval(low / number, high / number)
    if needed.high < 0 or needed.low > 100:
        return None
    verb = "must be" if number == 1 else "must average"
    words = f"{', '.join(average.missing)}, not printed, {verb} {needed.text(1)}"
    return Reading(f"mean over {n} languages", OPEN, None, words)


def _on_grains(cells: Sequence[LanguageCell]) -> list[Interval] | None:
    """The cells as shares of their items; ``None`` where some cell is none, or its items are not known."""
    fine = []
    for cell in cells:
        found = narrowed(cell.interval, cell.items) if cell.items else None
        if found is None:
            return None
        fine.append(found)
    return fine


def shares_of_items(metric: str) -> bool:
    """Whether scores of a metric are shares of items."""
    return metric in SHARES
