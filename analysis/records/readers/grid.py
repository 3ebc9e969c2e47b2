"""A table from rows of cells, the first of which holds the headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def from_rows(rows: Sequence[Sequence[str | None]]) -> pd.DataFrame:
    """Rows filled up to one width; headings that stand twice are told apart as pandas does, ``f1``, ``f1.1``."""
    import pandas as pd

    width = max((len(row) for row in rows), default=0)
    filled = [[*row, *[None] * (width - len(row))] for row in rows]
    names: list[str] = []
    for i, name in enumerate(filled[0] if filled else []):
        own = (name or "").strip() or f"Unnamed: {i}"
        count = sum(other == own or other.startswith(f"{own}.") for other in names)
        names.append(f"{own}.{count}" if own in names else own)
    body = [[cell if cell is None or cell.strip() else None for cell in row] for row in filled[1:]]
    return pd.DataFrame(body, columns=names, dtype=object)
