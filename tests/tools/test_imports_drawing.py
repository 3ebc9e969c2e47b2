"""The drawing of the imports: what it finds in a made-up package, and that ours has no circle and no arrow up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import imports


def test_no_circle_and_no_arrow_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert imports.main(["--svg", str(tmp_path / "house.svg")]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith("no arrow goes up; no circle\n")
    assert (tmp_path / "house.svg").stat().st_size > 10_000


def test_every_module_is_in_a_room() -> None:
    floors = imports.rooms()
    fronts = {"analysis", "analysis.__main__"}
    assert {m for m in imports.read_imports(ROOT) if not imports.room_of(m, floors)} == fronts


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    files = {
        "p/__init__.py": "",
        "p/top/__init__.py": "from .a import x",
        "p/top/a.py": "from ..low import b\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .c import y",
        "p/top/c.py": "from .a import x\n",
        "p/low/__init__.py": "",
        "p/low/b.py": "def f():\n    from . import d\n",
        "p/low/d.py": "import p.low.b\n",
        "p/low/e.py": "from ..top.a import x\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_imports_in_functions_count_and_those_for_typing_do_not(made_up: Path) -> None:
    found = imports.read_imports(made_up, ("p",))
    assert found["p.top.a"] == {"p.low.b"}
    assert found["p.low.b"] == {"p.low.d"}
    assert found["p.top"] == {"p.top.a"}


def test_circles_and_arrows_up_are_found(made_up: Path) -> None:
    found = imports.read_imports(made_up, ("p",))
    floors = [["p.top"], ["p.low"]]
    assert imports.find_circles(found) == [["p.low.b", "p.low.d"]]
    arrows = imports.between_rooms(found, floors)
    assert arrows == {("p.top", "p.low"): 1, ("p.low", "p.top"): 1}
    assert imports.upward(arrows, floors) == [("p.low", "p.top")]
    lines = imports.describe(arrows, floors, imports.upward(arrows, floors), imports.find_circles(found))
    assert "UP: p.low → p.top" in lines
    assert "CIRCLE: p.low.b, p.low.d" in lines
