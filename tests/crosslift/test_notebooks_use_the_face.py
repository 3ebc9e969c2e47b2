"""Notebooks stand on the public face and on what is between a result and a person, and on nothing behind them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
ALLOWED = ("crosslift", "analysis.present")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"


def foreign(path: Path) -> list[str]:
    """Imports that are neither allowed nor of the standard library."""
    return [
        name
        for name in imported(path)
        if not any(name == room or name.startswith(f"{room}.") for room in ALLOWED)
        and name.partition(".")[0] not in sys.stdlib_module_names
    ]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_the_face_and_the_presentation_only(path: Path) -> None:
    assert foreign(path) == []


def test_what_lies_behind_is_found(tmp_path: Path) -> None:
    path = tmp_path / "n.py"
    path.write_text("import math\nimport crosslift as cl\nfrom analysis.claims.verify import verify\nimport runner\n")
    assert foreign(path) == ["analysis.claims.verify", "runner"]
