"""Shapes of models: what their FLOPs and memory follow from, read without loading a weight."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError

from ..models.catalog import REVISION, ModelCard

#: Config values of models that are often planned with before they are downloaded: layers, width, inner width, heads,
#: vocabulary; from their ``config.json`` on the hub.
KNOWN = {
    "xlm-roberta-base": (12, 768, 3072, 12, 250_002),
    "xlm-roberta-large": (24, 1024, 4096, 16, 250_002),
    "bert-base-multilingual-cased": (12, 768, 3072, 12, 119_547),
}
#: Families whose layers have three matrices in place of two behind attention.
GATED = ("llama", "qwen", "gemma", "mistral", "modernbert", "mt5", "umt5")


@dataclass(frozen=True, slots=True)
class Shape:
    """Layers, their widths, and the vocabulary. ``keys`` is the width of keys and values together per side."""

    layers: int
    width: int
    inner: int
    heads: int
    vocabulary: int
    keys: int
    gated: bool = False

    @property
    def linear(self) -> int:
        """Weights of the linear layers of one layer."""
        return 2 * self.width * (self.width + self.keys) + (3 if self.gated else 2) * self.width * self.inner

    @property
    def body(self) -> int:
        """Parameters but the word embeddings: linear layers with biases and norms, and positions of an encoder."""
        biases = 0 if self.gated else 3 * self.width + 2 * self.keys + self.inner + 4 * self.width
        return self.layers * (self.linear + biases) + (0 if self.gated else 516 * self.width)

    @property
    def words(self) -> int:
        """Parameters of the word embeddings."""
        return self.vocabulary * self.width

    def adapters(self, rank: int) -> int:
        """Parameters of adapters on every linear layer."""
        sides = 4 * self.width + 2 * (self.width + self.keys) + (3 if self.gated else 2) * (self.width + self.inner)
        return self.layers * rank * sides


def find_shape(card: ModelCard) -> Shape:
    """The shape of a model.

    Raises
    ------
    CrossliftError
        If its configuration is not on this machine.
    """
    if card.revision == REVISION:
        return _of(card.layers, 384, 1536, 12, 250_002)
    if card.source.endswith(".npz"):
        from ..models.me5 import read_weights

        return _of(card.layers, 384, 1536, 12, len(read_weights(Path(card.source)).pieces))
    path = Path(card.source) / "config.json"
    if not path.is_file():
        found = _cached(card)
        if found is None:
            short = card.name.rpartition("/")[2]
            if short in KNOWN:
                return _of(*KNOWN[short])
            raise CrossliftError(
                f"the shape of model '{card.name}' is not known here.", "Download its config.json, or give a directory."
            )
        path = found
    return read_shape(json.loads(path.read_text(encoding="utf-8")))


def read_shape(config: Mapping[str, Any]) -> Shape:
    """The shape that a configuration of transformers says."""
    text = config.get("text_config", config)
    kind = str(text.get("model_type", ""))

    def first(*names: str) -> int:
        return next(int(text[name]) for name in names if text.get(name))

    width, heads = first("hidden_size", "d_model", "n_embd"), first("num_attention_heads", "num_heads", "n_head")
    size = int(text.get("head_dim") or text.get("d_kv") or width // heads)
    return Shape(
        layers=first("num_hidden_layers", "num_layers", "n_layer"),
        width=width,
        inner=int(text.get("intermediate_size") or text.get("d_ff") or text.get("n_inner") or 4 * width),
        heads=heads,
        vocabulary=int(text["vocab_size"]),
        keys=int(text.get("num_key_value_heads") or heads) * size,
        gated=any(name in kind for name in GATED),
    )


def _of(layers: int, width: int, inner: int, heads: int, vocabulary: int) -> Shape:
    return Shape(layers, width, inner, heads, vocabulary, width)


def _cached(card: ModelCard) -> Path | None:
    """The configuration in the hub's cache."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(card.source, "config.json", revision=card.revision)
    return Path(found) if isinstance(found, str) else None
