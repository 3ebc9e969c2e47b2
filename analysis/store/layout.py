"""The store that ``runner`` writes: one JSON and one Parquet file for each evaluated cell.

Layout of a store::

    store.json             {"format": 1, "study": NAME}
    cells/ID.json          one evaluated cell: what was measured and how (below)
    cells/ID.parquet       one row a metric with per-item results: metric, items, correct
    stages/  checkpoints/  claims/  plans/       the runner's own

``cells/ID.json`` has ``id``, ``stage`` (what determined the outcome), ``revisions`` (of code, model and data, by what
they are a revision of), ``records`` (rows of the record schema, one a metric), ``manifest`` (versions, device, wall
time, peak memory) and ``items_sha256``, the hash of the Parquet file beside it. ``correct`` holds one bit an item,
eight to a byte, the first item in the highest bit (:func:`numpy.packbits`); what is not right or wrong has no bits.

Records carry the hash of the Parquet file as ``items``: by it :func:`item_results` finds the results of single items
again, in whatever way rows were filtered, joined or sorted meanwhile, for as long as the process lives.

The JSON file is written last. A Parquet file without it is what a killed run left behind, and no cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import StoreError
from ..outcomes.baselines import against

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FORMAT = 1
#: Where the results of single items were read in this process, by the hash of the file.
_ITEM_FILES: dict[str, Path] = {}
#: Results of single items that came with a table of records, by hash and metric: how many, and their bits.
_ITEM_BITS: dict[tuple[str, str], tuple[int, bytes]] = {}


@dataclass(frozen=True, slots=True)
class Cell:
    """One evaluated cell, as it stands in its JSON file."""

    id: str
    stage: Mapping[str, Any]
    revisions: Mapping[str, str]
    records: tuple[Mapping[str, Any], ...]
    manifest: Mapping[str, Any]
    items_sha256: str


@dataclass(frozen=True, slots=True)
class StoreContent:
    """Cells that could be read, in the order of their names, and damaged files with what is wrong with them."""

    path: Path
    study: str
    cells: tuple[Cell, ...]
    damaged: tuple[tuple[str, str], ...]


def is_store(path: Path) -> bool:
    """Whether ``path`` is the directory of a store."""
    return (path / "store.json").is_file()


def read_header(path: Path) -> str:
    """Name of the study that a store holds.

    Raises
    ------
    StoreError
        If it is no store, or one of a format that this version does not know.
    """
    header = path / "store.json"
    if not header.is_file():
        what = "has no store.json" if path.is_dir() else "is no directory"
        raise StoreError(f"'{path}' is no store: it {what}.", "Give the directory that a sweep wrote to.")
    try:
        content = json.loads(header.read_text(encoding="utf-8"))
        found, study = content["format"], str(content["study"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"'{header}' is damaged: {error}.", 'Write {"format": 1, "study": "NAME"} into it; the cells are unharmed.'
        ) from error
    if found != FORMAT:
        raise StoreError(f"'{path}' has format {found}; this version reads {FORMAT}.", "Install a newer crosslift.")
    return study


def read_store(path: Path) -> StoreContent:
    """Read every cell of a store; a damaged file is named and costs that cell alone."""
    study = read_header(path)
    cells, damaged = [], []
    for file in sorted((path / "cells").glob("[!.]*.json")):
        try:
            cells.append(_read_cell(file))
        except StoreError as error:
            damaged.append((file.name, error.message))
    return StoreContent(path, study, tuple(cells), tuple(damaged))


def check_revisions(content: StoreContent) -> None:
    """Refuse cells that rest on different revisions of the same thing.

    Raises
    ------
    StoreError
        With both values and how many cells have each.
    """
    found: dict[str, dict[str, int]] = {}
    for cell in content.cells:
        for what, revision in cell.revisions.items():
            counts = found.setdefault(what, {})
            counts[revision] = counts.get(revision, 0) + 1
    mixed = {what: counts for what, counts in found.items() if len(counts) > 1}
    if mixed:
        what, counts = next(iter(mixed.items()))
        values = " and ".join(f"'{revision}' ({cells} cells)" for revision, cells in sorted(counts.items()))
        more = f" {len(mixed) - 1} more revisions are mixed as well." if len(mixed) > 1 else ""
        raise StoreError(
            f"'{content.path}' mixes revisions of the {what}: {values}.{more}",
            "Scores of different revisions are no repetitions: write each sweep to a store of its own, or read them "
            "together with: runner results STORE --mixed.",
        )


def store_records(content: StoreContent, baseline: str = "plain") -> pd.DataFrame:
    """Rows of the record schema, one a cell and metric.

    Besides the schema they have ``cell`` (its identity), ``items`` (the hash of the file with its results by item),
    ``control`` (``steps`` for a baseline that trained for as many steps as an intermediate stage) and ``matched_steps``
    (how many those are).

    A baseline that was evaluated without any training has no seed; it stands once for each seed of the intermediate
    runs that it is compared with. With ``baseline="steps"`` each intermediate row shares its ``condition`` with the
    baseline that trained for as many steps, so that pairing finds that one and not the plain one.

    Where target stages of one task were trained in several ways (sizes, epochs, learning rates), the settings that vary
    are part of ``condition``, so that a gain pairs runs whose target stages were trained alike. Where intermediate
    stages of one task and size were, they are different intermediate tasks, named by the settings that vary.

    Raises
    ------
    StoreError
        If the store has no cell that can be read.
    """
    import pandas as pd

    varying, arms = _varying_settings(content), _varying_arms(content)
    rows = [
        {**record, "study": content.study, "cell": cell.id, "items": cell.items_sha256, "revision": revision_text(cell)}
        for cell in content.cells
        for record in cell.records
    ]
    if not rows:
        raise StoreError(f"'{content.path}' has no evaluated cell that can be read.", "'runner status' says more.")
    rows = _per_seed(rows)
    for row in rows:
        settings = varying.get(row["cell"])
        if settings:
            row["condition"] = "; ".join(filter(None, (row.get("condition"), settings)))
        if arms.get(row["cell"]):
            row["intermediate_task"] = f"{row['intermediate_task']} ({arms[row['cell']]})"
    return against(pd.DataFrame(rows), baseline)


def revision_text(cell: Cell) -> str:
    """What a cell rests on, in short: ten characters that differ wherever a revision does."""
    text = json.dumps(dict(cell.revisions), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def read_bits(path: Path, cell: str, metric: str) -> NDArray[np.bool_] | None:
    """Which items of a cell are right, in the order of the data; ``None`` where the metric does not judge items.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    return _bits(path / "cells" / f"{cell}.parquet", metric)


@lru_cache(maxsize=2**16)
def item_results(sha256: str, metric: str) -> NDArray[np.bool_] | None:
    """Which items are right, in the order of the data, by the hash of the file that holds them.

    ``None`` where no store with that file, and no table with these results, was read in this process, or the metric
    does not judge items.
    """
    if (sha256, metric) in _ITEM_BITS:
        return _unpacked(*_ITEM_BITS[sha256, metric])
    file = _ITEM_FILES.get(sha256)
    return None if file is None else _bits(file, metric)


def keep_items(metric: str, items: int, correct: bytes) -> str:
    """Keep the results of single items for :func:`item_results`; returns the hash that finds them again."""
    name = hashlib.sha256(f"{metric} {items} ".encode() + correct).hexdigest()
    if (name, metric) not in _ITEM_BITS:
        item_results.cache_clear()  # it may have been asked for before it was there
    _ITEM_BITS[name, metric] = items, correct
    return name


def _unpacked(items: int, correct: bytes) -> NDArray[np.bool_]:
    import numpy as np

    return np.unpackbits(np.frombuffer(correct, dtype=np.uint8), count=items).astype(bool)


def _bits(file: Path, metric: str) -> NDArray[np.bool_] | None:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            file
        ) as content:  # read_table looks for a data set in the directory first: 8 times the time
            rows = content.read().to_pylist()
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise StoreError(f"'{file}' cannot be read: {str(error).splitlines()[0]}.") from error
    for row in rows:
        if row["metric"] == metric and row["correct"] is not None:
            return _unpacked(row["items"], row["correct"])
    return None


def content_hash(content: StoreContent) -> str:
    """SHA-256 over the cells of a store, whatever the order in which they were written."""
    total = hashlib.sha256()
    for cell in content.cells:
        total.update(json.dumps([cell.id, *map(dict, cell.records), cell.items_sha256], sort_keys=True).encode())
    return total.hexdigest()


def _varying_settings(content: StoreContent) -> dict[str, str]:
    """For each cell, how its target stage was trained, as far as that varies between the cells of its task."""
    settings = {}
    for cell in content.cells:
        inputs, parent = dict(cell.stage["inputs"]), cell.stage.get("parent")
        found = {"evaluated_length": str(inputs.get("max_length", ""))}
        if parent and parent["kind"] == "target":
            trained = parent["inputs"]
            found |= {"train_examples": str(trained["examples"])}
            found |= {key: str(value) for key, value in trained["training"].items()}
        settings[cell.id] = (str(inputs.get("task")), found)
    return _what_varies(settings)


def _varying_arms(content: StoreContent) -> dict[str, str]:
    """For each cell, how its intermediate stage was trained, as far as that varies for its task and size."""
    settings = {}
    for cell in content.cells:
        stage = cell.stage.get("parent")
        while stage and stage["kind"] != "intermediate":
            stage = stage.get("parent")
        if stage:
            inputs = stage["inputs"]
            arm = f"{inputs.get('task')}:{inputs.get('examples')}"
            settings[cell.id] = (arm, {key: str(value) for key, value in inputs.get("training", {}).items()})
    return _what_varies(settings)


def _what_varies(settings: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Of the settings of each cell those that differ from another cell's of the same group; by cell."""
    values: dict[str, dict[str, set[str]]] = {}
    for group, found in settings.values():
        for key, value in found.items():
            values.setdefault(group, {}).setdefault(key, set()).add(value)
    return {
        cell: "; ".join(f"{key}={value}" for key, value in found.items() if len(values[group][key]) > 1)
        for cell, (group, found) in settings.items()
    }


def _per_seed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Baselines without a seed, once for each seed of the intermediate rows that share everything else with them."""
    seeds: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        if row.get("method") == "intermediate":
            seeds.setdefault(_compared(row), set()).add(row["seed"])
    repeated = []
    for row in rows:
        own = sorted(seeds.get(_compared(row), ())) if row.get("method") == "baseline" and not row.get("seed") else []
        repeated += [{**row, "seed": seed} for seed in own] or [row]
    return repeated


def _compared(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("model", "target_task", "language", "metric", "split"))


def _stage(content: Mapping[str, Any]) -> dict[str, Any]:
    """A stage and its parents, checked for the fields that reading uses."""
    parent = content["parent"]
    return {
        "id": str(content["id"]),
        "kind": str(content["kind"]),
        "inputs": dict(content["inputs"]),
        "parent": None if parent is None else _stage(parent),
    }


def _read_cell(file: Path) -> Cell:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        cell = Cell(
            id=str(content["id"]),
            stage=_stage(content["stage"]),
            revisions=dict(content["revisions"]),
            records=tuple(dict(record) for record in content["records"]),
            manifest=dict(content["manifest"]),
            items_sha256=str(content["items_sha256"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise StoreError(f"not the JSON of a cell ({reason})") from error
    if cell.id != file.stem:
        raise StoreError(f"holds the cell '{cell.id}'")
    items = file.with_suffix(".parquet")
    if not items.is_file():
        raise StoreError(f"'{items.name}' beside it is missing")
    if hashlib.sha256(items.read_bytes()).hexdigest() != cell.items_sha256:
        raise StoreError(f"'{items.name}' beside it is not the file it was written with")
    if cell.items_sha256 not in _ITEM_FILES:
        item_results.cache_clear()  # it may have been asked for before it was there
    _ITEM_FILES[cell.items_sha256] = items.resolve()
    return cell
