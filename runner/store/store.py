"""The store of a sweep: finished stages, checkpoints, evaluated cells, locks, and the plans that were begun."""

from __future__ import annotations

import hashlib
import json
import lzma
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.core.errors import StoreError
from analysis.store.cells import Score, items_beside
from analysis.store.layout import (
    HEADER,
    Folder,
    finished,
    header,
    predictions_file,
    read_header,
    read_manifest,
    result_file,
    stage_file,
)

from .atomic import partial_name, publish_directory, system_error, write_error, write_whole
from .cells import cell_bytes, describe
from .locks import Lock, acquire
from .stage import Stage

#: The lock of whoever begins a plan or drops checkpoints: neither may happen while the other does.
WHOLE = "store"
#: Begins the names of snapshots, and of sets of word pieces.
SNAPSHOT, TOKENISED = ".snapshot-", ".tokenised-"


@dataclass(frozen=True, slots=True)
class Store:
    """A directory laid out as ``analysis.store.layout`` says. Several processes may work in it at once."""

    path: Path

    @classmethod
    def create(cls, path: Path, study: str = "") -> Store:
        """Open the store at ``path``; make it if it is not there. ``study`` names it (default: the directory's name).

        Raises
        ------
        StoreError
            If the directory holds something else, or a store of another study.
        """
        if (path / HEADER).is_file():
            found = read_header(path)
            if study and study != found:
                raise StoreError(f"'{path}' is the store of study '{found}', not '{study}'.", "Use another directory.")
        elif path.is_dir() and any(item.name not in {*Folder} for item in path.iterdir() if item.name[0] != "."):
            raise StoreError(f"'{path}' is neither empty nor a store.", "Give a new directory.")
        try:
            for folder in Folder:
                (path / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
        if not (path / HEADER).is_file():
            write_whole(path / HEADER, header(study or path.resolve().name))
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a store that is there; raises StoreError if it is not."""
        read_header(path)
        return cls(path)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / Folder.CHECKPOINTS

    def snapshot(self, stage: str) -> Path:
        """Where a training stage keeps how far it is; no reader takes it for a checkpoint."""
        return self.checkpoints / f"{SNAPSHOT}{stage}"

    @property
    def tokenised(self) -> Path:
        """What names of sets of word pieces begin with; they can be made again at any time."""
        return self.checkpoints / TOKENISED

    def is_done(self, stage: Stage) -> bool:
        """Whether the stage was finished; its checkpoint may have been dropped since."""
        return self.done(stage.id, stage.kind)

    def done(self, stage: str, kind: str) -> bool:
        """As :meth:`is_done`, by identity and kind."""
        return result_file(self.path, stage, kind).is_file()

    def checkpoint(self, stage: Stage) -> Path | None:
        """The directory of a finished stage's model, ``None`` if there is none."""
        path = self.checkpoints / stage.id
        return path if path.is_dir() and self.is_done(stage) else None

    def usable(self, stage: str, kind: str) -> bool:
        """Whether children of a stage can start: it is loaded anew by every process, or its checkpoint is there."""
        return self.done(stage, kind) and (kind == "load" or (self.checkpoints / stage).is_dir())

    def lock(self, stage: Stage) -> Lock | None:
        """Lock a stage; ``None`` if a living process has it. Ask :meth:`is_done` again afterwards."""
        return acquire(self.path / Folder.LOCKS / stage.id, stage.label)

    def write_cell(
        self, held: Lock, stage: Stage, scores: Sequence[Score], manifest: Mapping[str, Any],
        predictions: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Write an evaluated cell: predictions, Parquet, then JSON. A cell that is there stays as it is.

        ``predictions`` are the ending and the text of their file.

        Raises
        ------
        StoreError
            If the stage is not locked, a score is not a number of points, or the disk is full.
        """
        self._require(held, stage)
        if self.is_done(stage):
            return
        items, content = cell_bytes(stage, scores, manifest)
        result = result_file(self.path, stage.id, stage.kind)
        if predictions is not None:
            place = predictions_file(self.path, stage.id, predictions[0])
            place.parent.mkdir(exist_ok=True)  # stores of earlier versions lack it
            write_whole(place, lzma.compress(predictions[1].encode()))
        write_whole(items_beside(result), items)
        write_whole(result, content)

    def write_stage(
        self, held: Lock, stage: Stage, manifest: Mapping[str, Any], fill: Callable[[Path], None] | None = None
    ) -> None:
        """Record a finished stage, with the checkpoint that ``fill`` writes into the directory it is given.

        Raises
        ------
        StoreError
            If the stage is not locked, or the disk is full.
        """
        self._require(held, stage)
        if fill is not None:
            place = self.checkpoints / stage.id
            partial = partial_name(place)
            try:
                partial.mkdir()
                fill(partial)
            except Exception as error:  # writers of tensors have errors of their own for what the system says
                shutil.rmtree(partial, ignore_errors=True)
                found = system_error(error)
                if found is None:
                    raise
                raise write_error(place, found) from error
            if place.exists():  # of a run that was killed before it recorded the stage
                drop_directory(place)
            publish_directory(partial, place)
        if not self.is_done(stage):
            write_whole(result_file(self.path, stage.id, stage.kind), stage_file(describe(stage), manifest))
        self.snapshot(stage.id).unlink(missing_ok=True)

    def begin(self, stages: Iterable[Stage]) -> Path:
        """Enter a plan, so that what its pending stages need is kept. Entering it again changes nothing."""
        rows = [
            {"id": s.id, "kind": s.kind, "parent": s.parent.id if s.parent else None, "label": s.label}
            for s in stages
        ]  # fmt: skip
        content = json.dumps(rows, indent=0).encode()
        path = self.path / Folder.PLANS / f"{hashlib.sha256(content).hexdigest()[:16]}.json"
        with self.whole():
            if not path.is_file():
                write_whole(path, content)
        return path

    def whole(self, patience_s: float = 60.0) -> Lock:
        """Lock the store as a whole, waiting for whoever has it."""
        end = time.monotonic() + patience_s
        while True:
            held = acquire(self.path / Folder.LOCKS / WHOLE, "the store as a whole")
            if held is not None:
                return held
            if time.monotonic() > end:
                raise StoreError(f"'{self.path}' is in use.", "'runner status' says by whom; try again later.")
            time.sleep(0.05)

    def plans(self) -> dict[str, list[dict[str, Any]]]:
        """The plans that were begun: ``id``, ``kind``, ``parent`` and ``label`` of their stages, parents first.

        Raises
        ------
        StoreError
            If one is damaged: what it needs is then not known.
        """
        found = {}
        for path in finished(self.path, Folder.PLANS):
            try:
                content = path.read_bytes()
                if hashlib.sha256(content).hexdigest()[: len(path.stem)] != path.stem:
                    raise ValueError("it is not the content that it is named by")
                found[path.stem] = [{key: row[key] for key in ("id", "kind", "parent", "label")}
                                    for row in json.loads(content)]  # fmt: skip
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"'{path}' is damaged ({error}).", "Remove it, and begin its grid again: what is done stays."
                ) from error
        return found

    def manifests(self) -> list[dict[str, Any]]:
        """Manifests of all finished stages that can be read."""
        found = []
        for path in (*finished(self.path, Folder.STAGES), *finished(self.path, Folder.CELLS)):
            try:
                found.append(read_manifest(path))
            except (ValueError, KeyError, TypeError):
                continue  # reading results names damaged files; here they only lack a timing
        return found

    def _require(self, held: Lock, stage: Stage) -> None:
        if held.descriptor < 0 or held.path.name != stage.id:
            raise StoreError(f"{stage.label} is written without its lock.", "Lock the stage first.")


def drop_directory(path: Path) -> None:
    """Remove a directory so that no half of it is ever found under its name."""
    partial = partial_name(path)
    path.rename(partial)
    shutil.rmtree(partial)
