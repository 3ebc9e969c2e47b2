"""Files of a user with the names of our packages: they are named, and helper processes do not run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.executors import local
from runner.executors.worker import Setting
from runner.plan.request import Request
from runner.store.store import Store
from tests.conftest import ROOT
from tests.runner.executors.world import make_world

INTRUDER = "from pathlib import Path\nPath('was-run').touch()\nraise SystemExit(3)\n"


def python(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=place, env=path, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["analysis.py", "analysis/__init__.py"])
@pytest.mark.parametrize("arguments", [("-m", "runner", "--help"), ("-c", "import crosslift"), ("-c", "import runner")])
def test_a_file_that_hides_a_package_is_named(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(INTRUDER)
    done = python(tmp_path, *arguments)
    assert done.returncode == 1
    assert f"'{tmp_path / name}' hides the package 'analysis'" in done.stderr
    assert not (tmp_path / "was-run").exists()


def test_a_folder_without_code_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "analysis").mkdir()
    assert python(tmp_path, "-c", "import crosslift, runner").returncode == 0


def test_a_helper_runs_this_package_and_not_a_file_of_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world(tmp_path)
    request = Request({"models": [str(tmp_path / "model")], "targets": ["animals"]}, tmp_path / "data")
    store = Store.create(tmp_path / "store")
    entry = store.begin(request.plan().stages)
    request.keep(entry)
    place = tmp_path / "research"
    place.mkdir()
    for name in ("runner.py", "analysis.py"):
        (place / name).write_text(INTRUDER)
    monkeypatch.chdir(place)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert local._start(store, Setting("cpu", 1, tmp_path / "data"), entry).wait(timeout=300) == 0
    assert not (place / "was-run").exists()
    assert all(store.is_done(stage) for stage in request.plan().cells)
