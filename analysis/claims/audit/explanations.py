"""Why an average may not fit its cells: each explanation is computed from the tables, none is a list of misprints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ...languages.codes import AVERAGE
from ..numbers.intervals import Interval, mean, rounded
from ..verdicts import Reading
from .printed_tables import Block, cell
from .printed_tables import cells as intervals

if TYPE_CHECKING:
    import pandas as pd

#: What makes two rows of different tables the same score.
SAME = ("model", "method", "target_task", "metric", "split", "language")


def explain(
    block: Block, row: pd.Series, cells: pd.DataFrame, reading: Reading, blocks: Sequence[Block]
) -> Iterator[str]:
    """What a reader would look at, for an average that no reading gives."""
    if reading.recomputed is None:
        return
    if (cells["language"] == AVERAGE).all():
        return
    yield from _exchanged_averages(block, row, cells)
    yield from _other_prints(row, cells, blocks)
    yield from _exchanged_digits(row, cells)


def _exchanged_averages(block: Block, row: pd.Series, cells: pd.DataFrame) -> Iterator[str]:
    """Another row of the table whose printed average fits these cells, as this one's fits its cells."""
    frame = block.frame
    alike = frame[
        (frame["language"] == AVERAGE)
        & (frame["target_task"] == row["target_task"])
        & (frame["metric"] == row["metric"])
        & (frame.index != row.name)
    ]
    own = mean(intervals(cells))
    for _, other in alike.iterrows():
        theirs = _of_row(frame, other)
        if len(theirs) < 2 or mean(intervals(theirs)).meets(cell(other)):
            continue
        if own.meets(cell(other)) and mean(intervals(theirs)).meets(cell(row)):
            yield (
                f"these cells fit the average of {other['model']} (line {other['line']}), and its cells fit this one: "
                "the two averages are exchanged"
            )


def _other_prints(row: pd.Series, cells: pd.DataFrame, blocks: Sequence[Block]) -> Iterator[str]:
    """A cell that another table prints differently, such that its figure reconciles cells and average."""
    tables = [(other.name, frame) for other in blocks if not (frame := _of_row(other.frame, row)).empty]
    for index, mine in cells.iterrows():
        figures: dict[float, list[str]] = {}
        for name, frame in tables:
            same = frame[frame["language"] == mine["language"]]
            for _, theirs in same.iterrows():
                if not cell(theirs).overlaps(cell(mine)) and _reconciles(row, cells, index, cell(theirs)):
                    figures.setdefault(float(theirs["score"]), []).append(f"{name}, line {theirs['line']}")
        for figure, places in figures.items():
            yield (
                f"{mine['language']} is {mine['score']:g} here (line {mine['line']}) and {figure:g} in "
                f"{' and '.join(places)}, with which the average holds"
            )


def _exchanged_digits(row: pd.Series, cells: pd.DataFrame) -> Iterator[str]:
    """A cell two of whose neighbouring digits, exchanged, reconcile cells and average."""
    for index, mine in cells.iterrows():
        text = f"{mine['score']:.{mine['decimals']}f}"
        for other in _exchanges(text):
            if _reconciles(row, cells, index, rounded(other, int(mine["decimals"]))):
                yield f"{mine['language']} (line {mine['line']}) read as {other} in place of {text} makes it hold"


def _exchanges(text: str) -> Iterator[str]:
    digits = [i for i, character in enumerate(text) if character.isdigit()]
    for a, b in pairwise(digits):
        if text[a] != text[b]:
            changed = list(text)
            changed[a], changed[b] = changed[b], changed[a]
            if changed[0] != "0" and float("".join(changed)) <= 100:
                yield "".join(changed)


def _of_row(frame: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    """Cells of the row's model, method, task, metric and split in some table."""
    near = frame[frame["model"] == row["model"]]
    return near[_same(near, row, [c for c in SAME if c != "language"]) & near["language"].ne(AVERAGE)]


def _reconciles(row: pd.Series, cells: pd.DataFrame, index: object, figure: Interval) -> bool:
    changed = [figure if i == index else item for i, item in zip(cells.index, intervals(cells), strict=True)]
    return mean(changed).meets(cell(row))


def _same(frame: pd.DataFrame, row: pd.Series, columns: Sequence[str]) -> pd.Series:
    import pandas as pd

    same = pd.Series(True, index=frame.index)
    for column in columns:
        same &= frame[column].fillna("") == (row[column] if isinstance(row[column], str) else "")
    return same
