"""Small tables that print the same rows as text, Markdown and HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from .fold import fold, fold_table

# A number whose decimals are all zero is printed with more of them down to here, then with an exponent.
NEAR_ZERO = 1e-4
#: Absolute value from which numbers are printed with an exponent: interval limits with very few degrees of freedom.
HUGE = 1e9


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of strings. Columns in which every cell is a number are right-aligned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = field(default=())

    def _numeric(self, j: int) -> bool:
        cells = [row[j] for row in self.rows if row[j] not in ("", "–", "-")]
        return bool(cells) and all(_is_number(cell) for cell in cells)

    def without_empty(self) -> Table:
        """The table without columns in which no row has anything."""
        return self.without([
            name for j, name in enumerate(self.columns) if all(row[j] in ("", "–") for row in self.rows)
        ])  # fmt: skip

    def without(self, names: Sequence[str]) -> Table:
        """The table without these columns."""
        kept = [j for j, name in enumerate(self.columns) if name not in names]
        rows = tuple(tuple(row[j] for j in kept) for row in self.rows)
        return Table(tuple(self.columns[j] for j in kept), rows, self.title, self.notes)

    def text(self, width: int | None = None) -> str:
        """Plain text, columns two spaces apart; folded where it is wider than ``width``."""
        right = [self._numeric(j) for j in range(len(self.columns))]
        head = [fold(self.title, width)] if self.title else []
        notes = [fold(f"  {note}", width) for note in self.notes]
        return "\n".join([*head, *fold_table(self.columns, self.rows, right, width), *notes])

    def markdown(self) -> str:
        """A Markdown table; the title is a paragraph above it, notes are paragraphs below."""
        marks = ["---:" if self._numeric(j) else ":---" for j in range(len(self.columns))]
        lines = [" | ".join(self.columns), " | ".join(marks), *(" | ".join(row) for row in self.rows)]
        body = "\n".join(f"| {line} |" for line in lines)
        return "\n\n".join([*([f"**{self.title}**"] if self.title else []), body, *self.notes])

    def html(self) -> str:
        """An HTML table with its title as caption."""
        right = [' style="text-align:right"' if self._numeric(j) else "" for j in range(len(self.columns))]
        head = "".join(f"<th{style}>{escape(c)}</th>" for c, style in zip(self.columns, right, strict=True))
        body = "".join(
            "<tr>" + "".join(f"<td{s}>{escape(c)}</td>" for c, s in zip(row, right, strict=True)) + "</tr>"
            for row in self.rows
        )
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def number(value: float | None, digits: int = 3) -> str:
    """A number with ``digits`` decimals; ``–`` where it is missing, ``∞`` where it is unbounded."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    if abs(value) >= HUGE:
        text = f"{value:.1e}"
    elif float(text) == 0.0:
        text = text.replace("-", "")
        if abs(value) >= NEAR_ZERO:  # down to the first non-zero digit
            text = f"{value:.{-math.floor(math.log10(abs(value)))}f}"
        elif value != 0.0:
            text = f"{value:.1e}"
    return text.replace("-", "−", 1) if value < 0 else text


def p_value(value: float) -> str:
    """A p-value as journals print it."""
    if math.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def p_words(value: float) -> str:
    """A p-value as written in a sentence: ``p = 0.045`` or ``p < 0.001``."""
    printed = p_value(value)
    return f"p {printed}" if printed.startswith("<") else f"p = {printed}"


def count(value: int) -> str:
    """An integer with thousands separators."""
    return f"{value:,}"


def magnitude(value: float) -> str:
    """A large number in three digits and a suffix: ``7.1B``, ``560M``, ``20K``."""
    for suffix, unit in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if value >= unit * 0.9995:  # what rounds to 1,000 of a unit is one of the next
            return f"{value / unit:.3g}{suffix}"
    return f"{value:.3g}"


def _is_number(cell: str) -> bool:
    plain = cell.replace("−", "-").replace(",", "").replace("< ", "").replace("∞", "inf").rstrip("%")
    try:
        float(plain)
    except ValueError:
        return False
    return True
