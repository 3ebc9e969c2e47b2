"""Parquet, and Arrow files (Feather)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from .text import read_bytes

if TYPE_CHECKING:
    import pandas as pd


def parquet(path: Path) -> pd.DataFrame:
    """A Parquet file."""
    import pandas as pd

    return pd.read_parquet(path)


def arrow(path: Path) -> pd.DataFrame:
    """An Arrow file or stream."""
    import pyarrow as pa

    content = read_bytes(path)
    try:
        return pa.ipc.open_file(io.BytesIO(content)).read_all().to_pandas()
    except pa.ArrowInvalid:
        return pa.ipc.open_stream(io.BytesIO(content)).read_all().to_pandas()
