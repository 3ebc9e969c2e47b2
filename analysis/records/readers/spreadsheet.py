"""Workbooks: XLSX, ODS and older kinds, through the package ``python-calamine``."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import RecordError
from .grid import from_rows

if TYPE_CHECKING:
    import pandas as pd


def read(path: Path) -> pd.DataFrame:
    """The first sheet that holds a table.

    Raises
    ------
    RecordError
        If the package is not installed, or no sheet has two rows.
    """
    try:
        from python_calamine import CalamineWorkbook
    except ImportError as error:
        raise RecordError(f"'{path.name}' needs the package python-calamine.", "pip install python-calamine") from error
    book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        filled = [row for row in rows if any(str(cell).strip() for cell in row)]
        if len(filled) > 1:
            return from_rows([[_text(cell) for cell in row] for row in rows])
    raise RecordError(f"'{path.name}' has no sheet with a table.")


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime.date, datetime.datetime)):
        return cell.isoformat()
    return str(cell)
