"""A tiny model ready to train, and the examples of the acceptance kit for GPUs."""

from __future__ import annotations

from pathlib import Path

from runner.models.backbone import load_backbone
from runner.models.catalog import find_model
from runner.training.bench import Bench
from tests.runner.models import tiny_model
from tools.gpu.examples import choices, pairs, questions, sentences, sides, texts

__all__ = ["bench", "choices", "pairs", "questions", "sentences", "sides", "texts"]


def bench(place: Path, kind: str = "bert") -> Bench:
    """A model of random weights, loaded."""
    return Bench(load_backbone(find_model(str(tiny_model(place / kind, kind)))))
