"""Where a submission keeps its files: ``TASK/test-LANGUAGE.ENDING``, one for each task and language."""

from __future__ import annotations

from pathlib import Path


def file_of(place: Path, task: str, language: str, ending: str) -> Path:
    """The file of a task and language."""
    return place / task / f"test-{language}.{ending}"


def tasks_of(place: Path) -> set[str]:
    """Tasks that a directory has files of."""
    return {item.name for item in place.iterdir() if item.is_dir()}


def languages_of(place: Path, task: str, ending: str) -> set[str]:
    """Languages that a directory has files of, for one task."""
    return {path.stem.removeprefix("test-") for path in (place / task).glob(f"test-*.{ending}")}
