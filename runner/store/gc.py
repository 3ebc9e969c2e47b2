"""Dropping what no pending stage needs; results are never touched."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from analysis.store.layout import Folder, damaged_files

from .atomic import PARTIAL
from .locks import acquire
from .pending import pending
from .store import SNAPSHOT, TOKENISED, WHOLE, Store, drop_directory


@dataclass(frozen=True, slots=True)
class Collected:
    """What was (or would be) dropped: names of checkpoints, left-overs and damaged cells, and bytes freed."""

    checkpoints: tuple[str, ...]
    leftovers: tuple[str, ...]
    damaged: tuple[str, ...]
    freed: int


def collect(store: Store, dry: bool = False, damaged: bool = False, shared: bool = True) -> Collected:
    """Drop checkpoints that no pending stage of a begun plan starts from, and what killed processes left behind.

    Parameters
    ----------
    store
        The store; no plan can begin while this runs.
    dry
        Only say what would be dropped.
    damaged
        Drop damaged cells and records of stages as well, so that they run again. What they start from is kept.
    shared
        Drop checkpoints of intermediate stages as well, from which other targets of a later grid could start, and word
        pieces of texts.
    """
    with store.whole():
        # Listed before it is asked what is needed: a stage that finishes in between is then not in the list.
        listed = [path for path in _entries(store.checkpoints) if path.name[0] != "."]
        wrong = damaged_files(store.path)
        lost = {Path(name).stem for name in wrong}
        kept: set[str] = set()
        for rows in store.plans().values():
            found = pending(store, rows, lost)  # what is damaged runs again, from its checkpoint
            kept |= {*found.needed, *found.stages}
            kept |= set() if shared else {row["id"] for row in rows if row["kind"] == "intermediate"}
        spare = [path for path in listed if path.name not in kept]
        left = [path for folder in Folder for path in _entries(store.path / folder) if path.name.startswith(PARTIAL)]
        left += [
            path for path in _entries(store.checkpoints)
            if path.name.startswith(SNAPSHOT) and path.name.removeprefix(SNAPSHOT) not in kept
        ]  # fmt: skip
        if shared:
            left += [path for path in _entries(store.checkpoints) if path.name.startswith(TOKENISED)]
        broken = [store.path / name for name in wrong] if damaged else []
        gone: dict[str, list[str]] = {"spare": [], "left": [], "broken": []}
        freed = 0
        for kind, paths in (("spare", spare), ("left", left), ("broken", broken)):
            for path in paths:
                size = size_of(path)
                if _drop(store, path, dry):
                    gone[kind].append(path.name)
                    freed += size
        for path in _entries(store.path / Folder.LOCKS):
            dead = None if path.name == WHOLE or dry else acquire(path)
            if dead is not None:
                dead.release()
        return Collected(tuple(gone["spare"]), tuple(gone["left"]), tuple(gone["broken"]), freed)


def _drop(store: Store, path: Path, dry: bool) -> bool:
    """Drop under the lock of its stage; not what a living process is writing."""
    stage = path.name.rsplit("-", 1)[-1].split(".")[0]
    held = acquire(store.path / Folder.LOCKS / stage)
    if held is None:
        return False
    with held:
        if not dry:
            if path.is_dir() and not path.name.startswith(PARTIAL):
                drop_directory(path)
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return True


def _entries(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else []


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files below a directory."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(item.stat().st_size for item in files if item.is_file())
