"""Measured hours of a sweep's stages, for ranking what to run next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ...core.errors import StoreError
from ...core.text import count
from ...store.timings import Timing, Timings, read_timings


@dataclass(frozen=True, slots=True)
class MeasuredCost:
    """Wall-clock hours of one worker, from finished stages in a store.

    A stage of a model and task takes the median of its timings. If that task was not timed with that model, it takes
    the model's seconds per step (or item) times the task's median steps, or else the model's median stage; for a model
    without timings, the same over all models.
    """

    path: Path
    rows: tuple[Timing, ...]
    untimed: int = 0

    @property
    def unit(self) -> str:
        """Unit of the hours."""
        return "hours"

    @property
    def note(self) -> str:
        """Origin of the hours."""
        devices = ", ".join(sorted({row.device for row in self.rows}))
        skipped = f"; {count(self.untimed)} more have no timing" if self.untimed else ""
        return f"hours are of one worker, measured in {count(len(self.rows))} stages on {devices}{skipped}."

    def fine_tune(self, model: str, task: str) -> float:
        """Hours of one target stage; zero if the task is evaluated without one."""
        if not self._of("target", task=task) and self._of("evaluate", task=task):
            return 0.0
        return self._hours("target", model, task)

    def intermediate(self, model: str) -> float:
        """Hours of one intermediate stage."""
        return self._hours("intermediate", model, "")

    def test(self, model: str, task: str) -> float:
        """Hours of scoring one language of one task."""
        return self._hours("evaluate", model, task)

    def stand_ins(self, models: Iterable[str], tasks: Iterable[str]) -> list[str]:
        """Sentences that name models and tasks without timings, and their substitutes."""
        timed = {row.model for row in self.rows}, {row.task for row in self.rows if row.kind != "intermediate"}
        lines = []
        for what, known, asked, instead in (
            ("model", timed[0], models, "timings of the other models are used instead"),
            ("task", timed[1], tasks, "the median stage of each model is used instead"),
        ):
            lacking = [name for name in dict.fromkeys(asked) if name not in known]
            if lacking:
                lines.append(f"no stage of the {what} {', '.join(lacking)} was timed: {instead}.")
        return lines

    def _of(self, kind: str, model: str = "", task: str = "") -> list[Timing]:
        return [row for row in self.rows if row.kind == kind and model in ("", row.model) and task in ("", row.task)]

    def _hours(self, kind: str, model: str, task: str) -> float:
        alike = self._of(kind, model) or self._of(kind)
        if not alike:
            words = {"intermediate": "intermediate", "target": "target", "evaluate": "evaluation"}[kind]
            raise StoreError(
                f"'{self.path}' does not contain timings of {words} stages.",
                "Run one first, or state costs in a YAML file.",
            )
        own = [row for row in alike if task in ("", row.task)]
        if own:
            return median(row.seconds for row in own) / 3600.0
        same_task = self._of(kind, task=task)
        if same_task:
            rate = median(row.seconds / row.work for row in alike)
            return rate * median(row.work for row in same_task) / 3600.0
        return median(row.seconds for row in alike) / 3600.0


def measured_cost(path: str | Path) -> MeasuredCost:
    """Costs from the timings of a store.

    Raises
    ------
    StoreError
        If it is not a store, or does not contain timings.
    """
    found: Timings = read_timings(Path(path))
    return MeasuredCost(found.path, found.rows, found.untimed)
