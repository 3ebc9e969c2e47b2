"""The cells of a field: text without blanks around it, numbers within their bounds, or an error that names the cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import RecordError
from .cells import Numbers, parse_column
from .schema import Field
from .understand import MOST_MILLIONS

if TYPE_CHECKING:
    import pandas as pd

#: ``560M``, ``1.3B``.
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KkMmBbTt])\s*")
_MILLIONS = {"k": 1e-3, "m": 1.0, "b": 1e3, "t": 1e6}


class Place:
    """Where the rows of a table were read, for messages.

    Parameters
    ----------
    name, first_line
        Of the file, and the line of its first row.
    positions
        Of each row in the file.
    headings
        The heading over each row's score, where that is not the name of the field.
    """

    def __init__(self, name: str, first_line: int, positions: pd.Index[Any], headings: pd.Series[Any] | None) -> None:
        self.name = name
        self._lines = positions.to_numpy() + first_line
        self._headings = None if headings is None else headings.tolist()

    def line(self, row: int) -> int:
        """Line of the file that a row stands on."""
        return int(self._lines[row])

    def at(self, row: int, field: object) -> str:
        """``scores.csv, line 3, column 'score'``."""
        column = str(self._headings[row]) if field == "score" and self._headings else str(field)
        return f"{self.name}, line {self.line(row)}, column '{column}'"


class Column(NamedTuple):
    """Numbers of a field, whether they had percent signs, and what is to be said of them."""

    values: pd.Series[Any]
    percent: bool
    notices: list[str]


def text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Text with surrounding blanks removed; empty cells become missing."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        whole = column.dropna()
        if len(whole) and (whole == whole.round()).all():  # seeds and sizes read as 1.0, 2.0, …
            return column.map(lambda value: None if pd.isna(value) else str(int(value))).astype("str")
    stripped = column.astype("str").str.strip()
    return stripped.where(stripped != "", None).astype("str")


def numbers(column: pd.Series[Any], item: Field, place: Place) -> Column:
    """The numbers of a field.

    Raises
    ------
    RecordError
        If a cell is none, or out of bounds (of scores, these are checked once they are points).
    """
    import pandas as pd

    percent, notices = False, []
    if not pd.api.types.is_numeric_dtype(column):
        cells = text(column)
        parsed = pd.to_numeric(cells, errors="coerce").astype(float)
        if (cells.notna() & parsed.isna()).any():
            counts = item.name not in ("score", "std_error", "gain")
            found = (_sizes if item.name == "params_m" else parse_column)(cells.tolist(), counts)
            if found.bads:
                raise _not_a_number(column, item, place, found)
            parsed = pd.Series(found.values, index=column.index, dtype=float)
            percent, notices = found.percent, _said(found, item)
        column = parsed
    column = column.astype(float)
    if item.name == "params_m" and column.min() > MOST_MILLIONS:
        column = column / 1e6
        notices.append("'params_m' holds numbers of parameters: divided by a million")
    infinite = column.isin([float("inf"), float("-inf")]).to_numpy()
    if infinite.any():
        raise _cell_error(place, int(infinite.argmax()), item, "infinite", int(infinite.sum()))
    if item.name != "score":
        check_bounds(column, item, place)
    return Column(column, percent, notices)


def _sizes(cells: Sequence[object], thousands: bool) -> Numbers:
    """``560M`` and ``1.3B`` as millions."""
    scaled: list[object] = []
    for cell in cells:
        found = _SIZE.fullmatch(cell) if isinstance(cell, str) else None
        scaled.append(str(float(found[1]) * _MILLIONS[found[2].lower()]) if found else cell)
    return parse_column(scaled, thousands)


def _said(found: Numbers, item: Field) -> list[str]:
    notices = []
    if found.missing:
        written = ", ".join(f"'{word}' ({rows})" for word, rows in found.missing.items())
        notices.append(f"'{item.name}' is missing in {sum(found.missing.values())} cells, written {written}")
    if found.spread:
        notices.append(
            f"what stands behind ± in {found.spread} cells of '{item.name}' is left out: a standard error, or a "
            "deviation over seeds; a column 'std_error' takes the first"
        )
    if found.comma:
        notices.append(f"commas in '{item.name}' are decimal")
    return notices


def _not_a_number(column: pd.Series[Any], item: Field, place: Place, found: Numbers) -> RecordError:
    value = str(column.iloc[found.bad])
    hint = "Leave the percent sign out." if value.rstrip().endswith("%") else ""
    hint = "Use a decimal point." if not hint and "," in value else hint
    return _cell_error(place, found.bad, item, value, found.bads, hint)


def check_bounds(column: pd.Series[Any], item: Field, place: Place) -> None:
    """Refuse a number outside the bounds of its field."""
    low = float("-inf") if item.low is None else item.low
    high = float("inf") if item.high is None else item.high
    outside = ((column < low) | (column > high)).to_numpy()
    if outside.any():
        row = int(outside.argmax())
        raise _cell_error(place, row, item, f"{column.iloc[row]:g}", int(outside.sum()))


def _cell_error(place: Place, row: int, item: Field, value: str, cells: int, hint: str = "") -> RecordError:
    bounds = ""
    if item.low is not None and item.high is not None:
        bounds = f" from {item.low:g} to {item.high:g}"
    elif item.low is not None:
        bounds = f" of at least {item.low:g}"
    more = f" {cells - 1} more cells of this column are wrong as well." if cells > 1 else ""
    expected = f"a number{bounds} ({item.meaning})"
    return RecordError(f"{place.at(row, item.name)}: '{value}' is not {expected}.{more}", hint)
