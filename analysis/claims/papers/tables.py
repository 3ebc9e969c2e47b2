"""Tables of a paper: a grid of cells, its header, its labels, its blocks of rows, and what its columns are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .cells import Figure, PaperCell

_AVERAGE = re.compile(r"^\W*(?:macro[- ]?)?(?:avg|average|mean|ave|Ø)\W*(?:\(.*\))?$", re.IGNORECASE)
_DELTA = re.compile(r"Δ|\bdelta\b|\bdiff|\bgain|\bimprov|\brel\b", re.IGNORECASE)
_LOWER = re.compile(r"↓|\bperplexity\b|\bppl\b|\berror\b|\bloss\b|\bWER\b|\bCER\b", re.IGNORECASE)
#: A header has at most this share of numbers.
_HEADER = 0.5


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A printed table.

    Attributes
    ----------
    name
        ``table 1`` or the caption's label.
    header
        One text per column; several rows of a header are joined.
    rows
        Cells below the header.
    breaks
        Rows before which a rule is printed.
    labels
        Number of leading columns that name a row.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[PaperCell, ...], ...]
    breaks: frozenset[int] = frozenset()
    labels: int = 1

    def label(self, row: int) -> str:
        """The name of a row."""
        return " ".join(cell.text for cell in self.rows[row][: self.labels] if cell.text).strip() or f"row {row + 1}"

    def line(self, row: int) -> int:
        """Where a row stands."""
        return next((cell.line for cell in self.rows[row] if cell.line), 0)

    def figure(self, row: int, column: int, part: int = 0) -> Figure | None:
        """The number of a cell, or the first or second of a pair."""
        found = self.rows[row][column].figures
        return found[part] if part < len(found) else None

    @property
    def columns(self) -> range:
        """Columns behind the labels."""
        return range(self.labels, len(self.header))

    @property
    def parts(self) -> int:
        """2 where cells hold pairs such as F1/EM."""
        return 2 if any(len(cell.figures) == 2 for row in self.rows for cell in row[self.labels :]) else 1

    def transposed(self) -> PaperTable:
        """Rows as columns; emphasis and places stay with their cells."""
        names = [PaperCell(self.header[column]) for column in self.columns]
        rows = tuple(
            (name, *(row[column] for row in self.rows)) for name, column in zip(names, self.columns, strict=True)
        )
        return PaperTable(self.name, ("", *(self.label(row) for row in range(len(self.rows)))), rows, labels=1)


def scale_notes(table: PaperTable) -> list[str]:
    """What is said of a table in fractions, or of one that mixes them with points."""
    tops = {}
    for row in range(len(table.rows)):
        values = [abs(figure.value) for c in table.columns if (figure := table.figure(row, c)) is not None]
        decimals = [figure.decimals for c in table.columns if (figure := table.figure(row, c)) is not None]
        if values and not is_delta(table.label(row)):
            tops[row] = (max(values), max(decimals))
    small = [row for row, (top, decimals) in tops.items() if top <= 1 and decimals > 1]
    if small and len(small) == len(tops):
        return [f"{table.name}: its figures are fractions, none above {float(max(top for top, _ in tops.values())):g}."]
    if small:
        names = ", ".join(table.label(row) for row in small)
        return [f"{table.name} mixes fractions and points: {names} in fractions."]
    return []


def is_average(text: str) -> bool:
    """Whether a header or label names an average."""
    return bool(_AVERAGE.match(text.strip()))


def is_delta(text: str) -> bool:
    """Whether a header or label names a difference."""
    return bool(_DELTA.search(text))


def lower_is_better(text: str) -> bool:
    """Whether a header says that less is better."""
    return bool(_LOWER.search(text))


@dataclass(slots=True)
class Grid:
    """A table while it is read: rows of cells, and where rules stand."""

    name: str
    rows: list[list[PaperCell]] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)

    def finish(self) -> PaperTable | None:
        """The table with its header and labels told; ``None`` if it has no numbers."""
        width = max((len(row) for row in self.rows), default=0)
        rows = [[*row, *[PaperCell("")] * (width - len(row))] for row in self.rows]
        head = 0
        while head < len(rows) and _share_of_numbers(rows[head]) < _HEADER and not _is_row(rows, head):
            head += 1
        body = [row for row in rows[head:] if any(not cell.blank or cell.text for cell in row)]
        if not body or width < 2 or not any(cell.figures for row in body for cell in row):
            return None
        header = tuple(" ".join(_spread(row, at) for row in rows[:head]).strip() for at in range(width))
        labels = 0
        while labels < width - 1 and _is_label(body, labels, header):
            labels += 1
        kept = [at for at, row in enumerate(rows[head:]) if any(not cell.blank or cell.text for cell in row)]
        breaks = frozenset(at for at, old in enumerate(kept) if old + head in self.breaks)
        return PaperTable(self.name, header, tuple(tuple(row) for row in body), breaks, labels)


def _share_of_numbers(row: Sequence[PaperCell]) -> float:
    filled = [cell for cell in row[1:] if cell.text.strip()]
    return sum(bool(cell.figures) for cell in filled) / len(filled) if filled else 0.0


def _is_row(rows: Sequence[Sequence[PaperCell]], at: int) -> bool:
    """A row of dashes below the header is a row, not a header."""
    return at > 0 and bool(rows[at][0].text) and all(cell.blank for cell in rows[at][1:])


def _spread(row: Sequence[PaperCell], at: int) -> str:
    """A head over several columns stands for each of them."""
    return row[at].text.strip()


def _is_label(body: Sequence[Sequence[PaperCell]], column: int, header: Sequence[str]) -> bool:
    cells = [row[column] for row in body if row[column].text.strip() and not row[column].blank]
    if not cells:
        return True
    return sum(bool(cell.figures) for cell in cells) < len(cells) / 2


def renamed(table: PaperTable, name: str) -> PaperTable:
    """The table under another name."""
    return replace(table, name=name)
