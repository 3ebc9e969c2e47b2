"""The predictions of a sweep as submissions: one directory for each model that was trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError
from analysis.languages.codes import resolve
from analysis.store.cells import Cell
from analysis.store.layout import StoreContent, read_predictions

from .layout import file_of
from .suites import OTHER_NAMES, SUITES


def write_submissions(content: StoreContent, place: Path) -> dict[str, int]:
    """Write the predictions of every cell below ``place``; files by the name of their model.

    Raises
    ------
    CrossliftError
        If the store has no predictions: those of earlier versions did not keep them.
    """
    found: dict[str, int] = {}
    for cell in content.cells:
        kept = read_predictions(content.path, cell.id)
        if kept is None:
            continue
        ending, text = kept
        record = cell.records[0]
        task = OTHER_NAMES.get(str(record["target_task"]), str(record["target_task"]))
        file = file_of(place / run_name(record), task, language_of(task, cell), ending)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        found[run_name(record)] = found.get(run_name(record), 0) + 1
    if not found:
        raise CrossliftError(
            f"'{content.path}' keeps no predictions.", "They are kept by this version: evaluate its cells again."
        )
    return found


def run_name(record: Mapping[str, Any]) -> str:
    """A name for a directory: model, intermediate task with its examples, baseline, seed."""
    parts = [str(record["model"])]
    if record.get("intermediate_task"):
        parts.append(f"{record['intermediate_task']}-{record['intermediate_examples']}")
    if record.get("control"):
        parts.append(f"{record['control']}-{record['matched_steps']}")
    parts += [f"seed-{record['seed']}"] if record.get("seed") else []
    return "__".join(re.sub(r"[^\w.@-]+", "-", part) for part in parts)


def language_of(task: str, cell: Cell) -> str:
    """The benchmark's code of a cell's language, that of the data where the benchmark has none."""
    code = str(cell.records[0]["language"])
    for suite in SUITES.values():
        for part in suite.parts:
            if part.name == task:
                for own in part.languages:
                    if own == code or resolve(own).iso == resolve(code).iso:
                        return own
    return code
