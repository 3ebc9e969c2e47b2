"""Models with random weights made in memory, in sizes whose weight files would be too large to transfer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from runner.kinds.features import Features
from runner.models.backbone import Backbone
from tools.gpu.tiny_models import tiny_tokenizer

SEED = 1


def random_backbone(config: Any, device: str, half: bool = False, pooling: str = "mean", tokenizer: Any = None) -> Any:
    """A backbone of random weights, made on the device itself: a CPU takes a minute for three billion numbers.

    Parameters
    ----------
    config
        Configuration of transformers.
    device, half
        Device, and whether in bfloat16.
    pooling
        As in :class:`runner.models.backbone.Backbone`.
    tokenizer
        Tokenizer of another model whose pieces fit the vocabulary; by default one of whole words.
    """
    import torch
    from transformers import AutoModel

    make: Any = AutoModel
    kind = torch.bfloat16 if half else torch.float32
    torch.manual_seed(SEED)
    pooler = {"add_pooling_layer": False} if config.model_type in ("bert", "xlm-roberta") else {}
    with torch.device(device):
        module = make.from_config(config, dtype=kind, **pooler)
    return Backbone(module, tokenizer or _words(), pooling, int(config.hidden_size), "", 512)


def _words() -> Any:
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as place:
        tiny_tokenizer(Path(place))
        return AutoTokenizer.from_pretrained(place)


def random_features(examples: int, length: int, vocabulary: int, classes: int = 2) -> Features:
    """Sequences of equal length of random pieces, and random classes: nothing to learn, only to compute."""
    rng = np.random.default_rng(SEED)
    ids = [rng.integers(5, vocabulary, length, dtype=np.int32) for _ in range(examples)]
    targets: Any = rng.integers(classes, size=examples)
    return Features(ids, np.arange(examples), targets, np.ones(examples))


def parameters(module: Any) -> int:
    """How many parameters a module has."""
    return sum(int(value.numel()) for value in module.parameters())
