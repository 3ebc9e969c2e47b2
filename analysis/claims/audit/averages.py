"""Printed averages against the cells printed beside them: by the table's definition, by rounding only, or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fit import figure_of
from ..numbers.intervals import Interval
from ..verdicts import NO_DATA, Reading, verdict_of
from .explanations import explain
from .language_averages import CUT, averages_over_languages
from .printed_tables import Block, averages_of, bundled_blocks, cell
from .task_averages import aggregate_readings, is_aggregate

if TYPE_CHECKING:
    import pandas as pd


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
        For a contradicted one: the best explanation, found by computation; empty if there is none.
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
    return tuple(item for block in found for item in _of_block(block, every))


def _of_block(block: Block, every: Sequence[Block]) -> Iterator[PrintedAverage]:
    printed = averages_of(block)
    if printed.empty:
        return
    over_tasks = printed["target_task"].map(lambda task: is_aggregate(str(task)))
    over_languages = averages_over_languages(block, printed[~over_tasks])
    for index, row in printed.iterrows():
        if index in over_languages:
            known = over_languages[index]
            yield _result(block, row, known.readings, known.lines, every)
        else:
            readings, rows = aggregate_readings(block, row, every)
            yield _result(block, row, readings, tuple(int(line) for line in rows["line"]), ())


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


def _result(
    block: Block, row: pd.Series, readings: Sequence[Reading], lines: tuple[int, ...], blocks: Sequence[Block]
) -> PrintedAverage:
    verdict = verdict_of(readings)
    explanation = ""
    if verdict == "contradicted" and blocks and readings[0].needs != CUT:
        cells = block.frame[block.frame["line"].isin(lines)]
        explanation = explain(block, row, cells, readings[0], blocks)
    return PrintedAverage(
        data=block.name,
        sha256=block.sha256,
        line=int(row["line"]),
        model=_word(row["model"]),
        method=_word(row["method"]),
        target_task=_word(row["target_task"]),
        metric=_word(row["metric"]),
        condition=_word(row["condition"]),
        printed=f"{row['score']:.{row['decimals']}f}",
        claimed=cell(row),
        cells=len(lines),
        lines=lines,
        readings=tuple(readings),
        verdict=verdict,
        reason=_reason(readings),
        explanations=(explanation,) if explanation else (),
    )


def _reason(readings: Sequence[Reading]) -> str:
    if all(reading.status == NO_DATA for reading in readings):
        return "the cells of this average are not in the table"
    parts = []
    for reading in readings:
        parts.append(f"{reading.name}: {', '.join(filter(None, (figure_of(reading), reading.needs)))}")
    return "; ".join(parts)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
