"""Tidy frames as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One object a row; NaN and infinities are ``None``."""
    return [single(row) for row in frame.to_dict("records")]


def single(row: Mapping[Any, Any]) -> dict[str, Any]:
    """One object; numpy scalars unwrapped, NaN and infinities ``None``."""
    return {str(key): _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return bool(value) if isinstance(value, np.bool_) else value
