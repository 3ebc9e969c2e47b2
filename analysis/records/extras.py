"""Columns of the user's own: numbers are numbers, whatever the format of the file."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..core.missing import is_missing

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the store: names of things, which may consist of digits.
IDENTITIES = frozenset(
    {"cell", "items", "correct", "run", "control", "baseline_run", "baseline_cell", "baseline_items"}
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRUTH = {"true": True, "false": False}


def typed(frame: pd.DataFrame, fields: Collection[str]) -> pd.DataFrame:
    """The table with its other columns as numbers or truth values where every cell is one.

    A column of text becomes one of numbers unless a number has leading zeros (``007`` is a name). Whole numbers without
    gaps stay whole. CSV, Parquet and data frames then give the same.
    """
    own = [column for column in frame.columns if column not in fields and column not in IDENTITIES]
    return frame.assign(**{str(column): _typed(frame[column]) for column in own}) if own else frame


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
    if isinstance(column.dtype, pd.CategoricalDtype):
        column, kind = column.astype(object), "O"
    if kind == "M":
        return column.map(lambda value: None if pd.isna(value) else value.isoformat()).astype("str")
    if pd.api.types.is_bool_dtype(column) and not column.isna().any():
        return column.astype(bool)
    if kind in "iuf" and pd.api.types.is_numeric_dtype(column):
        return _numbers(column)
    cells = column.tolist()
    given = [cell for cell in cells if not _missing(cell)]
    if given and all(isinstance(cell, bool) for cell in given) and len(given) == len(cells):
        return column.astype(bool)
    if not all(isinstance(cell, (str, int, float)) for cell in given):
        return column
    texts = [str(cell).strip() for cell in given]
    if texts and all(text.casefold() in _TRUTH for text in texts) and len(given) == len(cells):
        return column.map(lambda cell: _TRUTH[str(cell).strip().casefold()]).astype(bool)
    if texts and all(_is_number(text) for text in texts):
        return _numbers(column.map(lambda cell: None if _missing(cell) else float(str(cell).strip())))
    return column.map(lambda cell: None if cell is None or cell != cell or not str(cell).strip() else str(cell).strip(),
                      na_action="ignore").astype("str")  # fmt: skip


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    floats = column.astype("float64")
    whole = floats.notna().all() and (floats == floats.round()).all() and (floats.abs() < 2**53).all()
    return floats.astype("int64") if whole else floats


def _is_number(text: str) -> bool:
    if not _NUMBER.fullmatch(text):
        return False
    digits = text.lstrip("+-")
    return not (len(digits) > 1 and digits[0] == "0" and digits[1].isdigit())


def _missing(cell: object) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and is_missing(cell))
