"""Tables in HTML, with cells that reach over rows and columns."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import RecordError
from ..cells import plain
from .grid import from_rows
from .text import read_text

if TYPE_CHECKING:
    import pandas as pd


def read(path: Path) -> pd.DataFrame:
    """The first table of the file that has two rows.

    Raises
    ------
    RecordError
        If there is none.
    """
    parser = _Tables()
    parser.feed(read_text(path))
    parser.close()
    for table in parser.tables:
        if len(table) > 1:
            return from_rows(table)
    raise RecordError(f"'{path.name}' has no HTML table.")


class _Tables(HTMLParser):
    """Collects the rows of every table."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._below: dict[int, tuple[int, str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
            self._below = {}
        elif tag == "tr" and self.tables:
            self._end_cell()
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._end_cell()
            if not self.tables[-1]:
                self.tables[-1].append([])
            given = dict(attrs)
            self._cell, self._span = [], (_whole(given.get("rowspan")), _whole(given.get("colspan")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()
            if tag == "tr" and self.tables and self.tables[-1]:
                self._from_above(len(self.tables[-1][-1]))

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        row, text = self.tables[-1][-1], plain(" ".join("".join(self._cell).split()))
        self._from_above(len(row))
        for _ in range(self._span[1]):
            if self._span[0] > 1:
                self._below[len(row)] = (self._span[0] - 1, text)
            row.append(text)
        self._cell = None

    def _from_above(self, at: int) -> None:
        row = self.tables[-1][-1]
        while self._below.get(at, (0, ""))[0] > 0 and len(self.tables[-1]) > 1 and at == len(row):
            left, text = self._below[at]
            self._below[at] = (left - 1, text)
            row.append(text)
            at += 1


def _whole(text: str | None) -> int:
    return min(int(text), 200) if text and text.isdigit() and int(text) else 1
