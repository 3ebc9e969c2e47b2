"""How long the stages of a sweep took, from the manifests in its store."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import StoreError
from .layout import read_header

TIMED = ("intermediate", "target", "evaluate")


@dataclass(frozen=True, slots=True)
class Timing:
    """One finished stage: wall seconds, and the optimiser steps or evaluated items (``work``) that they went into."""

    kind: str
    model: str
    task: str
    seconds: float
    work: float
    device: str


@dataclass(frozen=True, slots=True)
class Timings:
    """What a store says of time, and how many of its finished stages say nothing that can be used."""

    path: Path
    rows: tuple[Timing, ...]
    untimed: int


def read_timings(path: Path) -> Timings:
    """Timings of the training and evaluating stages of a store.

    Raises
    ------
    StoreError
        If it is no store, or no finished stage in it was timed.
    """
    read_header(path)
    rows, untimed = [], 0
    for folder in ("stages", "cells"):
        for file in sorted((path / folder).glob("[!.]*.json")):
            try:
                row = _timing(json.loads(file.read_text(encoding="utf-8"))["manifest"])
            except (OSError, ValueError, KeyError, TypeError):
                untimed += 1
                continue
            if row.kind in TIMED:
                rows.append(row)
    if not rows:
        finished = f"none of its {untimed} finished stages says how long it took" if untimed else "it has no stage"
        raise StoreError(
            f"'{path}' holds no timings: {finished}.",
            "Run a part of the sweep first (runner run), or state costs in a YAML file.",
        )
    return Timings(path, tuple(rows), untimed)


def _timing(manifest: dict[str, Any]) -> Timing:
    row = Timing(str(manifest["kind"]), str(manifest["model"]), str(manifest["task"]), float(manifest["wall_s"]),
                 float(manifest["work"]), str(manifest.get("device") or "unknown device"))  # fmt: skip
    if not all(math.isfinite(value) and value > 0 for value in (row.seconds, row.work)) and row.kind in TIMED:
        raise ValueError(f"no timing: {row}")
    return row
