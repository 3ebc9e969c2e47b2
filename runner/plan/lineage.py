"""What a stage follows from, and what that says of its arithmetic."""

from __future__ import annotations

from ..store.stage import Stage
from .training import Training


def lineage(stage: Stage) -> list[Stage]:
    """A stage and those that it follows from."""
    return [stage, *(lineage(stage.parent) if stage.parent else [])]


def on_half(stage: Stage) -> bool:
    """Whether a stage holds the pretrained weights in bfloat16: all training up to it is of adapters beside them."""
    trained = [Training(**step.inputs["training"]) for step in lineage(stage) if "training" in step.inputs]
    return all(item.on_half for item in trained) if trained else stage.inputs.get("precision") == "bf16"
