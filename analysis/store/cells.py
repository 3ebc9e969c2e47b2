"""One evaluated cell: what its JSON file and the Parquet file beside it hold, written and read here alone.

``cells/ID.json`` has ``id``, ``stage`` (what determined the outcome), ``revisions`` (of code, model and data, by what
they are a revision of), ``records`` (rows of the record schema, one per metric), ``manifest`` (versions, device, wall
time, peak memory) and ``items_sha256``, the hash of the Parquet file beside it (:mod:`analysis.store.items`). The JSON
file is written last: a Parquet file without it is what a killed run left behind, and no cell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ..core.errors import StoreError
from .items import ItemResults, items_file
from .sealed import seal, unseal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


#: Points between a share that was written and the one that its items have: sums of floats in another order.
TOLERANCE = 1e-9


class StageContent(TypedDict):
    """A stage as files have it: what determined its outcome, down to the model that was loaded."""

    id: str
    kind: str
    inputs: dict[str, Any]
    parent: StageContent | None


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


@dataclass(frozen=True, slots=True)
class Cell:
    """One evaluated cell, as it stands in its files."""

    id: str
    stage: StageContent
    revisions: Mapping[str, str]
    records: tuple[Mapping[str, Any], ...]
    manifest: Mapping[str, Any]
    items: ItemResults

    @property
    def items_sha256(self) -> str:
        """Hash of the file with the results of single items."""
        return self.items.sha256


def cell_files(
    stage: StageContent,
    revisions: Mapping[str, str],
    record: Mapping[str, Any],
    scores: Sequence[Score],
    manifest: Mapping[str, Any],
) -> tuple[bytes, bytes]:
    """The Parquet and the JSON file of a cell; ``record`` has the fields that all its scores share."""
    items = items_file([(score.metric, score.n_items, score.correct) for score in scores])
    records = [
        {
            **record,
            "metric": score.metric,
            "score": score.score,
            "n_items": score.n_items,
            **({} if score.std_error is None else {"std_error": score.std_error}),
        }
        for score in scores
    ]
    content = {
        "id": stage["id"],
        "stage": stage,
        "revisions": revisions,
        "records": records,
        "manifest": dict(manifest),
        "items_sha256": hashlib.sha256(items).hexdigest(),
    }
    return items, seal(content)


def read_cell(file: Path) -> Cell:
    """Read a cell from its JSON file, and check the Parquet file beside it.

    Raises
    ------
    StoreError
        If one of them is damaged or missing; the message leaves the name of the JSON file to the caller.
    """
    items = items_beside(file)
    try:
        content = unseal(file.read_bytes())
        cell = Cell(
            id=str(content["id"]),
            stage=_stage(content["stage"]),
            revisions=dict(content["revisions"]),
            records=tuple(dict(record) for record in content["records"]),
            manifest=dict(content["manifest"]),
            items=ItemResults(str(content["items_sha256"]), items.resolve()),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise StoreError(f"not the JSON of a cell ({reason})") from error
    if cell.id != file.stem:
        raise StoreError(f"holds the cell '{cell.id}'")
    if not items.is_file():
        raise StoreError(f"'{items.name}' beside it is missing")
    if hashlib.sha256(items.read_bytes()).hexdigest() != cell.items_sha256:
        raise StoreError(f"'{items.name}' beside it is not the file it was written with")
    for record in cell.records:
        _check_score(record, cell.items)
    return cell


def _check_score(record: Mapping[str, Any], items: ItemResults) -> None:
    """Compute a share of right items anew from the results of the items."""
    found = items.share(str(record.get("metric")))
    if found is None:
        return
    number, share = found
    said, wanted = record.get("score"), 100.0 * share
    if record.get("n_items") != number or not isinstance(said, (int, float)) or abs(said - wanted) > TOLERANCE:
        raise StoreError(
            f"says {record.get('metric')} {said} of {record.get('n_items')} items; the items themselves say {wanted:g} "
            f"of {number}"
        )


def items_beside(file: Path) -> Path:
    """The Parquet file that belongs to the JSON file of a cell."""
    return file.with_suffix(".parquet")


def _stage(content: Mapping[str, Any]) -> StageContent:
    """A stage and its parents, checked for the fields that reading uses."""
    parent = content["parent"]
    return {
        "id": str(content["id"]),
        "kind": str(content["kind"]),
        "inputs": dict(content["inputs"]),
        "parent": None if parent is None else _stage(parent),
    }
