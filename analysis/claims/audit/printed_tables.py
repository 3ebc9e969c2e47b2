"""Records as they were printed: each score an interval, by the decimals of its block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...languages.codes import AVERAGE
from ...records import bundled as datasets
from ..language.sheet import decimals_of
from ..numbers.intervals import Interval, rounded

if TYPE_CHECKING:
    import pandas as pd

#: Cells of one block are printed alike.
BLOCK = ("study", "target_task", "metric")
#: What the checks read of a record; flags and notes are not among it.
COLUMNS = (
    "study", "source", "model", "method", "intermediate_task", "target_task", "language", "metric", "split",
    "condition", "seed", "score", "n_items",
)  # fmt: skip
#: Beyond this many decimals a figure is computed, not printed: the rest is noise of floating point.
FINEST = 6


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A table of records with, for each score, what it can have been before it was printed.

    ``frame`` has the records with a score: ``COLUMNS``, ``decimals`` (printed) and ``line`` (of the file; the header is
    line 1).
    """

    name: str
    sha256: str
    frame: pd.DataFrame


def printed_block(name: str, sha256: str, records: pd.DataFrame, first_line: int = 2) -> Block:
    """Give every score of a table its interval.

    Tables drop trailing zeros (66 beside 57.3 is 66.0), so that a cell has as many decimals as the most precise one of
    its block; averages over languages or tasks are a block of their own, as papers round them otherwise than cells.
    """
    frame = records.loc[records["score"].notna(), list(COLUMNS)].copy()
    own = frame["score"].map(lambda score: min(FINEST, decimals_of(repr(float(score)).removesuffix(".0"))))
    keys = [frame[column].astype("str").fillna("") for column in BLOCK]
    frame["decimals"] = own.groupby([*keys, frame["language"] == AVERAGE]).transform("max").astype(int)
    frame["line"] = frame.index + first_line
    return Block(name, sha256, frame)


@lru_cache(maxsize=64)
def averages_of(block: Block) -> pd.DataFrame:
    """Its rows that are averages over languages."""
    return block.frame[block.frame["language"] == AVERAGE]


def bundled_blocks(names: Sequence[str] = ()) -> Iterator[Block]:
    """The published sets of records, or those of ``names``."""
    for entry in datasets.published_sets():
        if not names or entry.name in names:
            yield printed_block(entry.name, entry.sha256(), datasets.load(entry.name))


def cell(row: Mapping[Any, Any] | pd.Series) -> Interval:
    """What the score of a row can have been before it was printed."""
    decimals = int(row["decimals"])
    return rounded(f"{row['score']:.{decimals}f}", decimals)


def cells(rows: pd.DataFrame) -> list[Interval]:
    """:func:`cell` of every row."""
    return [cell(row) for row in rows[["score", "decimals"]].to_dict("records")]
