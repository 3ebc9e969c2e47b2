"""Averages over languages of one table of records: the cells of each, its table's definition, its readings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...languages.codes import AVERAGE
from ..verdicts import FAILS, Reading
from .definitions import UNITS, AverageOfCells, LanguageCell, choose, readings, shares_of_items
from .printed_tables import Block, cell
from .truncation import truncated

if TYPE_CHECKING:
    import pandas as pd

#: What the cells of an average share with it; a seed only where the average names one.
GROUP = (
    "study", "source", "model", "method", "intermediate_task", "target_task", "metric", "split", "condition",
)  # fmt: skip
#: What averages share that use one definition.
TABLE = ("study", "source", "target_task", "metric", "split")
#: A language that more than this share of a table's rows have is missing from the others.
_USUAL = 0.5
#: Why an average that fits cutting only is contradicted.
CUT = "cut off, not rounded, as the averages of this table are"


@dataclass(frozen=True, slots=True)
class LanguageAverage:
    """The readings of one average and the lines of its cells."""

    readings: tuple[Reading, ...]
    lines: tuple[int, ...]


def averages_over_languages(block: Block, printed: pd.DataFrame) -> dict[Hashable, LanguageAverage]:
    """The readings of each row of ``printed``, by its index."""
    known = _cells_of(block, printed)
    found: dict[Hashable, LanguageAverage] = {}
    for _, table in printed.groupby(list(TABLE), dropna=False, sort=False):
        averages = _with_missing([known[index] for index in table.index])
        definition = choose(averages)
        read = [readings(average, definition) for average in averages]
        for at in truncated(averages, [_deciding(items) for items in read]):
            read[at] = [replace(_deciding(read[at]), status=FAILS, needs=CUT, chance=None)]
        for index, average, items in zip(table.index, averages, read, strict=True):
            lines = tuple(sorted(item.line for item in average.cells))
            found[index] = LanguageAverage(tuple(items), lines)
    return found


def _deciding(items: Sequence[Reading]) -> Reading:
    """The reading by the table's definition."""
    return next((item for item in items if item.status != FAILS), items[0])


def _cells_of(block: Block, printed: pd.DataFrame) -> dict[Hashable, AverageOfCells]:
    """The cells of each average."""
    import numpy as np
    import pandas as pd

    cells = block.frame[block.frame["language"] != AVERAGE]
    every = pd.concat([printed, cells, block.blank])
    numbers = [int(number) for number in every.groupby(list(GROUP), dropna=False, sort=False).ngroup()]
    own, blank = numbers[len(printed) : len(printed) + len(cells)], numbers[len(printed) + len(cells) :]
    members, blanks = _members(own), _members(blank)
    scores = np.rint(cells["score"].to_numpy(dtype=float) * UNITS).astype(np.int64)
    halves = UNITS // 2 // 10 ** cells["decimals"].to_numpy(dtype=np.int64)
    items = cells["n_items"].to_numpy(dtype=float, na_value=np.nan)
    seeds, languages, lines = list(cells["seed"]), list(cells["language"]), list(cells["line"])
    blank_languages = list(block.blank["language"])
    found: dict[Hashable, AverageOfCells] = {}
    for number, (index, row) in zip(numbers, printed.iterrows(), strict=False):
        at = [i for i in members.get(number, ()) if pd.isna(row["seed"]) or seeds[i] == row["seed"]]
        found[index] = AverageOfCells(
            cell(row),
            tuple(
                LanguageCell(languages[i], int(scores[i]), int(halves[i]), int(lines[i]),
                             None if np.isnan(items[i]) else int(items[i]))
                for i in at
            ),
            tuple(dict.fromkeys(blank_languages[i] for i in blanks.get(number, ()))),
            shares_of_items(str(row["metric"])),
        )  # fmt: skip
    return found


def _members(numbers: Sequence[int]) -> Mapping[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for position, number in enumerate(numbers):
        found[number].append(position)
    return found


def _with_missing(averages: Sequence[AverageOfCells]) -> list[AverageOfCells]:
    """Each with the languages that it lacks: blank, or printed in most other rows of the table."""
    rows = [average for average in averages if average.cells]
    usual = Counter(language for average in rows for language in {item.language for item in average.cells})
    expected = [language for language, count in usual.items() if count > _USUAL * len(rows)]
    found = []
    for average in averages:
        printed = {item.language for item in average.cells}
        lacking = dict.fromkeys([*average.missing, *expected])
        found.append(replace(average, missing=tuple(name for name in lacking if name not in printed)))
    return found
