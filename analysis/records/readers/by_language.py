"""Scores by language as scripts of XTREME and others write them: nested objects with languages as keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import UnknownLanguageError
from ...languages.codes import resolve_code
from .results import Results, metric_name, number, results

KIND = "a file of scores by language"


def matches(content: Any) -> bool:
    """Tell the file by its languages: objects whose every key is one."""
    return isinstance(content, dict) and any(True for _ in _found(content, (), ""))


def read(content: Any, path: Path) -> Results:
    """A row a task, metric and language, whichever of these is inside of the other."""
    fields = ("source", "target_task", "metric", "language", "score")
    rows = [
        dict(zip(fields, (path.name, task or None, metric or None, language, score), strict=True))
        for task, metric, language, score in _found(content, (), "")
    ]
    return results(rows, KIND, path.name)


def _found(content: dict[str, Any], above: tuple[str, ...], language: str) -> Iterator[tuple[str, str, str, float]]:
    """Task, metric, language and score of each number below."""
    inner = {key: value for key, value in content.items() if number(value) is not None or isinstance(value, dict)}
    languages = not language and len(inner) > 0 and all(_is_language(key) for key in inner)
    for key, value in inner.items():
        own = key if languages else language
        names = above if languages else (*above, key)
        if isinstance(value, dict):
            yield from _found(value, names, own)
        elif own:
            metric = next((found for name in names if (found := metric_name(name))), "")
            task = "/".join(name for name in names if metric_name(name) is None)
            score = number(value)
            if score is not None and not any(name.endswith("_stderr") for name in names):
                yield task, metric, own, score


def _is_language(text: str) -> bool:
    if not 2 <= len(text) <= 12:
        return False
    try:
        resolve_code(text, False)
    except UnknownLanguageError:
        return False
    return True
