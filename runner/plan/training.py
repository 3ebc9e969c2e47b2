"""Hyperparameters of a training stage, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from analysis.core.errors import CrossliftError, unknown_name
from analysis.core.typed import read_typed

from ..kinds.registry import find_kind

Method = Literal["full", "frozen-embeddings", "lora"]
Precision = Literal["fp32", "tf32", "bf16"]
Select = Literal["last", "best-dev"]
METHODS: tuple[Method, ...] = get_args(Method)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
#: Numbers that a hyperparameter takes, with the words for them.
Counted = Annotated[int, Meta(ge=1, description="a whole number of at least 1")]
Share = Annotated[float, Meta(ge=0.0, le=1.0, description="a number from 0 to 1")]
Dropped = Annotated[float, Meta(ge=0.0, le=0.9, description="a number from 0 to 0.9")]


@dataclass(frozen=True, slots=True)
class Training:
    """What determines the outcome of training beside the data and the seed.

    Attributes
    ----------
    method
        What is trained: everything, everything but the word embeddings, or low-rank adapters.
    epochs, batch_size
        Passes over the examples, and examples a step (of all accumulated parts together).
    steps
        Optimiser steps; 0 means that epochs decide.
    learning_rate, weight_decay, warmup_share
        Of AdamW with linear warm-up and decay; the share is of the steps.
    max_length
        Word pieces after which a text is cut, or of a window; ``None`` for what is usual for the kind of task.
    precision
        Of the arithmetic: single, single with matrices multiplied in TF32 (on GPUs that have it), or mixed.
    select, dev_every
        The state that is kept: of the last step, or the one with the best score on the dev split, the first of equal
        ones; and the steps between two of these scores (0: those of an epoch). The last step has one in any case.
    lora_rank, lora_alpha, lora_dropout, lora_targets
        Of the adapters, where the method is ``lora``: their rank, the factor of what they add (divided by the rank; by
        default twice the rank), the share of their input that is dropped, and the names of the layers that have them.
    dropout
        Share of activations of the model and its head dropped in training; ``None`` keeps what the model was pretrained
        with. On a CPU drawing it is a quarter of the work, and short training of a small model rarely needs it.
    """

    method: Method = "full"
    epochs: Counted = 3
    batch_size: Counted = 32
    steps: Annotated[int, Meta(ge=0, description="a whole number of at least 0")] = 0
    learning_rate: Share = 5e-5
    weight_decay: Share = 0.01
    warmup_share: Share = 0.1
    max_length: Counted | None = None
    precision: Precision = "fp32"
    lora_rank: Counted = 8
    lora_alpha: Counted | None = None
    lora_dropout: Dropped = 0.05
    lora_targets: str | tuple[str, ...] = "all-linear"
    dropout: Dropped | None = None
    select: Select = "last"
    dev_every: Annotated[int, Meta(ge=0, description="a whole number of at least 0")] = 0

    def for_kind(self, name: str, task: str) -> Training:
        """With the lengths of a kind of task.

        Raises
        ------
        CrossliftError
            If ``max_length`` is too short for it.
        """
        kind = find_kind(name)
        length = kind.max_length if self.max_length is None else self.max_length
        if length < kind.shortest:
            raise CrossliftError(
                f"max_length {length} leaves no room for a window of '{task}'.", f"Give at least {kind.shortest}."
            )
        return replace(self, max_length=length)

    def steps_for(self, examples: int) -> int:
        """Optimiser steps over ``examples`` training examples."""
        return self.steps or self.epochs * math.ceil(examples / self.batch_size)

    def steps_between(self, examples: int) -> int:
        """Steps between two scores on the dev split."""
        return self.dev_every or math.ceil(examples / self.batch_size)

    @property
    def on_half(self) -> bool:
        """Whether it needs no more than bfloat16 of the pretrained weights: adapters alone are trained, beside them."""
        return self.method == "lora" and self.precision == "bf16"

    @property
    def alpha(self) -> int:
        """The factor of adapters."""
        return 2 * self.lora_rank if self.lora_alpha is None else self.lora_alpha

    def inputs(self) -> dict[str, Any]:
        """The part of a stage's identity; what has no effect is left out."""
        used = asdict(self)
        used.pop("epochs" if self.steps else "steps")
        if self.method == "lora":
            used["lora_alpha"] = self.alpha
            used["lora_targets"] = self.lora_targets if isinstance(self.lora_targets, str) else list(self.lora_targets)
        else:
            used = {key: value for key, value in used.items() if not key.startswith("lora_")}
        if self.dropout is None:
            used.pop("dropout")
        if self.select == "last":
            used.pop("select")
            used.pop("dev_every")
        return used


@dataclass(frozen=True, slots=True)
class Trainings:
    """Hyperparameters of one kind of stage: the usual ones, and those of single tasks by name."""

    usual: Training
    own: Mapping[str, Training] = field(default_factory=dict)

    def of(self, task: str) -> Training:
        """Those of a task."""
        return self.own.get(task, self.usual)


def parse_trainings(given: Mapping[str, Any], where: str, base: Training, tasks: Sequence[str]) -> Trainings:
    """Read the hyperparameters of one kind of stage: keys, and for single tasks mappings of keys under their names.

    Raises
    ------
    CrossliftError
        As :func:`parse_training`, and for a task that is none of ``tasks``.
    """
    shared = {key: value for key, value in given.items() if not isinstance(value, Mapping)}
    usual = parse_training(shared, where, base)
    own = {}
    for name, values in given.items():
        if isinstance(values, Mapping):
            if name not in tasks:
                raise unknown_name(f"task of '{where}'", str(name), tasks)
            own[str(name)] = parse_training(values, f"{where}: {name}", usual)
    return Trainings(usual, own)


def parse_training(given: Mapping[str, Any], where: str = "training", base: Training | None = None) -> Training:
    """Read hyperparameters; what is not given keeps the value of ``base``.

    Raises
    ------
    CrossliftError
        For an unknown key or a value that the key does not take.
    """
    return read_typed(Training, given, f"in '{where}'", base)
