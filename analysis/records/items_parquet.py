"""A sweep in one Parquet file: its records, and beside each score the results of the single items behind it.

``correct`` holds one bit an item as in a store, ``n_items`` says how many; where a metric does not judge items it is
empty. Read, the column gives way to ``items``, which has them as :class:`~analysis.store.items.ItemResults`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import RecordError
from ..store.items import ItemResults, pack

if TYPE_CHECKING:
    import pandas as pd

CORRECT = "correct"


def attach_items(frame: pd.DataFrame) -> pd.DataFrame:
    """Records with their results by item as values of ``items``; a table without these is returned as it is.

    Raises
    ------
    RecordError
        If a score has another number of bits than of items.
    """
    import pandas as pd

    if not {CORRECT, "cell"} <= set(frame.columns):
        return frame
    found: list[ItemResults | None] = []
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
        found.append(ItemResults.of_bits(str(metric), int(items), correct))
    return frame.drop(columns=CORRECT).assign(items=pd.Series(found, index=frame.index, dtype=object))


def detach_items(frame: pd.DataFrame) -> pd.DataFrame:
    """The reverse: records with the bits of their results by item."""
    import pandas as pd

    packed = []
    for items, metric in zip(frame["items"], frame["metric"], strict=True):
        right = items.correct(str(metric)) if isinstance(items, ItemResults) else None
        packed.append(None if right is None else pack(right))
    return frame.drop(columns="items").assign(correct=pd.Series(packed, index=frame.index, dtype=object))
