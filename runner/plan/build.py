"""From a grid to stages: *load* → *intermediate* → *target* → *evaluate*, shared prefixes once, baselines added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from analysis.core.errors import CrossliftError
from analysis.records.condition import EVALUATION, LAYER, RULE, Condition
from analysis.store.layout import STAGES

from ..kinds.registry import find_kind
from ..models.catalog import ModelCard
from ..store.stage import Stage
from ..tasks.catalog import TaskCard
from .grid import Arm, Grid, Target
from .training import Training


@dataclass(frozen=True)
class Plan:
    """The stages of a grid, every parent before its children."""

    grid: Grid
    stages: tuple[Stage, ...]

    @cached_property
    def cells(self) -> tuple[Stage, ...]:
        """The stages that evaluate."""
        return tuple(stage for stage in self.stages if stage.kind == "evaluate")

    def counts(self) -> dict[str, int]:
        """Stages by kind, in the order in which they run."""
        found = Counter(stage.kind for stage in self.stages)
        return {kind: found[kind] for kind in STAGES}


def build_plan(grid: Grid) -> Plan:
    """Stages of a grid.

    For every cell with an intermediate stage there is the *baseline*: same model, target, seed and hyperparameters,
    without that stage. ``control: steps`` adds a baseline whose target training goes on for as many optimiser steps as
    the intermediate stage took. Stages that come to the same identity are one stage.
    """
    stages: dict[str, Stage] = {}

    def add(stage: Stage) -> Stage:
        return stages.setdefault(stage.id, stage)

    for model in grid.models:
        loaded = add(_load(model))
        for seed in grid.seeds:
            for target in grid.targets:
                add_cells = _Cells(grid, model, seed, target)
                for stage in add_cells.under(loaded, None):
                    add(stage)
            for arm in grid.arms:
                trained = add(_intermediate(loaded, arm, grid.training_intermediate.of(arm.task.name), seed))
                for target in grid.targets:
                    for stage in _Cells(grid, model, seed, target).under(trained, arm):
                        add(stage)
                    if grid.control == "steps" and target.examples:
                        extra = grid.training_intermediate.of(arm.task.name).steps_for(arm.examples)
                        for stage in _Cells(grid, model, seed, target).under(loaded, None, extra):
                            add(stage)
    return Plan(grid, tuple(stages.values()))


@dataclass(frozen=True, slots=True)
class _Cells:
    """The target stage and evaluations of one target task."""

    grid: Grid
    model: ModelCard
    seed: int
    target: Target

    @property
    def training(self) -> Training:
        """Hyperparameters of the target stage."""
        return self.grid.training_target.of(self.target.task.name)

    def under(self, parent: Stage, arm: Arm | None, extra_steps: int = 0) -> Iterator[Stage]:
        """The stages below ``parent``, which is the loaded model or the one after an intermediate stage."""
        task = self.target.task
        if self.target.examples:
            parent = self._train(parent, extra_steps)
            yield parent
        # Untrained, as the models that it is compared with, whose precision follows from their training.
        trainings = (self.grid.training_intermediate.usual, self.training)
        half = parent.kind == "load" and all(training.on_half for training in trainings)
        for code in self.target.tested.codes:
            inputs: dict[str, object] = {
                "task": task.name,
                "data": task.revision,
                "language": code,
                "split": task.split,
                "max_length": self.training.for_kind(task.kind, task.name).max_length,
            }
            inputs |= self._scoring() | _stride(task)
            if half:
                inputs["precision"] = "bf16"
            record = self._record(arm, code, extra_steps)
            yield Stage(
                "evaluate", inputs, parent, f"{parent.label} · {task.name} in {code}", record, task.languages[code]
            )

    def _train(self, parent: Stage, extra_steps: int) -> Stage:
        trained = self.target.trained
        inputs = _training_inputs(trained, self.target.examples, self.training, self.seed)
        label = f"{parent.label} → {trained.name}"
        if extra_steps:
            inputs["extra_steps"] = extra_steps
            label += f" + {extra_steps} steps"
        steps = self.training.steps_for(self.target.examples) + extra_steps
        return Stage("target", inputs, parent, f"{label} · seed {self.seed}", work=steps)

    def _scoring(self) -> dict[str, object]:
        """How answers are computed and scored, where that is not the same for all tasks of a kind."""
        task, retrieval = self.target.task, self.grid.retrieval
        # What is usual is left out, so that it names the cells that it did before there was a choice.
        own: dict[str, object] = {} if self.grid.evaluation == "fp32" else {EVALUATION: self.grid.evaluation}
        if find_kind(task.kind).embeds:
            return {RULE: retrieval.rule or task.rule, LAYER: retrieval.layer, **own}
        return {RULE: task.rule, **own} if task.rule else own

    def _record(self, arm: Arm | None, code: str, extra_steps: int) -> dict[str, object]:
        model, task = self.model, self.target.task
        matched = self.grid.training_intermediate.of(arm.task.name).steps_for(arm.examples) if arm else extra_steps
        condition = self.target.tested.conditions.get(code, Condition())
        condition += Condition.of(**self._scoring())
        if extra_steps:
            condition = condition.with_steps(extra_steps)
        record: dict[str, object] = {
            "model": model.name,
            "params_m": model.params_m,
            "family": model.family,
            "method": "intermediate" if arm else "baseline",
            "target_task": task.name,
            "train_language": task.train_language if self.target.examples else "",
            "train_examples": self.target.examples,
            "language": code,
            "split": task.split,
            # What is evaluated without any training has no seed: reading gives it to every seed it is compared with.
            "seed": str(self.seed) if arm or self.target.examples else "",
            "note": model.note,
            # Steps of the intermediate stage, or those that a baseline trained on in its place; 0 for the plain one.
            "matched_steps": matched,
            "control": "steps" if extra_steps else "",
            "condition": str(condition),
        }
        if arm:
            record |= {
                "intermediate_task": arm.task.name,
                "intermediate_language": arm.task.train_language,
                "intermediate_examples": arm.examples,
                "intermediate_domain": arm.task.domain,
            }
        return record


def _load(model: ModelCard) -> Stage:
    return Stage("load", {"model": model.name, "revision": model.revision}, None, model.name)


def _intermediate(parent: Stage, arm: Arm, training: Training, seed: int) -> Stage:
    label = f"{parent.label} → {arm.task.name}:{arm.examples}"
    inputs = _training_inputs(arm.task, arm.examples, training, seed)
    return Stage("intermediate", inputs, parent, label, work=training.steps_for(arm.examples))


def _training_inputs(task: TaskCard, examples: int, training: Training, seed: int) -> dict[str, object]:
    if training.select == "best-dev" and (find_kind(task.kind).no_target or not task.validation):
        raise CrossliftError(
            f"'{task.name}' has no dev split, so no state of it can be the best one there.",
            f"Give it 'select: last': training_target: {{{task.name}: {{select: last}}}}.",
        )
    return {
        "task": task.name,
        "data": task.revision,
        "examples": examples,
        "training": training.for_kind(task.kind, task.name).inputs(),
        "seed": seed,
        **_stride(task),
    }


def _stride(task: TaskCard) -> dict[str, object]:
    stride = find_kind(task.kind).stride
    return {"stride": stride} if stride else {}
