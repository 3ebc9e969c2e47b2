"""Printed averages against the mean of the cells printed beside them, under every defensible reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...languages.codes import AVERAGE
from ...outcomes.pairing import SHARES
from ..numbers.grim import narrowed
from ..numbers.intervals import Interval, mean, total
from ..verdicts import FAILS, NO_DATA, OPEN, Reading, verdict_of
from .explanations import explain
from .printed_tables import Block, averages_of, bundled_blocks, cell
from .printed_tables import cells as intervals
from .task_averages import aggregate_readings, is_aggregate, judged

if TYPE_CHECKING:
    import pandas as pd

#: What the cells of an average share with it.
GROUP = (
    "study", "source", "model", "method", "intermediate_task", "target_task", "metric", "split", "condition", "seed",
)  # fmt: skip
SOURCE = "eng"


@dataclass(frozen=True, slots=True)
class PrintedAverage:
    """One printed average and what its cells say.

    Attributes
    ----------
    data, sha256, line
        Where it is printed.
    model, method, target_task, metric, condition
        Of what.
    printed, claimed
        The figure, and what it can have been before rounding.
    cells
        How many cells it was compared with.
    lines
        Where they are printed.
    readings, verdict, reason
        As in a check of the registry.
    explanations
        For a contradicted one: what a reader would look at, each found by computation.
    """

    data: str
    sha256: str
    line: int
    model: str
    method: str
    target_task: str
    metric: str
    condition: str
    printed: str
    claimed: Interval
    cells: int
    lines: tuple[int, ...]
    readings: tuple[Reading, ...]
    verdict: str
    reason: str
    explanations: tuple[str, ...] = ()


def check_averages(blocks: Iterable[Block] | None = None, others: Iterable[Block] = ()) -> tuple[PrintedAverage, ...]:
    """Check every printed average of some tables; of the bundled ones if none are given.

    ``others`` are not checked, only looked into for tasks that a table lacks and for cells that it prints otherwise.

    An average over languages is compared with the cells of its model, task, metric, split and condition; an average
    over tasks (``AVG_task(7)``, ``AVG_category(3)``, ``CATEGORY …``) with the scores of its tasks, by F1, EM and their
    mean, and with tasks that it lacks taken from other tables of the same model.
    """
    found = tuple(bundled_blocks()) if blocks is None else tuple(blocks)
    every = (*found, *others)
    results: list[PrintedAverage] = []
    for block in found:
        printed = averages_of(block)
        if printed.empty:
            continue
        own = _cells(block)
        groups = dict(iter(own.groupby(_keys(own))))
        for _, row in printed.iterrows():
            if is_aggregate(str(row["target_task"])):
                readings, cells = aggregate_readings(block, row, every)
            else:
                cells = groups.get(_key(row), own.iloc[:0])
                readings = list(_language_readings(row, cells))
            results.append(_result(block, row, readings, cells, every))
    return tuple(results)


def averages_frame(results: Sequence[PrintedAverage]) -> pd.DataFrame:
    """One row per average: ``data``, ``line``, ``model``, …, ``printed``, ``low``, ``high``, ``verdict``, …."""
    import pandas as pd

    rows = [
        {
            "data": item.data,
            "line": item.line,
            "model": item.model,
            "method": item.method,
            "target_task": item.target_task,
            "metric": item.metric,
            "condition": item.condition,
            "printed": item.printed,
            "cells": item.cells,
            "low": float(item.readings[0].recomputed.low) if item.readings[0].recomputed else None,
            "high": float(item.readings[0].recomputed.high) if item.readings[0].recomputed else None,
            "verdict": item.verdict,
            "reason": item.reason,
            "explanations": "; ".join(item.explanations),
        }
        for item in results
    ]
    return pd.DataFrame(rows)


def _language_readings(row: pd.Series, cells: pd.DataFrame) -> Iterator[Reading]:
    """The mean over all languages; where it fails, over other sets of languages and with weights.

    Where the cells are rounded too coarsely to tell, shares of a known number of items are known better than they are
    printed: 80.1 of 500 items can only be 80.0 or 80.2.
    """
    claimed, known = cell(row), intervals(cells)
    if len(cells) < 2:
        yield Reading("mean over languages", NO_DATA)
        return
    first = judged(f"mean over {len(cells)} languages", mean(known), claimed)
    if first.status == OPEN and (fine := _on_grains(cells, known)) is not None:
        first = judged(f"mean over {len(cells)} languages, as shares of their items", mean(fine), claimed)
    yield first
    if first.status != FAILS:
        return
    home = list(cells["language"] == SOURCE)
    others = [item for item, at_home in zip(known, home, strict=True) if not at_home]
    if 0 < len(others) < len(known):
        yield judged(f"without {SOURCE}", mean(others), claimed)
    items = list(cells["n_items"])
    if cells["n_items"].notna().all() and len(set(items)) > 1:
        whole = Fraction(int(sum(items)))
        weighted = [part.times(Fraction(int(n)) / whole) for part, n in zip(known, items, strict=True)]
        yield judged("weighted by test items", total(weighted), claimed)


def _on_grains(cells: pd.DataFrame, known: Sequence[Interval]) -> list[Interval] | None:
    """The cells as shares of their items; ``None`` where some cell is none, or has no number of items."""
    if cells["n_items"].isna().any() or not cells["metric"].isin(SHARES).all():
        return None
    fine = [narrowed(item, int(n)) for item, n in zip(known, cells["n_items"], strict=True)]
    whole = [item for item in fine if item is not None]
    return whole if len(whole) == len(fine) else None


def _result(
    block: Block, row: pd.Series, readings: Sequence[Reading], cells: pd.DataFrame, blocks: Sequence[Block]
) -> PrintedAverage:
    verdict = verdict_of(readings)
    printed = f"{row['score']:.{row['decimals']}f}"
    explanations = tuple(explain(block, row, cells, readings[0], blocks)) if verdict == "contradicted" else ()
    return PrintedAverage(
        data=block.name,
        sha256=block.sha256,
        line=int(row["line"]),
        model=_word(row["model"]),
        method=_word(row["method"]),
        target_task=_word(row["target_task"]),
        metric=_word(row["metric"]),
        condition=_word(row["condition"]),
        printed=printed,
        claimed=cell(row),
        cells=len(cells),
        lines=tuple(int(line) for line in cells["line"]),
        readings=tuple(readings),
        verdict=verdict,
        reason=_reason(readings),
        explanations=explanations,
    )


def _reason(readings: Sequence[Reading]) -> str:
    if all(reading.status == NO_DATA for reading in readings):
        return "the cells of this average are not in the table"
    parts = []
    for reading in readings:
        figure = reading.recomputed.text() if reading.recomputed else ""
        needs = f"({reading.needs})" if figure and reading.needs else reading.needs
        parts.append(f"{reading.name}: {' '.join(filter(None, (figure, needs)))}")
    return "; ".join(parts)


def _cells(block: Block) -> pd.DataFrame:
    return block.frame[block.frame["language"] != AVERAGE]


def _keys(frame: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series([_key(row) for row in frame[list(GROUP)].to_dict("records")], index=frame.index, dtype=object)


def _key(row: Mapping[Any, Any] | pd.Series) -> str:
    return "\x1f".join(_word(row[column]) for column in GROUP)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
