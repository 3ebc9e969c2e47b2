"""Stages that could not be finished, and why: other processes of a sweep pass them over, the next sweep tries again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analysis.core.errors import CrossliftError
from analysis.store.layout import Folder, finished
from analysis.store.sealed import seal, unseal

from .atomic import write_whole
from .stage import Stage
from .store import Store


def fail(store: Store, stage: Stage, error: CrossliftError) -> None:
    """Note that a stage has failed."""
    place = store.path / Folder.FAILURES
    place.mkdir(exist_ok=True)
    content = {"stage": stage.label, "error": error.message, "hint": error.hint}
    write_whole(place / f"{stage.id}.json", seal(content))


def failed_stages(store: Store) -> dict[str, dict[str, Any]]:
    """``stage``, ``error`` and ``hint`` of stages that failed, by identity."""
    found = {}
    for path in finished(store.path, Folder.FAILURES):
        try:
            content = unseal(path.read_bytes())
        except (OSError, ValueError, TypeError):  # being removed by a sweep that tries again
            continue
        found[path.stem] = content
    return found


def forget_failures(store: Store, stages: Iterable[Stage]) -> None:
    """Let stages that failed be tried again."""
    for stage in stages:
        (store.path / Folder.FAILURES / f"{stage.id}.json").unlink(missing_ok=True)
