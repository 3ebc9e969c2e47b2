"""What a stage follows from, and what that says of its arithmetic."""

from __future__ import annotations

from analysis.records.condition import EVALUATION

from ..store.stage import Stage
from .training import Training


def lineage(stage: Stage) -> list[Stage]:
    """A stage and those that it follows from."""
    return [stage, *(lineage(stage.parent) if stage.parent else [])]


def evaluated_in(cell: Stage) -> str:
    """The precision of an evaluation."""
    return "bf16" if on_half(cell) else str(cell.inputs.get(EVALUATION, "fp32"))


def on_half(stage: Stage) -> bool:
    """Whether a stage holds the pretrained weights in bfloat16: all training up to it is of adapters beside them."""
    trained = [Training(**step.inputs["training"]) for step in lineage(stage) if "training" in step.inputs]
    return all(item.on_half for item in trained) if trained else stage.inputs.get("precision") == "bf16"
