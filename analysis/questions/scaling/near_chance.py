"""Scores near the chance level: a size that cannot do the task shows no gain, whatever tuning taught it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...outcomes.axes import Axis
from ...outcomes.chance import CHANCE

if TYPE_CHECKING:
    import pandas as pd

#: A score up to this many points above the chance level counts as near it.
NEAR = 3.0
#: Smallest share of scores near chance that is reported.
MANY = 0.25


@dataclass(frozen=True, slots=True)
class NearChance:
    """Scores of one task near chance: at the smallest and the largest size, and over all sizes."""

    task: str
    chance: float
    rows: int
    near: int
    smallest_rows: int
    smallest_near: int
    largest_rows: int
    largest_near: int

    def sentence(self, outcome: str, axis: Axis) -> str:
        """The counts, and their consequence for the curve."""
        ends = ""
        if self.smallest_rows and self.largest_rows:
            ends = (
                f" ({self.smallest_near} of {self.smallest_rows} at the smallest {axis.words}, {self.largest_near} of "
                f"{self.largest_rows} at the largest)"
            )
        which = "scores before tuning" if outcome == "gain" else "scores"
        return (
            f"{self.task}: {self.near} of {self.rows} {which} are under {self.chance + NEAR:.1f}, at most {NEAR:g} "
            f"points above chance{ends}. A curve over them mixes the effect of scale with whether the task can be done "
            "at all."
        )


def near_chance(frame: pd.DataFrame, outcome: str, axis: Axis) -> tuple[NearChance, ...]:
    """Tasks with a known chance level and many accuracies near it (for gains, those before tuning)."""
    column = "score_without" if outcome == "gain" else "score"
    if column not in frame.columns:
        return ()
    z, found = frame[axis.column], []
    for task, chance in CHANCE.items():
        own = (frame["target_task"] == task) & frame[column].notna() & frame["metric"].fillna("acc").eq("acc")
        near = own & (frame[column] <= chance + NEAR)
        if own.any() and near.sum() >= MANY * own.sum():
            first, last = own & (z == z.min()), own & (z == z.max())
            counts = (own, near, first, first & near, last, last & near)
            found.append(NearChance(task, chance, *(int(where.sum()) for where in counts)))
    return tuple(found)
