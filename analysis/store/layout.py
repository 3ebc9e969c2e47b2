"""The directory of a sweep's store: its folders and files by name, its header, and all its cells.

Layout of a store::

    store.json             {"format": 1, "study": NAME}
    cells/ID.json          one evaluated cell: what was measured and how (analysis.store.cells)
    cells/ID.parquet       one row per metric, with the results of single items (analysis.store.items)
    stages/ID.json         one finished stage other than an evaluation: {"stage": …, "manifest": …}
    checkpoints/  claims/  plans/  failures/     the runner's own; locks are in claims/

Names that begin with a dot are being written: no reader takes them for a result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..core.errors import StoreError
from .cells import Cell, StageContent, read_cell

FORMAT = 1
HEADER = "store.json"
#: Stages of a sweep, in the order in which they follow from one another.
STAGES = ("load", "intermediate", "target", "evaluate")


class Folder(StrEnum):
    """Folders of a store."""

    CELLS = "cells"
    STAGES = "stages"
    CHECKPOINTS = "checkpoints"
    LOCKS = "claims"
    PLANS = "plans"
    FAILURES = "failures"


@dataclass(frozen=True, slots=True)
class StoreContent:
    """Cells that could be read, in the order of their names, and damaged files with what is wrong with them."""

    path: Path
    study: str
    cells: tuple[Cell, ...]
    damaged: tuple[tuple[str, str], ...]


def is_store(path: Path) -> bool:
    """Whether ``path`` is the directory of a store."""
    return (path / HEADER).is_file()


def finished(path: Path, folder: Folder, ending: str = ".json") -> list[Path]:
    """Entries of a folder with an ending, sorted, but for those that are being written."""
    return sorted((path / folder).glob(f"[!.]*{ending}"))


def result_file(path: Path, stage: str, kind: str) -> Path:
    """The JSON file of a finished stage, by its identity and kind."""
    return path / (Folder.CELLS if kind == "evaluate" else Folder.STAGES) / f"{stage}.json"


def header(study: str) -> bytes:
    """What ``store.json`` holds."""
    return (json.dumps({"format": FORMAT, "study": study}) + "\n").encode()


def read_header(path: Path) -> str:
    """Name of the study that a store holds.

    Raises
    ------
    StoreError
        If it is not a store, or one of a format that this version does not know.
    """
    file = path / HEADER
    if not file.is_file():
        what = "has no store.json" if path.is_dir() else "is not a directory"
        raise StoreError(f"'{path}' is not a store: it {what}.", "Give the directory that a sweep wrote to.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found, study = content["format"], str(content["study"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"'{file}' is damaged: {error}.", 'Write {"format": 1, "study": "NAME"} into it; the cells are unharmed.'
        ) from error
    if found != FORMAT:
        raise StoreError(f"'{path}' has format {found}; this version reads {FORMAT}.", "Install a newer crosslift.")
    return study


def stage_file(stage: StageContent, manifest: Mapping[str, Any]) -> bytes:
    """What ``stages/ID.json`` holds."""
    return json.dumps({"stage": stage, "manifest": dict(manifest)}, indent=1).encode()


def read_manifest(file: Path) -> dict[str, Any]:
    """How a finished stage was run, from its JSON file; a cell's too.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If it is damaged.
    """
    return dict(json.loads(file.read_text(encoding="utf-8"))["manifest"])


def read_store(path: Path) -> StoreContent:
    """Read every cell of a store; a damaged file is named and costs that cell alone."""
    study = read_header(path)
    cells, damaged = [], []
    for file in finished(path, Folder.CELLS):
        try:
            cells.append(read_cell(file))
        except StoreError as error:
            damaged.append((file.name, error.message))
    return StoreContent(path, study, tuple(cells), tuple(damaged))


def content_hash(content: StoreContent) -> str:
    """SHA-256 over the cells of a store, whatever the order in which they were written."""
    total = hashlib.sha256()
    for cell in content.cells:
        total.update(json.dumps([cell.id, *map(dict, cell.records), cell.items_sha256], sort_keys=True).encode())
    return total.hexdigest()
