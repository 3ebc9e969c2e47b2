"""One process at work on a plan: locks what is ready, trains or evaluates it, writes it, until nothing is left."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError, StoreError
from analysis.store.cells import Score

from ..models.catalog import ModelCard
from ..plan.build import Plan
from ..plan.lineage import evaluated_in, lineage, on_half
from ..plan.training import Training
from ..store.failures import fail, failed_stages
from ..store.locks import Lock
from ..store.manifest import describe_run
from ..store.pending import pending, rows_of
from ..store.stage import Stage
from ..store.store import Store, drop_directory
from ..training.failure import StageError
from ..training.snapshot import STOPPED
from .energy import Meter
from .progress import Report

#: States of stages kept in memory, so that a child need not read what was just written.
KEPT_STATES = 3
#: Training sets whose word pieces are kept in memory.
KEPT_SETS = 2
#: Signals that stop a process after its step.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
#: Seconds before looking again where other processes run all that is ready.
WAIT_S = 0.5


@dataclass(frozen=True)
class Setting:
    """How a process works; nothing of it is part of an identity.

    ``keep`` leaves the checkpoints of finished target stages where they are, ``parent`` is the process whose end ends
    this one. A stage in training keeps how far it is every ``snapshot_s`` seconds and where the process is told to
    stop.
    """

    device: str = "cpu"
    threads: int = 1
    data_dir: Path | None = None
    compiled: bool = False
    keep: bool = False
    parent: int = 0
    snapshot_s: float = 900.0


@dataclass
class Worker:
    """Runs the stages of ``plan`` that are not done, in ``store``."""

    store: Store
    plan: Plan
    setting: Setting
    report: Report = field(default_factory=Report)
    _states: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    _benches: dict[tuple[str, bool], Any] = field(default_factory=dict)
    _tasks: dict[str, Any] = field(default_factory=dict)
    _features: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _trained_on: OrderedDict[tuple[Any, ...], Any] = field(default_factory=OrderedDict)
    _tests: dict[tuple[str, str], Any] = field(default_factory=dict)
    _rows: list[dict[str, Any]] = field(init=False)
    _told: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rows = rows_of(self.plan.stages)

    def run(self) -> None:
        """Work until every stage of the plan is done, or has failed, or follows from one that has.

        Raises
        ------
        CrossliftError
            For what concerns the whole sweep, such as a full disk. What concerns a stage, such as a model that cannot
            be loaded, fails that stage and what follows from it.
        """
        self._prepare()
        with told_to_stop(self._told):
            self._work()

    def _work(self) -> None:
        by_id = {stage.id: stage for stage in self.plan.stages}
        while True:
            bad = failed_stages(self.store)
            todo = [by_id[name] for name in pending(self.store, self._rows).stages]
            todo = [stage for stage in todo if not any(step.id in bad for step in lineage(stage))]
            self.report.left(todo)
            if not todo:
                return
            if not self._pass(todo):
                time.sleep(WAIT_S)

    def _pass(self, todo: Sequence[Stage]) -> bool:
        """Go once through what is pending; whether anything was run."""
        ran = False
        cells: dict[str, list[Stage]] = {}
        for stage in todo:
            if stage.kind == "evaluate" and stage.parent is not None:
                cells.setdefault(stage.parent.id, []).append(stage)
        seen: set[str] = set()
        for stage in todo:
            if self._stopping():
                raise SystemExit(STOPPED)
            parent = stage.parent
            if parent is not None and not self.store.usable(parent.id, parent.kind):
                continue
            if stage.kind != "evaluate":
                ran |= self._train(stage)
            elif parent is not None and parent.id not in seen:
                seen.add(parent.id)
                ran |= self._evaluate(parent, cells[parent.id])
        return ran

    # Stages -----------------------------------------------------------------------------------------------------------

    def _train(self, stage: Stage) -> bool:
        if self.store.usable(stage.id, stage.kind):
            return False
        held = self.store.lock(stage)
        if held is None:
            return False
        with held:
            # Another process may have finished it since, and dropped its checkpoint once nothing needed it.
            if stage.id not in pending(self.store, self._rows).stages:
                return False
            self.report.begin(stage)
            with Meter(self.setting.device, self.setting.threads) as meter:
                try:
                    found = self._trained(stage)
                except BaseException as error:
                    failure = as_failure(error)
                    fail(self.store, stage, failure)
                    self.report.failed(stage, failure)
                    return True
            manifest = self._manifest(stage, meter, {} if found is None else self._facts(stage, found, meter))
            self.store.write_stage(held, stage, manifest, None if found is None else found.state.save)
            if found is not None:
                self._remember(stage, found.state)
            self.report.end(stage, manifest)
        return True

    def _trained(self, stage: Stage) -> Any:
        """What a stage came to; ``None`` for *load*."""
        bench = self._bench(stage)
        if stage.kind == "load" or stage.parent is None:
            return None
        from ..kinds.registry import find_kind
        from ..training.evaluate import evaluate
        from ..training.snapshot import Keeper
        from ..training.train import train

        task = self._task(stage.task)
        kind = find_kind(task.kind)
        inputs = stage.inputs
        training = Training(**inputs["training"])
        card = task.card
        whole = inputs["examples"] == card.train_examples
        examples = task.train(None if whole else inputs["examples"], seed=inputs["seed"])
        self._check_labels(stage)
        features = self._training_features(stage, kind, bench, examples, whole)
        classes = kind.classes(task.labels, features)
        best = training.select == "best-dev"
        try:
            dev = self._dev(stage, training.steps_between(len(examples)) if best else stage.work)
        except CrossliftError:
            if best:
                raise
            dev = None  # it is kept beside the scores alone, so a split that cannot be had stops nothing
        found = train(
            bench, self._state(stage.parent), kind, features, classes, training, stage.work,
            inputs["seed"], stage.task, self.report.step,
            keeper=Keeper(self.store.snapshot(stage.id), self.setting.snapshot_s, self._stopping),
            dev=dev if best else None,
        )  # fmt: skip
        if best or dev is None:
            return found
        outputs = evaluate(bench, found.state, kind, [dev.features], classes, dev.precision)[0]
        return replace(found, dev=((stage.work, dev.score(outputs)),))

    def _dev(self, stage: Stage, every: int) -> Any:
        """The dev split of what a stage trains on, in the language that it trains in; ``None`` where there is none."""
        from ..kinds.registry import find_kind
        from ..training.dev import Dev

        task, length = self._task(stage.task), stage.inputs["training"]["max_length"]
        kind = find_kind(task.kind)
        examples = None if kind.no_target or not task.card.validation else task.validation()
        if examples is None:
            return None
        features = kind.encode(self._bench(stage).backbone, examples, length, False)

        def score(outputs: Sequence[Any]) -> float:
            return kind.score(task.scored(), kind.predictions(outputs, features, examples), examples)[0].score

        return Dev(features, score, every, "bf16" if on_half(stage) else "fp32")

    def _facts(self, stage: Stage, found: Any, meter: Meter) -> dict[str, Any]:
        """What the manifest says of a training."""
        extra = {"last_loss": found.losses[-1], "losses": thin(found.losses), **speed(found.pieces, meter.seconds)}
        if found.dev:
            task = self._task(stage.task)
            extra["dev"] = {
                "metric": task.card.metrics[0],
                "scores": [[step, round(score, 4)] for step, score in found.dev],
                "kept": found.kept,
            }
        return extra

    def _evaluate(self, parent: Stage, cells: Sequence[Stage]) -> bool:
        """Evaluate the cells of one model that no other process has."""
        with ExitStack() as stack:
            held: dict[str, Lock] = {}
            for cell in cells:
                if self.store.is_done(cell):
                    continue
                lock = self.store.lock(cell)
                if lock is None:
                    continue
                stack.enter_context(lock)
                if not self.store.is_done(cell):
                    held[cell.id] = lock
            groups: dict[tuple[Any, ...], list[Stage]] = {}
            for cell in cells:
                if cell.id in held:
                    key = tuple(
                        cell.inputs.get(name)
                        for name in ("task", "max_length", "precision", "evaluation", "rule", "layer")
                    )
                    groups.setdefault(key, []).append(cell)
            for group in groups.values():
                try:
                    self._evaluate_group(parent, group, held)
                except BaseException as error:
                    failure = as_failure(error)
                    for cell in group:
                        fail(self.store, cell, failure)
                    self.report.failed(group[0], failure)
            if held and not self.setting.keep and parent.kind == "target":
                self._drop(parent)
        return bool(held)

    def _evaluate_group(self, parent: Stage, cells: Sequence[Stage], held: Mapping[str, Lock]) -> None:
        from ..kinds.conventions import LAST, find_layer
        from ..kinds.registry import find_kind
        from ..training.evaluate import evaluate

        first = cells[0]
        self.report.begin(first, cells)
        with Meter(self.setting.device, self.setting.threads) as meter:
            bench = self._bench(first)
            task = self._task(first.task)
            kind = find_kind(task.kind)
            chosen_on = [self._chosen_on(cell, kind, bench) for cell in cells]
            sets = [self._encoded(cell, kind, bench) for cell in cells]
            state = self._state(parent)
            layer = find_layer(first.inputs.get("layer", LAST), bench.depth)
            found = evaluate(
                bench, state, kind, [*sets, *(own[1] for own in chosen_on if own)], kind.classes(task.labels, None),
                evaluated_in(first), layer, self._pieces,
            )  # fmt: skip
            tuned = iter(found[len(cells) :])
            scores: list[list[Score]] = []
            submitted: list[Any] = []
            for cell, features, outputs, choice in zip(cells, sets, found[: len(cells)], chosen_on, strict=True):
                examples = self._test(cell)
                scored = task.scored(cell.inputs.get("rule"), self.setting.device)
                if choice:
                    known = kind.predictions(next(tuned), choice[1], choice[0])
                    scored = replace(scored, threshold=kind.threshold(scored, known, choice[0]))
                predictions = kind.predictions(outputs, features, examples)
                scores.append(kind.score(scored, predictions, examples))
                submitted.append(kind.submission(scored, predictions, examples))
        pieces = [int(features.lengths.sum()) for features in sets]
        for cell, features, own, answers, size in zip(cells, sets, scores, submitted, pieces, strict=True):
            extra = {
                "evaluated_together": len(cells),
                "unknown_pieces": round(features.unknown, 4),
                "pooling": bench.backbone.pooling,
                "layer": layer,
                **speed(sum(pieces), meter.seconds),
            }
            manifest = self._manifest(cell, meter, extra, size / max(sum(pieces), 1))
            self.store.write_cell(held[cell.id], cell, own, manifest, answers)
            self.report.cell(cell, manifest, features.unknown)
        self.report.end(first, {"wall_s": meter.seconds})

    def _pieces(self, done: int, total: int) -> None:
        self.report.pieces(done, total)
        if self._stopping():
            raise SystemExit(STOPPED)

    def _stopping(self) -> bool:
        """Whether a signal said to stop, or the process that started this one is gone."""
        return bool(self._told) or bool(self.setting.parent and os.getppid() != self.setting.parent)

    def _drop(self, parent: Stage) -> None:
        """Drop the checkpoint of a target stage once no begun plan has anything left to evaluate on it."""
        place = self.store.checkpoints / parent.id
        if not place.is_dir():
            return
        with self.store.whole():
            plans = self.store.plans().values()
            children = {(row["id"], row["kind"]) for rows in plans for row in rows if row["parent"] == parent.id}
            if not all(self.store.done(name, kind) for name, kind in children):
                return
            held = self.store.lock(parent)
            if held is not None:
                with held:
                    drop_directory(place)

    # What stages need -------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        import torch

        torch.set_num_threads(self.setting.threads)
        if self.setting.device.startswith("cuda"):
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)
            warnings.filterwarnings("ignore", message=".*determinis")  # that some have no such kernel: docs/running.md

    def _bench(self, stage: Stage) -> Any:
        half = self._on_half(stage)
        key = stage.model, half
        if key not in self._benches:
            from ..models.backbone import load_backbone
            from ..training.bench import Bench

            self._benches.clear()  # one model in memory at a time
            self._states.clear()
            self._features.clear()
            self._trained_on.clear()
            backbone = load_backbone(self._card(stage.model), half)
            self._benches[key] = Bench(backbone, self.setting.device, self.setting.compiled)
        return self._benches[key]

    def _on_half(self, stage: Stage) -> bool:
        """As what follows wants it, so that a model that fits in bfloat16 alone is never loaded otherwise."""
        if stage.kind != "load":
            return on_half(stage)
        children = [child for child in self.plan.stages if child.parent is not None and child.parent.id == stage.id]
        return bool(children) and all(map(on_half, children))

    def _card(self, name: str) -> ModelCard:
        return next(card for card in self.plan.grid.models if card.name == name)

    def _state(self, stage: Stage) -> Any:
        from ..training.state import load_state

        bench = self._bench(stage)
        if stage.kind == "load":
            return bench.start
        if stage.id not in self._states:
            place = self.store.checkpoint(stage)
            if place is None:
                raise StageError(f"the checkpoint of {stage.label} is gone.", "Run the sweep again.")
            self._remember(stage, load_state(place, bench.words, self.setting.device))
        self._states.move_to_end(stage.id)
        return self._states[stage.id]

    def _remember(self, stage: Stage, state: Any) -> None:
        self._states[stage.id] = state
        while len(self._states) > KEPT_STATES:
            self._states.popitem(last=False)

    def _task(self, name: str) -> Any:
        if name not in self._tasks:
            from ..tasks.load import load_task

            self._tasks[name] = load_task(name, self.setting.data_dir)
        return self._tasks[name]

    def _test(self, cell: Stage) -> Any:
        key = cell.task, str(cell.inputs["language"])
        if key not in self._tests:
            self._tests[key] = self._task(cell.task).test(key[1])
        return self._tests[key]

    def _encoded(self, cell: Stage, kind: Any, bench: Any) -> Any:
        length = cell.inputs["max_length"]
        key = cell.model, cell.task, cell.inputs["language"], length
        if key not in self._features:
            self._features[key] = self._tokenised(cell, kind, bench, self._test(cell), length, False)
        return self._features[key]

    def _training_features(self, stage: Stage, kind: Any, bench: Any, examples: Any, whole: bool) -> Any:
        """Those of the last two training sets stay in memory: seeds share what is not a sample."""
        length, seed = stage.inputs["training"]["max_length"], None if whole else stage.inputs["seed"]
        key = stage.model, stage.task, len(examples), length, seed
        if key not in self._trained_on:
            self._trained_on[key] = self._tokenised(stage, kind, bench, examples, length, True)
            while len(self._trained_on) > KEPT_SETS:
                self._trained_on.popitem(last=False)
        self._trained_on.move_to_end(key)
        return self._trained_on[key]

    def _tokenised(self, stage: Stage, kind: Any, bench: Any, examples: Any, length: int, train: bool) -> Any:
        from ..training.tokenised import encoded

        revision = self._card(stage.model).revision
        return encoded(self.store.tokenised, kind, bench.backbone, revision, examples, length, train)

    def _check_labels(self, stage: Stage) -> None:
        """Read the test data of a target stage before it is trained: a label that training lacks fails it at once."""
        for cell in self.plan.cells:
            if cell.parent is not None and cell.parent.id == stage.id and not self.store.is_done(cell):
                self._test(cell)

    def _chosen_on(self, cell: Stage, kind: Any, bench: Any) -> tuple[Any, Any] | None:
        """Validation examples of a cell's language and their features, where its score rests on a choice on them."""
        task = self._task(cell.task)
        if not kind.needs_validation(task.scored(), self._test(cell)):
            return None
        examples = task.validation(str(cell.inputs["language"]))
        if examples is None:
            return None
        return examples, kind.encode(bench.backbone, examples, cell.inputs["max_length"], False)

    def _manifest(self, stage: Stage, meter: Meter, extra: Mapping[str, Any], share: float = 1.0) -> dict[str, Any]:
        energy = None if meter.energy_j is None else meter.energy_j * share
        found = describe_run(stage, meter.seconds * share, meter.name, meter.peak_mib, energy)
        if meter.busy is not None:
            found["busy"] = round(meter.busy, 3)
        return {**found, "threads": self.setting.threads, "compiled": self.setting.compiled, **extra}


@contextmanager
def told_to_stop(told: list[int]) -> Iterator[None]:
    """Note SIGTERM and SIGUSR1, which schedulers send ahead of a time limit, in place of dying of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda got, frame: told.append(got)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def speed(pieces: int, seconds: float) -> dict[str, float]:
    """Word pieces, with their padding in training, and how many a second, for the manifest."""
    return {"pieces": pieces, "pieces_per_s": round(pieces / seconds, 1)} if seconds > 0 else {"pieces": pieces}


def thin(losses: Sequence[float], kept: int = 50) -> list[float]:
    """At most ``kept`` losses, evenly spread, for the manifest."""
    step = max(1, len(losses) // kept)
    return [round(value, 4) for value in losses[step - 1 :: step]]


def as_failure(error: BaseException) -> StageError:
    """What went wrong with a stage alone; what concerns more than one stage is raised again."""
    import torch

    if isinstance(error, StageError):
        return error
    if isinstance(error, CrossliftError) and not isinstance(error, StoreError):
        return StageError(error.message, error.hint)
    if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return StageError("the device has not enough memory.", "Give a smaller max_length, or train by lora in bf16.")
    if type(error).__name__ == "PanicException":  # what pyo3 raises for a panic: tokenizers and safetensors are Rust
        return StageError(f"a library panicked: {error}.", "Report it to the library; the other stages go on.")
    raise error
