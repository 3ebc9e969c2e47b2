"""Hyperparameters of a training stage, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from analysis.core.typed import read_typed

Method = Literal["full", "frozen-embeddings", "lora"]
Precision = Literal["fp32", "bf16"]
METHODS: tuple[Method, ...] = get_args(Method)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
#: Numbers that a hyperparameter takes, with the words for them.
Counted = Annotated[int, Meta(ge=1, description="a whole number of at least 1")]
Share = Annotated[float, Meta(ge=0.0, le=1.0, description="a number from 0 to 1")]


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
        Word pieces after which a text is cut.
    precision
        Of the arithmetic.
    lora_rank
        Of the adapters, where the method is ``lora``.
    dropout
        Share of activations dropped in training; ``None`` keeps what the model was pretrained with. On a CPU drawing
        it is a quarter of the work, and short training of a small model rarely needs it.
    """

    method: Method = "full"
    epochs: Counted = 3
    batch_size: Counted = 32
    steps: Annotated[int, Meta(ge=0, description="a whole number of at least 0")] = 0
    learning_rate: Share = 5e-5
    weight_decay: Share = 0.01
    warmup_share: Share = 0.1
    max_length: Counted = 128
    precision: Precision = "fp32"
    lora_rank: Counted = 8
    dropout: Annotated[float, Meta(ge=0.0, le=0.9, description="a number from 0 to 0.9")] | None = None

    def steps_for(self, examples: int) -> int:
        """Optimiser steps over ``examples`` training examples."""
        return self.steps or self.epochs * math.ceil(examples / self.batch_size)

    @property
    def on_half(self) -> bool:
        """Whether it needs no more than bfloat16 of the pretrained weights: adapters alone are trained, beside them."""
        return self.method == "lora" and self.precision == "bf16"

    def inputs(self) -> dict[str, Any]:
        """The part of a stage's identity; what has no effect is left out."""
        used = asdict(self)
        used.pop("epochs" if self.steps else "steps")
        if self.method != "lora":
            used.pop("lora_rank")
        if self.dropout is None:
            used.pop("dropout")
        return used


def parse_training(given: Mapping[str, Any], where: str = "training", base: Training | None = None) -> Training:
    """Read hyperparameters; what is not given keeps the value of ``base``.

    Raises
    ------
    CrossliftError
        For an unknown key or a value that the key does not take.
    """
    return read_typed(Training, given, f"in '{where}'", base)
