"""Results as JSON values: no NaN, no infinity, no numpy scalar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One object per row of a tidy table."""
    return [single(row) for row in frame.to_dict("records")]


def single(row: Mapping[Any, Any]) -> dict[str, Any]:
    """One object, including nested mappings."""
    return {str(key): plain(value) for key, value in row.items()}


def plain(value: Any) -> Any:
    """One value: numpy scalars unwrapped; NaN and infinities are ``None``."""
    if isinstance(value, Mapping):
        return single(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if type(value).__module__ == "numpy":
        import numpy as np

        value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def dropped_rows(dropped: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Rows left out, in the form of every JSON contract: ``reason`` and ``rows``."""
    return [{"reason": reason, "rows": rows} for reason, rows in dropped]
