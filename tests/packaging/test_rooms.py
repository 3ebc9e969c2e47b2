"""Every package of ``analysis`` says in one sentence what lives there, and what it may import."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import imports

FLOORS = imports.rooms()
MODULES = imports.read_imports(ROOT)
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]


def packages() -> list[str]:
    """All packages of ``analysis`` but the front door, which is in no room."""
    files = sorted((ROOT / "analysis").rglob("__init__.py"))
    return [imports.name_of(path, ROOT) for path in files if path.parent.name != "analysis"]


def sentence_and_imports(package: str) -> tuple[str, list[str] | None]:
    """The first paragraph of a package's docstring, and the names in its line "May import: …"."""
    path = ROOT / Path(*package.split(".")) / "__init__.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = re.search(r"^May import: (.*?)(?:\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    words = (
        [] if line is None else [word.strip(".").removeprefix("analysis.") for word in re.findall(r"[\w.]+", line[1])]
    )
    return text.split("\n\n")[0], None if line is None else [word for word in words if f"analysis.{word}" in MODULES]


def imported(package: str) -> list[str]:
    """Modules outside of a package that it imports when it runs, less those around it, which run before it anyway."""
    inside = [module for module in MODULES if f"{module}.".startswith(f"{package}.")]
    around = [module for module in MODULES if f"{package}.".startswith(f"{module}.")]
    found = {target for module in inside for target in MODULES[module]} - {*inside, *around}
    return sorted(name.removeprefix("analysis.") for name in found)


def allowed(package: str) -> list[str]:
    """What the contracts in ``pyproject.toml`` let a package import, the highest first."""
    room = imports.room_of(package, FLOORS)
    level = next(i for i, floor in enumerate(FLOORS) if room in floor)
    below = [other for floor in FLOORS[level + 1 :] for other in floor]
    if package == room:
        inside = []
    elif layers := next((c["layers"] for c in CONTRACTS if room in c.get("containers", ())), None):
        inside = [f"{room}.{layer}" for layer in layers[layers.index(package.removeprefix(f"{room}.")) + 1 :]]
    elif any(c["type"] == "independence" and f"{room}.*" in c["modules"] for c in CONTRACTS):
        inside = []
    else:
        inside = [room]
    return [name.removeprefix("analysis.") for name in (*inside, *below)]


@pytest.mark.parametrize("package", packages())
def test_a_package_says_what_lives_there_and_what_it_may_import(package: str) -> None:
    sentence, names = sentence_and_imports(package)
    assert sentence.strip().endswith(".")
    assert len(sentence) > 20
    assert names is not None
    assert set(names) <= set(allowed(package))
    said = tuple(f"{name}." for name in names)
    assert [name for name in imported(package) if not f"{name}.".startswith(said)] == []


def test_contracts_say_what_is_allowed() -> None:
    assert allowed("analysis.core") == []
    assert allowed("analysis.formulas") == ["core"]
    assert allowed("analysis.mixed.numerics") == ["mixed.model", "formulas", "core"]
    assert "questions" not in allowed("analysis.questions.power")
    assert "runner" not in allowed("analysis.cli")
