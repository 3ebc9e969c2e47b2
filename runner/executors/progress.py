"""What a sweep says while it runs: the stage, its step and loss, what is done, and the time left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from ..plan.estimate import duration, estimate
from ..store.stage import Stage

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

#: From this share of unknown pieces on, a language is named: its scores say little.
UNKNOWN = 0.05


class Report:
    """Says nothing: what processes use that another one speaks for."""

    def left(self, stages: Sequence[Stage]) -> None:
        """These stages are still to run."""

    def begin(self, stage: Stage, together: Sequence[Stage] = ()) -> None:
        """A stage begins, or several evaluations together."""

    def step(self, step: int, loss: float) -> None:
        """An optimiser step is done."""

    def pieces(self, done: int, total: int) -> None:
        """So many word pieces are evaluated."""

    def cell(self, stage: Stage, manifest: Mapping[str, Any], unknown: float) -> None:
        """A cell is written; this share of its pieces is unknown to the tokenizer."""

    def end(self, stage: Stage, manifest: Mapping[str, Any]) -> None:
        """A stage is written."""

    def failed(self, stage: Stage, error: CrossliftError) -> None:
        """A stage has failed."""


@dataclass
class Live(Report):
    """A bar for the sweep and one for the stage on a terminal; elsewhere a line for each finished stage.

    Parameters
    ----------
    out
        Where to.
    total
        Stages of the plan.
    timings
        Manifests of stages that were finished before.
    workers
        Processes that share the work.
    is_done
        Whether a stage is finished, by whichever process: others work on the same store and say nothing here.
    """

    out: Console
    total: int
    timings: list[dict[str, Any]]
    workers: int = 1
    is_done: Callable[[Stage], bool] = lambda stage: False
    _todo: dict[str, Stage] = field(default_factory=dict)
    _warned: set[tuple[str, str]] = field(default_factory=set)
    _stage: Stage | None = None
    _together: int = 0
    _loss: float | None = None
    _bar: Progress | None = None
    _rows: tuple[Any, Any] | None = None

    def __enter__(self) -> Live:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        if self.out.is_terminal:
            columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(),
                       TextColumn("{task.description}", markup=False))  # fmt: skip
            self._bar = Progress(*columns, console=self.out, transient=True)
            self._rows = self._bar.add_task("", total=self.total), self._bar.add_task("", total=None)
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def left(self, stages: Sequence[Stage]) -> None:
        """Count anew, because other processes finish stages too."""
        self._todo = {stage.id: stage for stage in stages}
        self._show()

    def begin(self, stage: Stage, together: Sequence[Stage] = ()) -> None:
        """Show the stage."""
        self._stage, self._together, self._loss = stage, len(together), None
        if self._bar is not None and self._rows is not None:
            total = None if together or stage.kind == "load" else stage.work
            self._bar.reset(self._rows[1], total=total, description=self._words())

    def step(self, step: int, loss: float) -> None:
        """Show the step and its loss."""
        self._loss = loss
        if self._bar is not None and self._rows is not None:
            self._bar.update(self._rows[1], completed=step, description=f"{self._words()} · loss {loss:.3f}")

    def pieces(self, done: int, total: int) -> None:
        """Show how much is evaluated."""
        if self._bar is not None and self._rows is not None:
            self._bar.update(self._rows[1], completed=done, total=total)

    def cell(self, stage: Stage, manifest: Mapping[str, Any], unknown: float) -> None:
        """Count the cell; warn of unknown pieces, once a model, task and language."""
        self.timings.append(dict(manifest))
        self._todo.pop(stage.id, None)
        key = stage.model, f"{stage.task} in {stage.inputs['language']}"
        if unknown >= UNKNOWN and key not in self._warned:
            self._warned.add(key)
            self.out.print(f"  Warning: {key[1]}: {unknown:.0%} of the word pieces are unknown to {key[0]}.")

    def end(self, stage: Stage, manifest: Mapping[str, Any]) -> None:
        """Count the stage; where no bar moves, print a line."""
        if stage.kind != "evaluate":
            self.timings.append(dict(manifest))
            self._todo.pop(stage.id, None)
        self._todo = {name: left for name, left in self._todo.items() if not self.is_done(left)}
        if self._bar is None and stage.kind != "load":
            loss = "" if self._loss is None else f", loss {self._loss:.3f}"
            self.out.print(f"  {self._words()}: {float(manifest['wall_s']):.1f} s{loss} · {self._remaining()}")
        self._show()

    def failed(self, stage: Stage, error: CrossliftError) -> None:
        """Print what went wrong; the sweep goes on."""
        self.out.print(f"  Failed: {stage.label}: {error.message}", style="red")

    def _words(self) -> str:
        if self._stage is None:
            return ""
        stage = self._stage
        if self._together:
            return f"{stage.parent.label if stage.parent else ''} · {stage.task} in {self._together} languages"
        return stage.label

    def _remaining(self) -> str:
        left = estimate(list(self._todo.values()), self.timings)
        words = f"{len(self._todo):,} stages left"
        if left.estimated:
            words += f", about {duration(left.seconds / self.workers)}"
        return words

    def _show(self) -> None:
        if self._bar is not None and self._rows is not None:
            self._bar.update(self._rows[0], completed=self.total - len(self._todo), description=self._remaining())
