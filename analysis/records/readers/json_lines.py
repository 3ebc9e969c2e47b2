"""One JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import RecordError
from .text import read_text

if TYPE_CHECKING:
    import pandas as pd


def objects(path: Path) -> list[dict[str, Any]]:
    """The objects of a file.

    Raises
    ------
    RecordError
        With the line that holds something else.
    """
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise RecordError(f"'{path.name}', line {number}: not JSON ({error.msg}).") from error
        if not isinstance(row, dict):
            raise RecordError(f"'{path.name}', line {number}: expected an object, found {type(row).__name__}.")
        rows.append(row)
    return rows


def read(path: Path) -> pd.DataFrame:
    """A table of the objects."""
    import pandas as pd

    return pd.DataFrame(objects(path))
