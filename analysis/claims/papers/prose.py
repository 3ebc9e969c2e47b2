"""Numbers of the prose and the cells or computations that give them.

A match says how many cells or computations give the number: one is a find, many are no evidence. A number that nothing
gives is *not found*, never contradicted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

from .cells import Figure
from .read import Paper
from .tables import PaperTable, is_average, is_delta

_DECIMAL = re.compile(r"(?<![\w.,/:-])[+−-]?(\d+\.\d+)(?![\w.]*\d)(?!\.\d)")
_CONTEXT = 40
#: Cells or computations up to which a match is shown.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ProseFigure:
    """A number in the prose.

    Attributes
    ----------
    printed, line, context
        The number, where it stands, and the words around it.
    given_by
        Cells and computations that give it.
    """

    printed: str
    line: int
    context: str
    given_by: tuple[str, ...]

    @property
    def certainty(self) -> str:
        """``found``, ``found in 7 places`` or ``not found``."""
        if not self.given_by:
            return "not found"
        return "found" if len(self.given_by) == 1 else f"found in {len(self.given_by)} places"


def prose_figures(paper: Paper) -> tuple[ProseFigure, ...]:
    """Every decimal number of the prose."""
    computed = [item for table in paper.tables for item in _computed(table)]
    found = []
    for line, text in paper.prose:
        for match in _DECIMAL.finditer(text):
            around = text[max(0, match.start() - _CONTEXT) : match.end() + _CONTEXT].strip()
            found.append(ProseFigure(match[1], line, around, tuple(_given_by(match[1], paper.tables, computed))))
    return tuple(found)


def _given_by(printed: str, tables: Sequence[PaperTable], computed: Sequence[tuple[Fraction, str]]) -> Iterator[str]:
    decimals = len(printed.partition(".")[2])
    value, half = Fraction(printed), Fraction(1, 2 * 10**decimals)
    exact = [
        f"{table.name}: {table.label(row)}, {table.header[column]}"
        for table in tables
        for row in range(len(table.rows))
        for column in table.columns
        for figure in table.rows[row][column].figures
        if abs(figure.value) == value and figure.decimals == decimals
    ]
    if exact:
        yield from exact
        return
    yield from (words for center, words in computed if value - half <= abs(center) <= value + half)


def _computed(table: PaperTable) -> Iterator[tuple[Fraction, str]]:
    """Means of rows, mean differences of two rows, and differences of two rows in one column."""
    columns = [c for c in table.columns if not is_average(table.header[c]) and not is_delta(table.header[c])]
    rows = [row for row in range(len(table.rows)) if not is_delta(table.label(row))]
    cells: dict[int, dict[int, Figure]] = {
        row: {c: figure for c in columns if (figure := table.figure(row, c)) is not None} for row in rows
    }
    for row in rows:
        if len(cells[row]) > 1:
            yield _mean([f.value for f in cells[row].values()]), f"{table.name}: mean of {table.label(row)}"
    for first, second in permutations(rows, 2):
        shared = [c for c in cells[first] if c in cells[second]]
        gaps = [cells[first][c].value - cells[second][c].value for c in shared]
        if len(gaps) > 1 and _mean(gaps) > 0:
            yield _mean(gaps), f"{table.name}: mean of {table.label(first)} − {table.label(second)}"
        for column, gap in zip(shared, gaps, strict=True):
            if gap > 0:
                yield gap, f"{table.name}: {table.label(first)} − {table.label(second)}, {table.header[column]}"


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)
