"""One rehearsal of the whole kit, for all tests that read what it writes; and a stand-in for the prepared folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import ROOT, skip_or_fail
from tools.gpu.prepared import Kit
from tools.gpu.stand_in import make_stand_in


@dataclass(frozen=True)
class Rehearsal:
    """What ``acceptance --tiny`` has left: exit status, standard output and error, its folders, and the findings."""

    status: int
    printed: str
    complained: str
    out: Path
    state: Path
    content: dict[str, Any]


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """The whole kit on this machine's CPU, with stand-ins; once, however many processes share the tests."""
    if sys.platform != "linux":
        skip_or_fail("the kit runs on Linux")
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    place, kept = shared / "rehearsal", shared / "rehearsal.json"
    with FileLock(shared / "rehearsal.lock"):
        if not kept.is_file():
            kept.write_text(json.dumps(_rehearse(place)), encoding="utf-8")
        status, printed, complained = json.loads(kept.read_text(encoding="utf-8"))
    path = place / "out" / "blocks.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return Rehearsal(status, printed, complained, place / "out", place / "state", content)


def _rehearse(place: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tools.gpu.acceptance", "--tiny", "--state", str(place / "state")]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"OUT": str(place / "out"), "OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kit]:
    """A prepared folder of random weights and made-up texts, and its list."""
    place = tmp_path_factory.mktemp("stand-in")
    return place / "kit", make_stand_in(place / "made", place / "kit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the rehearsal is slow."""
    for item in items:
        if "rehearsal" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
