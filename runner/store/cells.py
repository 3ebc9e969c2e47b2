"""The bytes of an evaluated cell, in the format that ``analysis.store.layout`` documents."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.core.errors import StoreError

from ..plan.stage import Stage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Score:
    """One metric of one cell.

    Attributes
    ----------
    metric
        ``acc``, ``macro_f1``, …
    score
        Points, 0 to 100.
    n_items
        Items behind it.
    correct
        Which items are right, shape ``(n_items,)``, where the metric judges items one by one.
    std_error
        In points, where it is known otherwise than from the items.
    """

    metric: str
    score: float
    n_items: int
    correct: NDArray[np.bool_] | None = None
    std_error: float | None = None


def cell_bytes(stage: Stage, scores: Sequence[Score], manifest: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The Parquet and the JSON file of a cell.

    Raises
    ------
    StoreError
        If a score is not a number of points, or its items do not fit it.
    """
    for score in scores:
        _check(stage, score)
    items = _items(scores)
    records = [
        {
            **stage.record,
            "metric": score.metric,
            "score": score.score,
            "n_items": score.n_items,
            **({} if score.std_error is None else {"std_error": score.std_error}),
        }
        for score in scores
    ]
    content = {
        "id": stage.id,
        "stage": describe(stage),
        "revisions": stage.revisions,
        "records": records,
        "manifest": dict(manifest),
        "items_sha256": hashlib.sha256(items).hexdigest(),
    }
    return items, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode()


def describe(stage: Stage) -> dict[str, Any]:
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


def _items(scores: Sequence[Score]) -> bytes:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = [None if s.correct is None else np.packbits(s.correct.astype(bool)).tobytes() for s in scores]
    table = pa.table(
        {
            "metric": pa.array([s.metric for s in scores], pa.string()),
            "items": pa.array([s.n_items for s in scores], pa.int64()),
            "correct": pa.array(packed, pa.binary()),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()
