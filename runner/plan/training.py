"""Hyperparameters of a training stage, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from analysis.core.errors import CrossliftError, did_you_mean, unknown_name

#: What is trained: everything, everything but the word embeddings, or low-rank adapters.
METHODS = ("full", "frozen-embeddings", "lora")
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True, slots=True)
class Training:
    """What determines the outcome of training beside the data and the seed.

    Attributes
    ----------
    method
        One of ``METHODS``.
    epochs, batch_size
        Passes over the examples, and examples a step (of all accumulated parts together).
    steps
        Optimiser steps; 0 means that epochs decide.
    learning_rate, weight_decay, warmup_share
        Of AdamW with linear warm-up and decay; the share is of the steps.
    max_length
        Word pieces after which a text is cut.
    precision
        One of ``PRECISIONS``.
    lora_rank
        Of the adapters, where the method is ``lora``.
    dropout
        Share of activations dropped in training; ``None`` keeps what the model was pretrained with. On a CPU drawing
        it is a quarter of the work, and short training of a small model rarely needs it.
    """

    method: str = "full"
    epochs: int = 3
    batch_size: int = 32
    steps: int = 0
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    max_length: int = 128
    precision: str = "fp32"
    lora_rank: int = 8
    dropout: float | None = None

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


_AT_LEAST = {"epochs": 1, "batch_size": 1, "steps": 0, "max_length": 1, "lora_rank": 1}
_BETWEEN = {
    "learning_rate": (0.0, 1.0), "weight_decay": (0.0, 1.0), "warmup_share": (0.0, 1.0), "dropout": (0.0, 0.9),
}  # fmt: skip


def parse_training(given: Mapping[str, Any], where: str = "training", base: Training | None = None) -> Training:
    """Read hyperparameters; what is not given keeps the value of ``base``.

    Raises
    ------
    CrossliftError
        For an unknown key or a value that the key does not take.
    """
    known = [item.name for item in fields(Training)]
    checked = asdict(base or Training())
    for key, value in given.items():
        if key not in known:
            hint = did_you_mean(str(key), known) or f"Keys: {', '.join(known)}."
            raise CrossliftError(f"unknown key '{key}' in '{where}'.", hint)
        checked[key] = _value(str(key), value, where)
    return Training(**checked)


def _value(key: str, value: Any, where: str) -> Any:
    if key in ("method", "precision"):
        allowed = METHODS if key == "method" else PRECISIONS
        if value not in allowed:
            raise unknown_name(f"{where} {key}", str(value), allowed)
        return value
    if key in _AT_LEAST:
        if isinstance(value, bool) or not isinstance(value, int) or value < _AT_LEAST[key]:
            raise CrossliftError(
                f"{key} in '{where}' is {value!r}.", f"It is a whole number of at least {_AT_LEAST[key]}."
            )
        return value
    if key == "dropout" and value is None:
        return None
    low, high = _BETWEEN[key]
    number = _float(value)
    if number is None or not low <= number <= high:
        raise CrossliftError(f"{key} in '{where}' is {value!r}.", f"It is a number from {low:g} to {high:g}.")
    return number


def _float(value: Any) -> float | None:
    """A number; also of text, because YAML reads 5e-5 as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
