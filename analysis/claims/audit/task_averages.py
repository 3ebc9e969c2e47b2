"""Printed averages over tasks: which tasks and metrics they can be of, and tasks taken from other tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..fit import fit
from ..numbers.intervals import Interval, mean, total
from ..numbers.rounding import error_of
from ..verdicts import NO_DATA, OPEN, Reading
from ..xtreme.printed_scores import GROUPS, PRINTED, QUESTIONS, TASKS
from .printed_tables import Block, averages_of, cell

if TYPE_CHECKING:
    import pandas as pd

#: How the converted tables name averages over tasks; ``CATEGORY`` is followed by the group.
_AGGREGATE = re.compile(r"AVG_task\((\d+)\)|AVG_category\((\d+)\)|CATEGORY (.+)|XTREME overall.*|dev-set average.*")
_CATEGORIES = {
    "sentence-pair": "sentence pairs",
    "structured prediction": "structured prediction",
    "QA (EM/F1 mean)": "question answering",
}
METRICS: Mapping[str, tuple[str, ...]] = {"mean of F1 and EM": ("f1", "em"), "F1": ("f1",), "EM": ("em",)}


def is_aggregate(task: str) -> bool:
    """Whether a task's name is that of an average over tasks."""
    return bool(_AGGREGATE.fullmatch(task))


def aggregate_readings(block: Block, row: pd.Series, blocks: Sequence[Block]) -> tuple[list[Reading], pd.DataFrame]:
    """Readings of an average over tasks, and the rows that they rest on."""
    rows = _scores(block, row)
    match = _AGGREGATE.fullmatch(str(row["target_task"]))
    assert match is not None
    number = int(match[1] or match[2] or 0)
    by_group = match[2] is not None
    wanted = GROUPS.get(_CATEGORIES.get(match[3] or "", ""), ())
    tasks = wanted or _tasks(rows, number, by_group)
    used = rows[rows["target_task"].isin(tasks)]
    if not tasks or used.empty:
        return [Reading("mean over tasks", NO_DATA)], used
    readings: list[Reading] = []
    only_mean = "mean" in (match[3] or "")
    for words, metrics in METRICS.items():
        if only_mean and words != "mean of F1 and EM":
            continue
        if not set(tasks) & set(QUESTIONS) and readings:
            break  # no task has two metrics: one reading
        label = f"{words}, " if set(tasks) & set(QUESTIONS) else ""
        known = _by_task(used, tasks, metrics)
        readings.append(_judge(f"{label}mean of {'groups' if by_group else 'tasks'}", known, tasks, by_group, row))
        if missing := [task for task in tasks if task not in known]:
            readings += _borrowed(block, row, blocks, known, missing, metrics, label, by_group)
    return readings, used


def _judge(name: str, known: Mapping[str, Interval], tasks: Sequence[str], by_group: bool, row: pd.Series) -> Reading:
    claimed = cell(row)
    missing = [task for task in tasks if task not in known]
    if missing:
        needs = f"{', '.join(PRINTED[task] for task in missing)} not printed here"
        if not by_group:
            needed = claimed.times(len(tasks)) - total(list(known.values()))
            needs = f"{' + '.join(PRINTED[task] for task in missing)} must sum to {needed.text(1)}"
        return Reading(name, OPEN, None, needs)
    return fit(name, _mean(known, by_group), claimed, error_of(_shares(known, by_group)))


def _borrowed(
    block: Block,
    row: pd.Series,
    blocks: Sequence[Block],
    known: Mapping[str, Interval],
    missing: Sequence[str],
    metrics: Sequence[str],
    label: str,
    by_group: bool,
) -> Iterator[Reading]:
    """The tasks that are not printed here, as another table prints them of the same model."""
    for other in blocks:
        if other.name == block.name:
            continue
        rows = _scores(other, row)
        found = _by_task(rows, missing, metrics)
        if len(found) == len(missing):
            name = f"{label}{', '.join(PRINTED[task] for task in missing)} from {other.name}"
            whole = {**known, **found}
            yield _judge(name, whole, tuple(whole), by_group, row)


def _scores(block: Block, row: pd.Series) -> pd.DataFrame:
    """Averages over languages of the row's model and method, whatever table of the publication they stand in."""
    frame = averages_of(block)
    same = (frame["model"] == row["model"]) & (frame["split"] == row["split"])
    for column in ("method", "intermediate_task"):
        same &= frame[column].fillna("") == (row[column] if isinstance(row[column], str) else "")
    return frame[same & frame["target_task"].isin(TASKS)]


def _tasks(rows: pd.DataFrame, number: int, by_group: bool) -> tuple[str, ...]:
    """The tasks that an average over ``number`` tasks or groups is of: all nine, or exactly those printed."""
    if number == (len(GROUPS) if by_group else len(TASKS)):
        return TASKS
    printed = tuple(task for task in TASKS if task in set(rows["target_task"]))
    groups = [tasks for tasks in GROUPS.values() if set(tasks) & set(printed)]
    return printed if number == (len(groups) if by_group else len(printed)) else ()


def _by_task(rows: pd.DataFrame, tasks: Sequence[str], metrics: Sequence[str]) -> dict[str, Interval]:
    """Score of each task: by its own metric, or the mean of ``metrics`` for question answering."""
    found = {}
    for task in tasks:
        own = rows[rows["target_task"] == task]
        if task in QUESTIONS:
            own = own[own["metric"].isin(metrics)].drop_duplicates("metric")
            if len(own) < len(metrics):
                continue
        if len(own):
            found[task] = mean([cell(item) for _, item in (own if task in QUESTIONS else own.head(1)).iterrows()])
    return found


def _mean(known: Mapping[str, Interval], by_group: bool) -> Interval:
    if not by_group:
        return mean(list(known.values()))
    return mean(
        [mean(inside) for tasks in GROUPS.values() if (inside := [known[task] for task in tasks if task in known])]
    )


def _shares(known: Mapping[str, Interval], by_group: bool) -> list[Fraction]:
    """Each task's part in the rounding error of the mean."""
    groups = [inside for tasks in GROUPS.values() if (inside := [task for task in tasks if task in known])]
    if not by_group:
        return [interval.width / 2 / len(known) for interval in known.values()]
    return [known[task].width / 2 / len(inside) / len(groups) for inside in groups for task in inside]
