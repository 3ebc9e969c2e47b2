"""From the stores of a finished sweep to a bundled set: records with results by item, and the configuration."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from analysis.core.errors import StoreError
from analysis.records.check import check_records
from analysis.records.items_parquet import CORRECT, detach_items
from analysis.records.schema import NAMES
from analysis.records.sweep import check_revisions, store_records
from analysis.store.cells import Cell
from analysis.store.layout import StoreContent, read_store
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid

if TYPE_CHECKING:
    import pandas as pd

    from runner.store.stage import Stage

RECORDS, CONFIGURATION = "records.parquet", "configuration.json"
#: Columns in addition to the schema: the cell, which baseline it is, its steps, and its results by item.
BESIDE = ("cell", "control", "matched_steps", CORRECT)
ORDER = [
    "model", "target_task", "method", "intermediate_task", "intermediate_examples", "matched_steps", "language",
    "condition", "metric", "seed",
]  # fmt: skip


class Wanted(Protocol):
    """A cell that a set should contain: a stage of a plan, or its entry in the JSON of one."""

    @property
    def id(self) -> str:
        """The identity."""

    @property
    def label(self) -> str:
        """Its name in messages."""

    @property
    def record(self) -> Mapping[str, Any]:
        """Fields of its record."""


def collect(stores: Sequence[Path], grids: Sequence[Path], out: Path, partial: bool = False) -> str:
    """Write the records and the configuration of a sweep; returns the entries that a catalogue needs.

    Raises
    ------
    StoreError
        As :func:`write_set`, and if two stores disagree about a cell.
    """
    content = merged([read_store(path) for path in stores], grids[0].parent.name)
    rows, lines = write_set(content, {path: _planned(path) for path in grids}, out, partial)
    return "\n".join([*lines, "", entries(content.study, rows)])


def write_set(
    content: StoreContent, grids: Mapping[Path, Sequence[Wanted]], out: Path, partial: bool = False
) -> tuple[int, list[str]]:
    """Write the records and the configuration of the cells that grids ask for.

    Parameters
    ----------
    content
        The cells, and the study's name.
    grids
        Cells that each grid asks for, by the file of the grid.
    out
        The directory of the set.
    partial
        Take only the complete seeds if cells are missing.

    Returns
    -------
    int, list of str
        How many records were written, and a report of it.

    Raises
    ------
    StoreError
        If the store is damaged, cells have different revisions, a cell of a grid is missing and ``partial`` is
        false, or no seed of any model and target task is complete.
    """
    there = {cell.id for cell in content.cells}
    wanted = {cell.id: cell for cells in grids.values() for cell in cells}
    missing = [cell.label for name, cell in wanted.items() if name not in there]
    if missing and not partial:
        raise StoreError(
            f"{len(missing):,} of {len(wanted):,} cells of the grid are missing, the first: {missing[0]}.",
            "Finish the sweep with runner run, or give --partial.",
        )
    whole = whole_seeds(wanted.values(), there)
    found, cells = len(content.cells), tuple(cell for cell in content.cells if cell.id in whole)
    if not cells:
        raise StoreError("no seed of any model and target task is complete.", "Continue with runner run.")
    content = replace(content, cells=cells)
    check_revisions(content)
    frame = check_records(store_records(content), content.study, first_line=1).frame
    out.mkdir(parents=True, exist_ok=True)
    write_records(detach_items(frame), out / RECORDS)
    summary = {
        "study": content.study,
        "complete": not missing,
        "cells": len(cells),
        "cells_of_the_grids": len(wanted),
        "rows": len(frame),
        "grids": [
            {
                "file": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "cells": sum(cell.id in whole for cell in planned),
                "cells_of_the_grid": len(planned),
            }
            for path, planned in grids.items()
        ],
        "records_sha256": hashlib.sha256((out / RECORDS).read_bytes()).hexdigest(),
        **configuration(cells),
    }
    text = json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (out / CONFIGURATION).write_text(text, encoding="utf-8")
    spare = found - len(cells)
    lines = [f"{len(frame):,} rows of {len(cells):,} of {len(wanted):,} cells: {out / RECORDS}"]
    lines += [f"left out: {spare:,} cells of other grids or of incomplete seeds"] if spare else []
    return len(frame), lines


def _planned(grid: Path) -> tuple[Stage, ...]:
    return build_plan(parse_grid(yaml.safe_load(grid.read_text(encoding="utf-8")))).cells


def whole_seeds(cells: Iterable[Wanted], there: Collection[str]) -> set[str]:
    """Cells of a model, target task and seed that are complete, so that every arm rests on the same runs.

    A model evaluated without training has no seed: it belongs to every complete seed of its model and task.
    """
    blocks: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for cell in cells:
        blocks[str(cell.record["model"]), str(cell.record["target_task"]), str(cell.record["seed"])].append(cell.id)
    whole = {key for key, names in blocks.items() if key[2] and all(name in there for name in names)}
    kept = {key[:2] for key in whole}
    return {
        name
        for key, names in blocks.items()
        if key in whole or (not key[2] and key[:2] in kept)
        for name in names
        if name in there
    }


def merged(contents: Sequence[StoreContent], study: str) -> StoreContent:
    """One content from several stores, in the order of the cells' names.

    A cell in two stores is one cell if both have the same outcome.
    """
    found: dict[str, Cell] = {}
    for content in contents:
        if content.damaged:
            name, reason = content.damaged[0]
            raise StoreError(
                f"'{content.path}' has {len(content.damaged)} damaged cells, the first: cells/{name}: {reason}.",
                "Remove them and run the sweep again: existing cells are not repeated.",
            )
        for cell in content.cells:
            known = found.setdefault(cell.id, cell)
            if (known.records, known.items_sha256) != (cell.records, cell.items_sha256):
                raise StoreError(f"the cell '{cell.id}' has a different outcome in '{content.path}'.")
    if not found:
        raise StoreError("the stores do not contain an evaluated cell.")
    return StoreContent(contents[0].path, study, tuple(found[name] for name in sorted(found)), ())


def write_records(frame: pd.DataFrame, path: Path) -> None:
    """Write the columns of the set, sorted, so that the same cells give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame[[*NAMES, *BESIDE]].sort_values([*ORDER, "cell"], ignore_index=True)
    columns = {}
    for name in table.columns:
        kind = pa.string() if name in NAMES else None
        values = table[name]
        if name == CORRECT:
            kind = pa.binary()
        elif name in NAMES and values.dtype == float:
            kind = pa.float64()
        columns[name] = pa.array(values, type=kind, from_pandas=True)
    pq.write_table(pa.table(columns), path, compression="zstd", compression_level=19)


def configuration(cells: Sequence[Cell]) -> dict[str, Any]:
    """Data, versions and settings of the cells, from their stages and manifests."""
    trained: dict[str, set[str]] = {}
    revisions: dict[str, str] = {}
    versions: Counter[tuple[str, str]] = Counter()
    machines: Counter[tuple[str, ...]] = Counter()
    for cell in cells:
        revisions |= cell.revisions
        stage: Any = cell.stage
        while stage:
            if "training" in stage["inputs"]:
                trained.setdefault(stage["kind"], set()).add(json.dumps(stage["inputs"]["training"], sort_keys=True))
            stage = stage["parent"]
        manifest = cell.manifest
        versions.update((str(name), str(value)) for name, value in manifest["versions"].items())
        machines[tuple(str(manifest.get(name, "")) for name in ("device", "python", "threads", "git"))] += 1
    return {
        "training": {kind: [json.loads(text) for text in sorted(found)] for kind, found in sorted(trained.items())},
        "revisions": dict(sorted(revisions.items())),
        "versions": [{"package": name, "version": value, "cells": n} for (name, value), n in sorted(versions.items())],
        "ran_on": [
            dict(zip(("device", "python", "threads", "git"), found, strict=True)) | {"cells": n}
            for found, n in sorted(machines.items())
        ],
    }


def entries(study: str, rows: int) -> str:
    """The entry of ``data/catalog.toml`` and the line of ``PROVENANCE.md``, to be committed with the data."""
    return f'''data/catalog.toml:

[[set]]
name = "{study}"
kind = "records"
file = "{study}/{RECORDS}"
gains = true
own = true
title = "me5-small cut after some of its layers: intermediate tasks, and as many steps on the target task instead"
source = "runner, with the grids in data/published/{study}"
grade = "M"
traps = [
  "The depths are truncations of one checkpoint, not models pretrained at several sizes.",
  "e5 was tuned for retrieval: Tatoeba does not show the effect of an intermediate stage on retrieval in other models.",
  "Every intermediate row has two baselines, plain and equal-steps; --baseline chooses one.",
]

data/published/PROVENANCE.md:

| `{study}` | {rows:,} | own sweep of the grids in `{study}/`, with what `{study}/{CONFIGURATION}` says | M |'''
