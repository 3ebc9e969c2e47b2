"""The files of an evaluated cell from its stage and scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.core.errors import StoreError
from analysis.store.cells import Score, StageContent, cell_files

from .stage import Stage


def cell_bytes(stage: Stage, scores: Sequence[Score], manifest: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The Parquet and the JSON file of a cell.

    Raises
    ------
    StoreError
        If a score is not a number of points, or its items do not fit it.
    """
    for score in scores:
        _check(stage, score)
    return cell_files(describe(stage), stage.revisions, stage.record, scores, manifest)


def describe(stage: Stage) -> StageContent:
    """What determined the outcome of a stage, down to the model that was loaded."""
    parent = describe(stage.parent) if stage.parent else None
    return {"id": stage.id, "kind": stage.kind, "inputs": dict(stage.inputs), "parent": parent}


def _check(stage: Stage, score: Score) -> None:
    if not math.isfinite(score.score) or not 0.0 <= score.score <= 100.0:
        raise StoreError(f"{score.metric} of {stage.label} is {score.score}.", "A score is 0 to 100 points.")
    if score.correct is not None and score.correct.shape != (score.n_items,):
        raise StoreError(
            f"{score.metric} of {stage.label} has {score.n_items} items and results of shape {score.correct.shape}."
        )
