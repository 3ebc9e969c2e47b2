"""A table as a program reads it, from one as people keep it: headings in one row, no empty rows and columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans
from ..core.errors import RecordError
from .cells import looks_numeric

if TYPE_CHECKING:
    import pandas as pd

#: How pandas calls a column without a heading.
_NAMELESS = re.compile(r"Unnamed: \d+(_level_\d+)?|column \d+|")


def tidy(raw: pd.DataFrame) -> pd.DataFrame:
    """Headings without blanks around them and in one row; rows and nameless columns without any cell left out.

    The index is the position that a row had.
    """
    import pandas as pd

    frame = raw.reset_index(drop=True)
    if isinstance(frame.columns, pd.MultiIndex):
        frame.columns = pd.Index([" / ".join(_levels(column)) for column in frame.columns])
    frame.columns = pd.Index([str(column).replace("\ufeff", "").strip() for column in frame.columns])
    frame = _one_row_of_headings(frame)
    empty = [_empty(frame.iloc[:, i]) for i in range(len(frame.columns))]
    keep = [not (_nameless(name) and bool(empty[i].all())) for i, name in enumerate(frame.columns)]
    frame = frame.loc[:, keep]
    blank = [gone for gone, kept in zip(empty, keep, strict=True) if kept]
    return frame[~np.logical_and.reduce(blank)] if blank and len(frame) else frame


def _empty(column: pd.Series[Any]) -> Booleans:
    """Cells without anything but blanks."""
    missing = column.isna().to_numpy(dtype=bool)
    if column.dtype.kind in "OUT" or str(column.dtype) in ("str", "string"):
        missing = missing | column.map(_blank).to_numpy(dtype=bool)
    return np.asarray(missing, dtype=bool)


def refuse_nul(frame: pd.DataFrame, name: str, first_line: int) -> None:
    """Refuse bytes that are zero: no text has them, and libraries cut there.

    Raises
    ------
    RecordError
        With row and column of the first.
    """
    for i, column in enumerate(frame.columns):
        if "\x00" in str(column):
            raise RecordError(
                f"{name}: the heading of column {i + 1} has a NUL byte.", "Write the file again as UTF-8."
            )
        if frame.dtypes.iloc[i].kind not in "OUT" and str(frame.dtypes.iloc[i]) not in ("str", "string", "category"):
            continue
        cells = frame.iloc[:, i]
        hit = cells.map(lambda cell: isinstance(cell, str) and "\x00" in cell).to_numpy(dtype=bool)
        if hit.any():
            line = first_line + int(frame.index[int(hit.argmax())])
            raise RecordError(
                f"{name}, line {line}, column '{column}' has a NUL byte ({int(hit.sum())} cells).",
                "The file is damaged, or UTF-16 that was taken for UTF-8: write it again as UTF-8.",
            )


def _levels(column: Any) -> list[str]:
    return [str(part) for part in column if part is not None and not _nameless(str(part))]


def _nameless(name: str) -> bool:
    return bool(_NAMELESS.fullmatch(name))


def _blank(cell: object) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _one_row_of_headings(frame: pd.DataFrame) -> pd.DataFrame:
    """Join a second row of headings (languages under tasks) to the first, whose cells reach over several columns."""
    import pandas as pd

    if len(frame) < 2 or not any(_nameless(name) or re.search(r"\.\d+$", name) for name in frame.columns):
        return frame
    second = ["" if cell is None or cell != cell else str(cell).strip() for cell in frame.iloc[0]]
    under = [i for i, cell in enumerate(second) if cell]
    body = frame.iloc[1:]
    if len(under) < 2 or looks_numeric(second) or not all(looks_numeric(body.iloc[:, i]) for i in under[-2:]):
        return frame
    names, above = [], ""
    for i, name in enumerate(frame.columns):
        own = "" if _nameless(name) else re.sub(r"\.\d+$", "", name)
        above = own or above
        parts = dict.fromkeys(filter(None, (above if second[i] else own, second[i])))  # once, if it is in both rows
        names.append(" / ".join(parts))
    joined = body.copy()
    joined.columns = pd.Index(names)
    return joined
