"""Tables with a delimiter: commas, semicolons, tabs or bars, whichever the first line has."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import RecordError
from .text import read_text

if TYPE_CHECKING:
    import pandas as pd


def delimited(usual: str) -> Callable[[Path], pd.DataFrame]:
    """A reader of tables whose delimiter is ``usual``, unless the first line has none of it and has another."""

    def read(path: Path) -> pd.DataFrame:
        import pandas as pd

        text = read_text(path)
        first = next((line for line in text.splitlines() if line.strip()), "")
        table = pd.read_csv(
            io.StringIO(text), sep=_delimiter(first, usual), dtype="str", keep_default_na=False, na_values=[""],
            skip_blank_lines=False, skipinitialspace=True,
        )  # fmt: skip
        if not isinstance(table.index, pd.RangeIndex):  # pandas takes the surplus for row names
            raise RecordError(
                f"'{path.name}', line 2: the row has more cells than the header has columns.",
                "Check the delimiter, and quote cells that contain it.",
            )
        return table

    return read


def _delimiter(line: str, usual: str) -> str:
    bare = "".join(part for i, part in enumerate(line.split('"')) if i % 2 == 0)
    if usual in bare:
        return usual
    return max((usual, *",;\t|"), key=bare.count)
