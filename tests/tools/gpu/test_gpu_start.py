"""What is missing is named before anything begins, each thing with how to get it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.core.errors import CrossliftError
from tools.gpu import start
from tools.gpu.blocks import find_blocks
from tools.gpu.isolate import ANEW, FORKED
from tools.gpu.prepared import Kit

GOOD = dict.fromkeys(start.NEEDED, "99.0")


def test_versions_are_compared_as_numbers() -> None:
    assert start.too_old("2.9.1+cu130", "2.11") and not start.too_old("2.11.0+cu130", "2.11")
    assert start.too_old("2.1.4", "2.2") and not start.too_old("17", "17") and not start.too_old("10.0", "9.1")


def test_packages_that_are_missing_or_old() -> None:
    assert start.lacking_packages(GOOD) == []
    found = start.lacking_packages({**GOOD, "peft": None, "pandas": "1.5.3"})
    assert found == [
        "the package peft is missing: put its wheel into the kit (tools/gpu/prepare.sh)",
        "the package pandas is 1.5.3, but at least 2.2 is needed: put a wheel into the kit",
    ]


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=3 * 2**30))
    (line,) = start.lacking_disk(tmp_path, tiny=False)
    assert "has 3.0 GiB free, but 12 are needed: give --state" in line
    assert start.lacking_disk(tmp_path, tiny=True) == []


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ({"torch": "2.11.0", "cuda": False}, "a GPU is missing (torch 2.11.0 does not see one): check the driver"),
        ({"cuda": False, "error": "OSError: libcuda"}, "a GPU is missing (OSError: libcuda)"),
        ({}, "--tiny"),
        ({"cuda": True, "free_gib": 23.0}, "kinds, large, beside, sweep need up to 60: end other programs on it, or "
         "give --blocks check agreement pack"),
    ],
)  # fmt: skip
def test_a_device_that_is_not_there_or_too_small(device: dict[str, Any], words: str) -> None:
    (line,) = start.lacking_device(device, find_blocks(None))
    assert words in line
    assert start.lacking_device({"cuda": True, "free_gib": 78.0}, find_blocks(None)) == []


def test_everything_that_is_missing_is_said_at_once(
    stand_in: tuple[Path, Kit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "installed", lambda names: {**GOOD, start.METERS: "1", "scipy": "1", "statsmodels": "1",
                                                           "torch": None})  # fmt: skip
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=0))
    monkeypatch.setattr(start, "run_isolated", lambda *_: pytest.fail("nothing begins"))
    (tmp_path / "state").mkdir()
    folder = tmp_path / "kit"
    (folder / "part1").mkdir(parents=True)
    (folder / "part1" / "kit.json").write_bytes((stand_in[0] / "part1" / "kit.json").read_bytes())
    with pytest.raises(CrossliftError) as caught:
        start.look(folder, tmp_path / "state", find_blocks(None), tiny=False)
    lines = caught.value.message.splitlines()
    assert lines[0] == "the kit cannot start:"
    assert [line.split()[0] for line in lines[1:5]] == [
        "part1/data/sib200.tsv.xz", "part1/data/banking77.tsv.xz", "part1/model.1", "part2/model.2",
    ]  # fmt: skip
    assert "the package torch is missing" in lines[5] and "0.0 GiB free" in lines[6]


def test_blocks_that_need_no_model_start_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(work: Any, arguments: tuple[Any, ...], limit: float) -> str:
        Path(arguments[0]).write_text('{"torch": "2.11", "cuda": true, "free_gib": 78}', encoding="utf-8")
        return ""

    monkeypatch.setattr(start, "run_isolated", answer)
    kit, seen = start.look(tmp_path / "none", tmp_path, find_blocks(["kinds", "large"]), tiny=False)
    assert kit is None and seen["device"]["free_gib"] == 78
    with pytest.raises(CrossliftError, match=r"kit\.json' is missing"):
        start.look(tmp_path / "none", tmp_path, find_blocks(["kinds", "sweep"]), tiny=False)


@pytest.mark.parametrize(
    ("forked", "anew", "wanted"), [(True, True, FORKED), (False, True, ANEW), (False, False, FORKED)]
)
def test_processes_are_started_anew_where_forked_ones_lose_the_device(
    forked: bool, anew: bool, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(work: Any, arguments: tuple[Any, ...], limit: float) -> str:
        cuda = forked if start.PROCESSES.method == FORKED else anew
        Path(arguments[0]).write_text(json.dumps({"cuda": cuda, "free_gib": 78}), encoding="utf-8")
        return ""

    monkeypatch.setattr(start.PROCESSES, "method", FORKED)
    monkeypatch.setattr(start, "run_isolated", answer)
    if not forked and not anew:
        with pytest.raises(CrossliftError, match="a GPU is missing"):
            start.look(tmp_path / "none", tmp_path, find_blocks(["kinds"]), tiny=False)
    else:
        _, seen = start.look(tmp_path / "none", tmp_path, find_blocks(["kinds"]), tiny=False)
        assert seen["device"]["processes"] == wanted
    assert start.PROCESSES.method == wanted
