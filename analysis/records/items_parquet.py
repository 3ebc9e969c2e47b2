"""A sweep in one Parquet file: its records, and beside each score the results of the single items behind it.

``correct`` holds one bit an item as in a store, ``n_items`` says how many; where a metric does not judge items it is
empty. Read, the column gives way to ``items``, by which :func:`analysis.store.layout.item_results` finds the results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import RecordError
from ..store.layout import item_results, keep_items

if TYPE_CHECKING:
    import pandas as pd

CORRECT = "correct"


def attach_items(frame: pd.DataFrame) -> pd.DataFrame:
    """Records with the hash of their results by item in place of the results; a table without these is returned as is.

    Raises
    ------
    RecordError
        If a score has another number of bits than of items.
    """
    import pandas as pd

    if not {CORRECT, "cell"} <= set(frame.columns):
        return frame
    found: list[str | None] = []
    for row, (metric, items, correct) in enumerate(
        zip(frame["metric"], frame["n_items"], frame[CORRECT], strict=True), start=1
    ):
        if not isinstance(correct, bytes):
            found.append(None)
            continue
        if not items > 0 or len(correct) != (int(items) + 7) // 8:
            raise RecordError(
                f"row {row} has {8 * len(correct)} bits of results by item for {items:g} items.",
                "The column 'correct' holds one bit for each of 'n_items', filled up to whole bytes.",
            )
        found.append(keep_items(str(metric), int(items), correct))
    return frame.drop(columns=CORRECT).assign(items=pd.Series(found, index=frame.index, dtype="str"))


def detach_items(frame: pd.DataFrame) -> pd.DataFrame:
    """The reverse: records with their results by item, as long as those were read in this process."""
    import numpy as np
    import pandas as pd

    packed = []
    for name, metric in zip(frame["items"], frame["metric"], strict=True):
        right = item_results(name, str(metric)) if isinstance(name, str) else None
        packed.append(None if right is None else np.packbits(right).tobytes())
    return frame.drop(columns="items").assign(correct=pd.Series(packed, index=frame.index, dtype=object))
