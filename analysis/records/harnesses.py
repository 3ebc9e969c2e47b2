"""Results of harnesses: which one wrote a file, and its reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError
from .harness import read_harness
from .readers import (
    by_language,
    euroeval,
    every_eval_ever,
    harness_table,
    helm,
    inspect_ai,
    json_lines,
    lighteval,
    mteb,
    sumeval,
)
from .readers.text import read_text

if TYPE_CHECKING:
    import pandas as pd

    from .readers.results import Results

#: In the order in which they are asked; the last takes any object with languages as keys.
KINDS = (mteb, every_eval_ever, lighteval, inspect_ai, sumeval, helm, by_language)


def read_results(path: Path) -> Results:
    """Read one JSON file of results, or a JSON list of objects that are rows of a table.

    Raises
    ------
    RecordError
        If nothing in it is known; with the kind that it is of where that is known.
    """
    try:
        content = json.loads(read_text(path))
    except ValueError:
        return read_harness(path)  # which says what is wrong
    if (
        isinstance(content, dict)
        and isinstance(content.get("results"), dict)
        and not ({"config_general", "eval"} & set(content))
    ):
        return read_harness(path)
    for kind in KINDS:
        if kind.matches(content):
            return kind.read(content, path)
    if _is_table(content):
        import pandas as pd

        from .readers.results import Results

        return Results(pd.DataFrame(content))
    return read_harness(path)


def is_rows(path: Path) -> bool:
    """Tell whether a JSON file is a table: its numbers are then as they were written, fractions or points."""
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecordError):
        return False
    return _is_table(content) and not any(kind.matches(content) for kind in KINDS)


def _is_table(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and all(isinstance(row, dict) for row in content)


def read_lines(path: Path) -> Results | None:
    """Read a file of one JSON object a line if a harness wrote it."""
    lines = json_lines.objects(path)
    if euroeval.matches(lines):
        return euroeval.read(lines, path)
    return None


def read_printed(table: pd.DataFrame) -> Results | None:
    """Read a table if it is one that a harness prints."""
    return harness_table.read(table) if harness_table.matches(table) else None


def read_tree(path: Path) -> Results:
    """Read every file of results below a directory, as MTEB and others leave them.

    Raises
    ------
    RecordError
        If there is none.
    """
    import pandas as pd

    from .readers.results import Results

    found, notices = [], []
    for file in sorted(path.rglob("*.json")):
        if file.name in ("model_meta.json", "run_spec.json"):
            continue
        try:
            one = read_results(file)
        except RecordError as error:
            notices.append(f"left out {file.relative_to(path)}: {error.message}")
            continue
        found.append(one.rows)
        notices += one.notices
    if not found:
        raise RecordError(f"the directory '{path}' holds no results that are known.", " ".join(notices[:3]))
    return Results(pd.concat(found, ignore_index=True), tuple(dict.fromkeys(notices)))
