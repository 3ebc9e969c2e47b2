"""What a stage changes of a pretrained model, in memory and as files: only that is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.core.errors import StoreError

from .words import Words

if TYPE_CHECKING:
    import torch

FILE, FACTS = "model.safetensors", "model.json"


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters: their rank, factor, dropout, and the layers that have them."""

    rank: int
    alpha: int
    dropout: float = 0.05
    targets: str | tuple[str, ...] = "all-linear"


@dataclass(frozen=True)
class State:
    """A model after some stages.

    Attributes
    ----------
    weights
        Parameters other than word embeddings, by name; empty where they are the pretrained ones.
    adapter
        Parameters of low-rank adapters; empty where there are none.
    words
        Word embeddings.
    task, head
        The task that was trained last, and the parameters of its head.
    lora
        What the adapters are, where there are any.
    """

    words: Words
    weights: Mapping[str, torch.Tensor] = field(default_factory=dict)
    adapter: Mapping[str, torch.Tensor] = field(default_factory=dict)
    task: str = ""
    head: Mapping[str, torch.Tensor] = field(default_factory=dict)
    lora: Lora | None = None

    def save(self, place: Path) -> None:
        """Write the files of a checkpoint into a directory."""
        import torch
        from safetensors.torch import save_file

        tensors: dict[str, torch.Tensor] = {}
        for part, values in (("weights", self.weights), ("adapter", self.adapter), ("head", self.head)):
            tensors |= {f"{part}.{name}": value.contiguous() for name, value in values.items()}
        if self.words.ids is not None and self.words.rows is not None:
            tensors |= {"words.ids": torch.as_tensor(self.words.ids), "words.rows": self.words.rows.contiguous()}
        save_file(tensors, place / FILE)
        facts = {
            "task": self.task,
            "factor": self.words.factor,
            "lora": None if self.lora is None else asdict(self.lora),
        }
        (place / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def load_state(place: Path, base: torch.Tensor, device: str) -> State:
    """Read a checkpoint; ``base`` are the pretrained word embeddings.

    Raises
    ------
    StoreError
        If its files are damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(place / FILE, device=device)
        facts: dict[str, Any] = json.loads((place / FACTS).read_text(encoding="utf-8"))
        factor, task, lora = float(facts["factor"]), str(facts["task"]), _lora(facts)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise StoreError(
            f"the checkpoint '{place}' is damaged ({error}).", "Remove it: its stage is then run again."
        ) from error
    parts: dict[str, dict[str, torch.Tensor]] = {"weights": {}, "adapter": {}, "head": {}, "words": {}}
    for name, value in tensors.items():
        part, _, own = name.partition(".")
        parts[part][own] = value
    words = Words(base, factor)
    if parts["words"]:
        ids: Any = parts["words"]["ids"].cpu().numpy()
        words = Words(base, factor, ids.astype(np.int64), parts["words"]["rows"])
    return State(words, parts["weights"], parts["adapter"], task, parts["head"], lora)


def _lora(facts: Mapping[str, Any]) -> Lora | None:
    """The adapters of a checkpoint; those of earlier versions say their rank alone."""
    if "lora" not in facts:
        rank = int(facts["rank"])
        return Lora(rank, 2 * rank) if rank else None
    found = facts["lora"]
    if found is None:
        return None
    targets = found["targets"]
    return Lora(
        int(found["rank"]), int(found["alpha"]), float(found["dropout"]),
        targets if isinstance(targets, str) else tuple(targets),
    )  # fmt: skip
