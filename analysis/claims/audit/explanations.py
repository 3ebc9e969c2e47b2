"""The best explanation of an average that does not fit its cells, computed from the tables.

Only the first that fits is given: an exchange of rows, which settles two averages at once; another set of languages
(with or without English, one or two left out); another metric's or split's column; a cell that another table prints
otherwise; one digit. A set of languages that alone of many fits is a finding; where several fit, it is chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from ...languages.codes import AVERAGE
from ..fit import printed_as
from ..numbers.intervals import Interval, mean, rounded
from ..verdicts import Reading
from .printed_tables import Block, cell
from .printed_tables import cells as intervals

if TYPE_CHECKING:
    import pandas as pd

#: What makes two rows of different tables the same score; seeds and splits that are not named are others.
SAME = ("model", "method", "intermediate_task", "target_task", "metric", "split", "condition", "seed", "language")
#: Languages from which a set without some of them is still an average of the rest.
_FEWEST = 4
_SOURCE = "eng"
_DIGITS_SHOWN = 3


def explain(block: Block, row: pd.Series, cells: pd.DataFrame, reading: Reading, blocks: Sequence[Block]) -> str:
    """The best explanation, or an empty string."""
    if reading.recomputed is None or cells.empty or (cells["language"] == AVERAGE).all():
        return ""
    tried: tuple[Callable[[], str], ...] = (
        lambda: _exchanged_averages(block, row, cells),
        lambda: _other_languages(row, cells),
        lambda: _other_column(block, row),
        lambda: _other_print(row, cells, blocks),
        lambda: _one_digit(row, cells),
    )
    return next((found for attempt in tried if (found := attempt())), "")


def _fits(values: Sequence[Interval], claimed: Interval) -> bool:
    """Whether the cells as printed give the average."""
    return printed_as(mean(values).center, claimed)


def _other_languages(row: pd.Series, cells: pd.DataFrame) -> str:
    """Another set of languages: without English, without one, without two."""
    claimed, languages = cell(row), list(cells["language"])
    values = dict(zip(range(len(languages)), intervals(cells), strict=True))
    without = [[at for at in values if languages[at] == _SOURCE]]
    if without[0] and len(values) > len(without[0]):
        rest = [value for at, value in values.items() if at not in without[0]]
        if _fits(rest, claimed):
            return f"it would be the mean without {_SOURCE}"
    if _fits(list(values.values()), claimed):
        return f"it would be the mean over all {len(values)} languages"
    if len(values) < _FEWEST:
        return ""
    for number in (1, 2):
        found = [left for left in combinations(values, number)
                 if _fits([value for at, value in values.items() if at not in left], claimed)]  # fmt: skip
        if len(found) == 1:
            return f"it would be the mean without {' and '.join(languages[at] for at in found[0])}"
    return ""


def _other_column(block: Block, row: pd.Series) -> str:
    """The same row's cells by another metric, or in another split."""
    frame = block.frame
    for column in ("metric", "split"):
        rest = [name for name in SAME if name not in (column, "language")]
        near = frame[_same(frame, row, rest) & frame["language"].ne(AVERAGE)]
        for name, cells in near.groupby(column):
            if name != row[column] and len(cells) > 1 and _fits(intervals(cells), cell(row)):
                return f"it would be the mean of the row's {name} ({column}), lines {_lines(cells)}"
    return ""


def _exchanged_averages(block: Block, row: pd.Series, cells: pd.DataFrame) -> str:
    """Another row of the table whose printed average fits these cells, as this one's fits its cells."""
    frame = block.frame
    alike = frame[(frame["language"] == AVERAGE) & (frame.index != row.name)
                  & _same(frame, row, ("target_task", "metric", "split"))]  # fmt: skip
    own = intervals(cells)
    for _, other in alike.iterrows():
        theirs = _of_row(frame, other)
        if len(theirs) < 2 or cell(other) == cell(row):
            continue
        if _fits(own, cell(other)) and _fits(intervals(theirs), cell(row)):
            return (
                f"these cells fit the average of {other['model']} (line {other['line']}), and its cells fit this one: "
                "the two averages, or the cells of the two rows, are exchanged"
            )
    return ""


def _other_print(row: pd.Series, cells: pd.DataFrame, blocks: Sequence[Block]) -> str:
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
            return (
                f"{mine['language']} is {mine['score']:g} here (line {mine['line']}) and {figure:g} in "
                f"{' and '.join(places)}, with which the average holds"
            )
    return ""


def _one_digit(row: pd.Series, cells: pd.DataFrame) -> str:
    """Two neighbouring digits, of the average or of a cell, that reconcile them once they are exchanged."""
    decimals = int(row["decimals"])
    text = f"{row['score']:.{decimals}f}"
    for other in _exchanges(text):
        if _fits(intervals(cells), rounded(other, decimals)):
            return f"the average read as {other} in place of {text} makes it hold"
    found = []
    for index, mine in cells.iterrows():
        text = f"{mine['score']:.{mine['decimals']}f}"
        for other in _exchanges(text):
            if _reconciles(row, cells, index, rounded(other, int(mine["decimals"]))):
                found.append(f"{mine['language']} (line {mine['line']}) read as {other} in place of {text}")
    if not found:
        return ""
    rest = len(found) - _DIGITS_SHOWN
    more = f" or {rest} other exchanges of two digits" if rest > 0 else ""
    return f"{' or '.join(found[:_DIGITS_SHOWN])}{more} makes it hold"


def _lines(cells: pd.DataFrame) -> str:
    return f"{cells['line'].min()}–{cells['line'].max()}"


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
    return _fits(changed, cell(row))


def _same(frame: pd.DataFrame, row: pd.Series, columns: Sequence[str]) -> pd.Series:
    import pandas as pd

    same = pd.Series(True, index=frame.index)
    for column in columns:
        wanted = row[column]
        same &= frame[column].isna() if pd.isna(wanted) else frame[column] == wanted
    return same
