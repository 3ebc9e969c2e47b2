"""What each stage of a plan costs on a device, and the whole plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..kinds.registry import find_kind
from ..models.catalog import ModelCard
from ..plan.build import Plan
from ..plan.lineage import evaluated_in, lineage, on_half
from ..plan.training import Training
from ..store.stage import Stage
from ..tasks.catalog import TaskCard
from ..training.outputs import TOKENS as EVALUATED
from ..training.train import TOKENS as TRAINED
from .devices import Device
from .memory import evaluation_memory, training_memory
from .shape import Shape, find_shape
from .texts import Reader, Texts, dev_pieces, test_texts, training_texts

#: Bytes of a cell beside one bit for each of its items: JSON, Parquet and what the model answered, compressed.
CELL, ANSWER = 9_000, 1.0


@dataclass(frozen=True, slots=True)
class StageCost:
    """One stage: pieces with their padding, FLOPs, seconds, bytes that stay on disk, and memory by component.

    ``measured`` says whether lengths of texts are of a sample.
    """

    pieces: float = 0.0
    flops: float = 0.0
    seconds: float = 0.0
    disk: float = 0.0
    memory: Mapping[str, float] = field(default_factory=dict)
    measured: bool = True

    @property
    def peak(self) -> float:
        """Bytes of all components."""
        return sum(self.memory.values())


@dataclass
class Prices:
    """Costs of the stages of a plan on a device; texts that several stages read are measured once."""

    plan: Plan
    device: Device
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        self._tasks: dict[str, TaskCard] = {arm.task.name: arm.task for arm in self.plan.grid.arms}
        for target in self.plan.grid.targets:
            self._tasks |= {target.trained.name: target.trained, target.task.name: target.task}
        #: Test items in all languages, which are evaluated together.
        self._items = {
            target.task.name: sum(target.task.languages[code] for code in target.tested.codes)
            for target in self.plan.grid.targets
        }
        self._cards = {card.name: card for card in self.plan.grid.models}
        self._trained_texts = lru_cache(maxsize=None)(self._measure_training)
        self._tested_texts = lru_cache(maxsize=None)(self._measure_test)
        self._dev_pieces = lru_cache(maxsize=None)(self._measure_dev)
        self._shapes: dict[str, Shape] = {}
        self._readers: dict[str, Reader] = {}

    def of(self, stage: Stage) -> StageCost:
        """The cost of a stage.

        Raises
        ------
        CrossliftError
            If the shape of its model is not known.
        """
        shape = self.shape(stage.model)
        if stage.kind == "load":
            return StageCost(seconds=4.0 * (shape.body + shape.words) / 1e9)
        return self._evaluation(stage, shape) if stage.kind == "evaluate" else self._training(stage, shape)

    def shape(self, model: str) -> Shape:
        """The shape of a model of the plan."""
        if model not in self._shapes:
            self._shapes[model] = find_shape(self.card(model))
        return self._shapes[model]

    def task(self, name: str) -> TaskCard:
        """The card of a task that is trained on or tested in the plan."""
        return self._tasks[name]

    def factor(self, stage: Stage) -> float:
        """FLOPs of training over those of the forward pass.

        The backward pass takes twice as many as the forward pass, or as many where weights get no gradients.
        """
        training, shape = Training(**stage.inputs["training"]), self.shape(stage.model)
        if training.method != "lora":
            return 3.0
        return 2.0 + 6.0 * shape.adapters(training.lora_rank) / forward_flops(shape, self.texts(stage).length)

    def card(self, model: str) -> ModelCard:
        """The card of a model of the plan."""
        return self._cards[model]

    def texts(self, stage: Stage) -> Texts:
        """What a stage reads."""
        if stage.kind == "evaluate":
            return self._tested_texts(stage.model, stage.task, stage.inputs["max_length"])
        training = stage.inputs["training"]
        return self._trained_texts(
            stage.model, stage.task, stage.inputs["examples"], training["max_length"], training["batch_size"]
        )

    def _training(self, stage: Stage, shape: Shape) -> StageCost:
        training, texts, half = Training(**stage.inputs["training"]), self.texts(stage), on_half(stage)
        pieces = stage.work * training.batch_size * texts.pieces
        flops = pieces * forward_flops(shape, texts.length) * self.factor(stage)
        if find_kind(self._tasks[stage.task].kind).no_target:  # its head chooses among all pieces that occur
            flops += pieces * 6.0 * shape.width * (texts.distinct or shape.vocabulary)
        own, length = self._tasks[stage.task], stage.inputs["training"]["max_length"]
        looks = stage.work // training.steps_between(stage.inputs["examples"]) if training.select == "best-dev" else 0
        looked = (looks + 1) * self._dev_pieces(stage.model, own.name, length)
        before = stage.parent is not None and stage.parent.kind != "load"
        memory = training_memory(shape, training, texts, half, self.device.kind, before)
        seconds = self.device.seconds(flops, training.precision, stage.work * texts.parts, shape.layers, True)
        dev = looked * forward_flops(shape, texts.length)
        seconds += self.device.seconds(dev, "bf16" if half else "fp32", 0, shape.layers, False)
        return StageCost(pieces + looked, flops + dev, seconds, self.kept(stage, shape), memory, texts.measured)

    def _evaluation(self, stage: Stage, shape: Shape) -> StageCost:
        texts = self.texts(stage)
        pieces = stage.work * texts.pieces
        flops = pieces * forward_flops(shape, texts.length)
        half = on_half(stage)
        room = min(EVALUATED[self.device.kind], round(self._items[stage.task] * texts.pieces))
        memory = evaluation_memory(shape, half, self.device.kind, room, self.kept(stage.parent, shape) / 4.0)
        seconds = self.device.seconds(flops, evaluated_in(stage), pieces / room, shape.layers, False)
        return StageCost(pieces, flops, seconds, CELL + stage.work * (ANSWER + 1 / 8), memory, texts.measured)

    def kept(self, stage: Stage | None, shape: Shape) -> float:
        """Bytes of a stage's checkpoint."""
        if stage is None or "training" not in stage.inputs:
            return 0.0
        training = Training(**stage.inputs["training"])
        if training.method == "lora":
            return 4.0 * shape.adapters(training.lora_rank)
        rows = 0
        if training.method == "full":
            own = [
                self.texts(step).distinct or shape.vocabulary for step in lineage(stage) if "training" in step.inputs
            ]
            rows = min(sum(own), shape.vocabulary) * shape.width
        return 4.0 * (shape.body + rows)

    def _measure_training(self, model: str, task: str, examples: int, length: int, batch_size: int) -> Texts:
        room = TRAINED[self.device.kind]
        card = self._tasks[task]
        return training_texts(self._reader(model), card, examples, length, batch_size, room, self.data_dir)

    def _measure_test(self, model: str, task: str, length: int) -> Texts:
        room = EVALUATED[self.device.kind]
        return test_texts(self._reader(model), self._tasks[task], length, room, self.data_dir)

    def _measure_dev(self, model: str, task: str, length: int) -> int:
        return dev_pieces(self._reader(model), self._tasks[task], length, self.data_dir)

    def _reader(self, model: str) -> Reader:
        return self._readers.setdefault(model, Reader(self.card(model)))


def forward_flops(shape: Shape, length: float) -> float:
    """FLOPs of one piece through all layers: two for each weight, and attention over a sequence of ``length``."""
    return shape.layers * (2.0 * shape.linear + 4.0 * length * shape.width)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of stages together.

    Attributes
    ----------
    kinds
        By kind of stage: how many, and pieces, FLOPs, seconds and bytes on disk.
    largest
        Label and components of the stage that takes the most memory.
    download
        Bytes of models by name that are not on this machine.
    guessed
        Tasks whose texts were not at hand: taken to be as long as they may be.
    """

    kinds: Mapping[str, Mapping[str, float]]
    largest: tuple[str, Mapping[str, float]]
    download: Mapping[str, float]
    guessed: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """On one device."""
        return sum(row["seconds"] for row in self.kinds.values())

    @property
    def memory(self) -> float:
        """Bytes at the peak."""
        return sum(self.largest[1].values())

    def to_json(self, device: Device) -> dict[str, Any]:
        """The form in the JSON of ``runner plan``."""
        return {
            "device": device.name,
            "kinds": {kind: dict(row) for kind, row in self.kinds.items()},
            "seconds": self.seconds,
            "peak_memory_bytes": self.memory,
            "peak_memory_stage": self.largest[0],
            "peak_memory_by_component": dict(self.largest[1]),
            "download_bytes": dict(self.download),
            "lengths_guessed": list(self.guessed),
        }


def price(prices: Prices, stages: Sequence[Stage]) -> Cost:
    """The cost of ``stages``: of target stages only one checkpoint is on disk at a time."""
    kinds: dict[str, dict[str, float]] = {}
    largest: tuple[str, Mapping[str, float]] = ("", {})
    guessed: dict[str, None] = {}
    for stage in stages:
        found = prices.of(stage)
        row = kinds.setdefault(stage.kind, dict.fromkeys(("stages", "pieces", "flops", "seconds", "disk"), 0.0))
        for name in ("pieces", "flops", "seconds"):
            row[name] += getattr(found, name)
        row["stages"] += 1
        row["disk"] = max(row["disk"], found.disk) if stage.kind == "target" else row["disk"] + found.disk
        if found.peak > sum(largest[1].values()):
            largest = stage.label, found.memory
        if not found.measured:
            guessed[stage.task] = None
    models = dict.fromkeys(stage.model for stage in stages)
    download = {
        name: 4.0 * (prices.shape(name).body + prices.shape(name).words)
        for name in models
        if _remote(prices.card(name))
    }
    return Cost(kinds, largest, download, tuple(guessed))


def _remote(card: ModelCard) -> bool:
    """Whether a model has to be downloaded."""
    if not card.source or Path(card.source).exists():
        return False
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return True
    names = ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json")
    return not any(isinstance(try_to_load_from_cache(card.source, name, revision=card.revision), str) for name in names)
