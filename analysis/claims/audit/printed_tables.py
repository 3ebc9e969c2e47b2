"""Records as they were printed: each score an interval, by the decimals of its block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...languages.codes import AVERAGE
from ...records import bundled as datasets
from ..numbers.intervals import Interval, rounded

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: Cells of one block are printed alike.
BLOCK = ("study", "target_task", "metric")
#: What tells rows of one block apart.
ROW = ("model", "method", "intermediate_task", "condition", "seed")
#: What the checks read of a record; flags and notes are not among it.
COLUMNS = (
    "study", "source", "model", "method", "intermediate_task", "target_task", "language", "metric", "split",
    "condition", "seed", "score", "n_items",
)  # fmt: skip
#: Beyond this many decimals a figure is computed, not printed: the rest is noise of floating point.
FINEST = 6
#: Differences of floating point that are none in print.
NOISE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A table of records with, for each score, what it can have been before it was printed.

    ``frame`` has the records with a score: ``COLUMNS``, ``decimals`` (printed) and ``line`` (of the file; the header is
    line 1). ``blank`` has those whose score is not printed, and ``notices`` say what was converted on reading.
    """

    name: str
    sha256: str
    frame: pd.DataFrame
    blank: pd.DataFrame
    notices: tuple[str, ...] = ()


def printed_block(
    name: str, sha256: str, records: pd.DataFrame, first_line: int = 2, notices: Sequence[str] = ()
) -> Block:
    """Give every score of a table its interval.

    Tables drop trailing zeros (66 beside 57.3 is 66.0), so that a cell has as many decimals as the most precise one of
    its block; averages over languages or tasks are a block of their own, as papers round them otherwise than cells.
    """
    every = records[list(COLUMNS)].assign(line=records.index + first_line)
    printed = every["score"].notna()
    import pandas as pd

    frame, said = _in_points(every[printed].copy())
    own = decimals_of_scores(frame["score"].to_numpy(dtype=float))
    keys = [frame[column].astype("str").fillna("") for column in BLOCK]
    most = pd.Series(own, index=frame.index).groupby([*keys, frame["language"] == AVERAGE]).transform("max")
    frame["decimals"] = most.astype(int)
    return Block(name, sha256, frame, every[~printed], (*notices, *said))


def _in_points(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Rows of fractions in a table of points, as points; each is named.

    Such a row never exceeds 1, and has two decimals more than the others: 0.751 beside 75.4. Without that
    it may as well be of a model that fails.
    """
    import pandas as pd

    keys = [*BLOCK, *ROW]
    row = frame.groupby(keys, dropna=False, sort=False)["score"]
    small = (row.transform("max") <= 1) & (row.transform("min") >= 0) & (row.transform("size") > 1)
    if not small.any() or small.all():
        return frame, []
    own = pd.Series(decimals_of_scores(frame["score"].to_numpy(dtype=float)), index=frame.index)
    others = own.where(~small, -1).groupby([frame[column] for column in BLOCK], dropna=False).transform("max")
    finest = own.groupby([frame[column] for column in keys], dropna=False).transform("max")
    fractions = small & (others >= 0) & (finest == others + 2)
    if not fractions.any():
        return frame, []
    said = []
    for (*_, model, method, _, _, _), rows in frame[fractions].groupby(keys, dropna=False, sort=False):
        name = " ".join(word for word in (model, method) if isinstance(word, str)) or "a row"
        said.append(
            f"the table mixes fractions and points: {name}, lines {rows['line'].min()}–{rows['line'].max()}, is in "
            "fractions, read as points"
        )
    frame.loc[fractions, "score"] *= 100.0
    return frame, said


def decimals_of_scores(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Decimals that each score was printed with, its trailing zeros dropped.

    A fraction that was printed as 0.751 is 75.10000000000001 in points: the noise of floating point is no decimal.
    """
    import numpy as np

    found = np.full(scores.shape, FINEST)
    for decimals in range(FINEST - 1, -1, -1):
        found[np.abs(np.round(scores, decimals) - scores) < NOISE] = decimals
    return found


@lru_cache(maxsize=64)
def averages_of(block: Block) -> pd.DataFrame:
    """Its rows that are averages over languages."""
    return block.frame[block.frame["language"] == AVERAGE]


def bundled_blocks(names: Sequence[str] = ()) -> Iterator[Block]:
    """The default sets of published records, or those of ``names``."""
    for entry in datasets.published_sets():
        if entry.name in names or not (names or entry.apart):
            yield printed_block(entry.name, entry.sha256(), datasets.load(entry.name))


def cell(row: Mapping[Any, Any] | pd.Series) -> Interval:
    """What the score of a row can have been before it was printed."""
    decimals = int(row["decimals"])
    return rounded(f"{row['score']:.{decimals}f}", decimals)


def cells(rows: pd.DataFrame) -> list[Interval]:
    """:func:`cell` of every row."""
    return [cell(row) for row in rows[["score", "decimals"]].to_dict("records")]
