"""The directory of a sweep's store: its folders and files by name, its header, and all its cells.

Layout of a store::

    store.json             {"format": 1, "study": NAME}
    cells/ID.json          one evaluated cell: what was measured and how (analysis.store.cells)
    cells/ID.parquet       one row per metric, with the results of single items (analysis.store.items)
    predictions/ID.ENDING.xz     what the model answered in a cell, in the form of a submission to a benchmark
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
from .sealed import seal, unseal

FORMAT = 1
HEADER = "store.json"
#: Stages of a sweep, in the order in which they follow from one another.
STAGES = ("load", "intermediate", "target", "evaluate")


class Folder(StrEnum):
    """Folders of a store."""

    CELLS = "cells"
    PREDICTIONS = "predictions"
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


def predictions_file(path: Path, cell: str, ending: str) -> Path:
    """The compressed predictions of a cell, by its identity and the ending of their form."""
    return path / Folder.PREDICTIONS / f"{cell}.{ending}.xz"


def read_predictions(path: Path, cell: str) -> tuple[str, str] | None:
    """Ending and text of the predictions of a cell; ``None`` where the store does not have them.

    Raises
    ------
    StoreError
        If the file is damaged.
    """
    import lzma

    for file in (path / Folder.PREDICTIONS).glob(f"{cell}.*.xz"):
        try:
            return file.name.split(".")[1], lzma.decompress(file.read_bytes()).decode()
        except (lzma.LZMAError, UnicodeDecodeError, EOFError) as error:
            hint = "Remove it, and its cell to evaluate it anew."
            raise StoreError(f"'{file}' is damaged: {error}.", hint) from error
    return None


def header(study: str) -> bytes:
    """What ``store.json`` holds."""
    return seal({"format": FORMAT, "study": study}, indent=None) + b"\n"


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
        content = unseal(file.read_bytes())
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
    return seal({"stage": stage, "manifest": dict(manifest)})


def read_manifest(file: Path) -> dict[str, Any]:
    """How a finished stage was run, from its JSON file; a cell's too.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If it is damaged.
    """
    return dict(unseal(file.read_bytes())["manifest"])


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


def damaged_files(path: Path) -> dict[str, str]:
    """Files of finished stages and cells that cannot be read or do not fit, and what is wrong with each."""
    found = {f"{Folder.CELLS}/{name}": reason for name, reason in read_store(path).damaged}
    for file in finished(path, Folder.STAGES):
        try:
            read_manifest(file)
        except (OSError, ValueError, KeyError, TypeError) as error:
            found[f"{Folder.STAGES}/{file.name}"] = f"not the JSON of a stage ({error})"
    return found


def content_hash(content: StoreContent) -> str:
    """SHA-256 over the cells of a store, whatever the order in which they were written."""
    total = hashlib.sha256()
    for cell in content.cells:
        total.update(json.dumps([cell.id, *map(dict, cell.records), cell.items_sha256], sort_keys=True).encode())
    return total.hexdigest()
