"""Results of harnesses: which one wrote a file, and its reader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .harness import read_harness

if TYPE_CHECKING:
    import pandas as pd

    #: Rows, line of the first, and what to say.
    Found = tuple[pd.DataFrame, int, tuple[str, ...]]


def read_results(path: Path) -> Found:
    """Read one file of results."""
    results = read_harness(path)
    return results.rows, 1, results.notices
