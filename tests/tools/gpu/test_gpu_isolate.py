"""A block that fails, dies or hangs takes nothing with it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.gpu import isolate
from tools.gpu.findings import Findings


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes without the imports of the real ones."""
    monkeypatch.setattr(isolate, "PRELOAD", [])


def writes(path: str) -> None:
    Path(path).write_text("here", encoding="utf-8")


def hangs(path: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(str(child.pid), encoding="utf-8")
    time.sleep(600)


def leaves(path: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(str(child.pid), encoding="utf-8")


def dies(path: str) -> None:
    os._exit(7)


def breaks(setting: object, findings: Findings) -> None:
    findings.check("first", True)
    raise ValueError("as planned")


def gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def ended(pid: int) -> bool:
    end = time.monotonic() + 30
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return gone(pid)


def test_a_block_that_ends_well(tmp_path: Path) -> None:
    assert isolate.run_isolated(writes, (str(tmp_path / "file"),), 60) == ""
    assert (tmp_path / "file").read_text() == "here"


@pytest.mark.slow
def test_a_block_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    reason = isolate.run_isolated(hangs, (str(tmp_path / "pid"),), 5)
    assert reason == "ran past its limit of 5 s"
    assert ended(int((tmp_path / "pid").read_text()))


def test_what_a_block_leaves_running_ends_with_it(tmp_path: Path) -> None:
    assert isolate.run_isolated(leaves, (str(tmp_path / "pid"),), 60) == ""
    assert ended(int((tmp_path / "pid").read_text()))


def test_a_block_that_dies_is_told(tmp_path: Path) -> None:
    assert isolate.run_isolated(dies, (str(tmp_path / "file"),), 60).startswith("ended with status 7 after")


def test_a_block_that_breaks_keeps_what_it_found(tmp_path: Path) -> None:
    path = tmp_path / "block.json"
    isolate.guarded(breaks, None, Findings("block", path))
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["finished"] and content["holds"] is False
    assert [check["holds"] for check in content["checks"]] == [True, False]
    assert "ValueError: as planned" in content["reasons"][0]
