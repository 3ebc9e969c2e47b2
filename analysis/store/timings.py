"""How long the stages of a sweep took, from the manifests in its store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import StoreError
from .layout import STAGES, Folder, finished, read_header, read_manifest

#: Stages whose time says something: loading is done again by every process.
TIMED = STAGES[1:]


@dataclass(frozen=True, slots=True)
class Timing:
    """One finished stage: wall seconds, and the optimiser steps or evaluated items (``work``) that they went into."""

    kind: str
    model: str
    task: str
    seconds: float
    work: float
    device: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Timing:
        """What a manifest says of time.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it says nothing.
        """
        return cls(
            kind=str(manifest["kind"]),
            model=str(manifest["model"]),
            task=str(manifest["task"]),
            seconds=float(manifest["wall_s"]),
            work=float(manifest["work"]),
            device=str(manifest.get("device") or "unknown device"),
        )

    def fields(self) -> dict[str, Any]:
        """The fields of a manifest that say so."""
        return {
            "kind": self.kind,
            "model": self.model,
            "task": self.task,
            "work": self.work,
            "wall_s": self.seconds,
            "device": self.device,
        }

    @property
    def usable(self) -> bool:
        """Whether both are more than nothing."""
        return all(math.isfinite(value) and value > 0 for value in (self.seconds, self.work))


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
        If it is not a store, or no finished stage in it was timed.
    """
    read_header(path)
    rows, untimed = [], 0
    for file in (*finished(path, Folder.STAGES), *finished(path, Folder.CELLS)):
        try:
            row = Timing.of(read_manifest(file))
        except (OSError, ValueError, KeyError, TypeError):
            untimed += 1
            continue
        if row.kind in TIMED and row.usable:
            rows.append(row)
        elif row.kind in TIMED:
            untimed += 1
    if not rows:
        why = f"none of its {untimed} finished stages says how long it took" if untimed else "it has no stage"
        raise StoreError(
            f"'{path}' holds no timings: {why}.",
            "Run a part of the sweep first (runner run), or state costs in a YAML file.",
        )
    return Timings(path, tuple(rows), untimed)
