"""Averages over XTREME's tasks of which some are printed: the weighted sum that is known, and the room of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..numbers.intervals import Interval, total
from .printed_scores import GROUPS, MT5, REMBERT, TASKS, VECO, Cells, read_cells

#: The end of the scale that scores are on.
TOP = Fraction(100)


@dataclass(frozen=True, slots=True)
class Tables:
    """What the average is built from; ``baseline`` gives the baselines that the two publications leave out."""

    first: Cells
    second: Cells
    baseline: Cells


@dataclass(frozen=True, slots=True)
class Sum:
    """Weighted sum of the gains that are printed, the tasks that are not, and the range of these on the scale.

    ``weight`` is that of each missing task, and ``possible`` the range of their plain sum; where their weights differ
    ``weight`` is 1 and both speak of their weighted sum.
    """

    known: Interval
    gains: Mapping[str, Interval]
    missing: tuple[str, ...]
    weight: Fraction
    possible: Interval

    def needed(self, claimed: Interval) -> Interval:
        """Sum of the missing gains for the average to be ``claimed``."""
        return (claimed - self.known).times(1 / self.weight)


def weights(by_groups: bool) -> dict[str, Fraction]:
    """Weight of each task: 1/9, or an equal share of its group's quarter."""
    if not by_groups:
        return dict.fromkeys(TASKS, Fraction(1, len(TASKS)))
    return {task: Fraction(1, len(GROUPS) * len(tasks)) for tasks in GROUPS.values() for task in tasks}


def summed(cells: Cells, tables: Tables, metric: str, by_groups: bool, category_pos: bool = False) -> Sum:
    """Add up the gains that ``cells`` prints. ``category_pos`` takes the POS baseline from the category's average."""
    share = weights(by_groups)
    gains = {task: gain for task in TASKS if (gain := cells.gain(task, metric)) is not None}
    if category_pos:
        before, after = implied_pos(cells), cells.score("intermediate", "udpos")
        if before is not None and after is not None:
            gains["udpos"] = after - before
    missing = tuple(task for task in TASKS if task not in gains)
    known = total([gain.times(share[task]) for task, gain in gains.items()])
    equal = {share[task] for task in missing}
    weight = equal.pop() if len(equal) == 1 else Fraction(1)
    rooms = [_room(tables, task).times(share[task] / weight) for task in missing]
    return Sum(known, gains, missing, weight, total(rooms))


def _room(tables: Tables, task: str) -> Interval:
    """What a task can gain or lose on a scale from 0 to 100, given its baseline where that is printed."""
    base = baseline_of(tables, task)
    return Interval(-TOP, TOP) if base is None else Interval(-base.high, TOP - base.low)


def baseline_of(tables: Tables, task: str) -> Interval | None:
    """The score of ``task`` without intermediate task: of the first publication, else of the table of baselines."""
    return next(
        (s for cells in (tables.first, tables.baseline) if (s := cells.score("baseline", task)) is not None), None
    )


def implied_pos(cells: Cells) -> Interval | None:
    """The POS baseline that the printed average of structured prediction implies, given the printed NER."""
    category = cells.scores.get(("baseline", "CATEGORY structured prediction", "average"))
    ner = cells.score("baseline", "panx")
    return None if category is None or ner is None else category.interval.times(2) - ner


def bundled_tables() -> Tables:
    """The publications in ``data/published``."""
    return Tables(read_cells(REMBERT), read_cells(MT5), read_cells(VECO))
