"""Cells from a GPU as a bundled set: whole seeds with their provenance, and nothing that is no result."""

from __future__ import annotations

import importlib
import json
import lzma
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml

from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.tasks.catalog import find_task
from tests.analysis.test_paired import planted
from tests.conftest import ROOT
from tools.gpu.pack import packed_store
from tools.gpu.whole import keep_whole

GRID: dict[str, Any] = {
    "models": ["me5-small"], "intermediate": ["none", "banking77:500"], "targets": ["sib200"],
    "languages": sorted(find_task("sib200").languages)[:24], "seeds": "1-3", "control": "steps",
}  # fmt: skip
CARD = "NVIDIA H100 80GB HBM3"


@pytest.fixture(scope="module")
def gpu() -> ModuleType:
    sys.path.insert(0, str(ROOT / "data" / "build"))
    try:
        return importlib.import_module("crosslift_gpu")
    finally:
        sys.path.remove(str(ROOT / "data" / "build"))


def findings(kept: int, seeds: list[str]) -> dict[str, Any]:
    """As the kit writes them, with made-up facts."""
    facts = {
        "card": CARD, "whole_seeds": seeds, "kept_cells": kept, "english": {"baseline seed 1": 88.24},
        "kills": [{"killed": "worker", "after_s": 20.5}, {"killed": "driver", "after_s": 41.0}],
        "floor": {"english_accuracy": 76.08},
    }  # fmt: skip
    kit = {"model": {"pieces": 122_545, "file": "me5.npz", "sha256": "ab" * 32}, "git": "c" * 40,
           "unknown_pieces": {"nqo_Nkoo": 0.462, "aka_Latn": 0.03}}  # fmt: skip
    sweep = {"holds": True, "reasons": [], "finished": True, "rehearsal": False, "device": "cuda:0", "facts": facts}
    start = {"date": "2026-12-01T10:00:00+00:00", "python": "3.12.3", "versions": {"torch": "2.11.0", "scipy": None},
             "device": {"name": CARD, "driver": "999.1"}, "kit": kit}  # fmt: skip
    return {"format": 1, "start": start, "blocks": {"sweep": sweep}}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes back of three seeds, of which the last is not whole."""
    place = tmp_path_factory.mktemp("pack")
    state = place / "state"
    planted(state / "sweep", GRID)
    cells = [{"id": cell.id, **cell.record} for cell in build_plan(parse_grid(GRID)).cells]
    gone = next(cell["id"] for cell in cells if cell["seed"] == "3")
    (state / "sweep" / "cells" / f"{gone}.json").unlink()
    seeds = keep_whole(state / "sweep", state / "kept", cells)
    (state / "grid.yaml").write_text(yaml.safe_dump(GRID | {"models": ["/tmp/somewhere/me5.npz"]}), encoding="utf-8")
    (state / "kit" / "part1").mkdir(parents=True)
    (state / "kit" / "part1" / "kit.json").write_text("{}")
    out = place / "out"
    out.mkdir()
    (out / "store.tar.xz").write_bytes(packed_store(state))
    (out / "plan.json.xz").write_bytes(lzma.compress(json.dumps({"cells": cells}).encode()))
    kept = sum(cell["seed"] in seeds for cell in cells)
    (out / "blocks.json").write_text(json.dumps(findings(kept, seeds)), encoding="utf-8")
    return out


def test_whole_seeds_with_their_configuration(pack: Path, gpu: ModuleType, tmp_path: Path) -> None:
    told = gpu.collect(pack, tmp_path / "set")
    frame = pd.read_parquet(tmp_path / "set" / "records.parquet")
    assert set(frame["study"]) == {"crosslift_gpu"} and set(frame["seed"]) == {"1", "2"}
    assert frame["cell"].nunique() == 24 * 3 * 2
    content = json.loads((tmp_path / "set" / "configuration.json").read_text(encoding="utf-8"))
    assert content["cells"] == 144 and content["cells_of_the_grids"] == 216 and not content["complete"]
    grid = yaml.safe_load((tmp_path / "set" / "grid.yaml").read_text(encoding="utf-8"))
    assert grid["models"] == ["me5.npz"]  # and not a place on that machine
    assert f'source = "runner on {CARD}' in told and "| `crosslift_gpu` | 144 |" in told


def test_provenance_says_what_it_rests_on(pack: Path, gpu: ModuleType, tmp_path: Path) -> None:
    gpu.collect(pack, tmp_path)
    text = (tmp_path / "PROVENANCE.md").read_text(encoding="utf-8")
    flat = " ".join(text.split())
    for words in (
        f"2 complete seeds, measured by `runner` on {CARD}, 2026-12-01", "122,545 word pieces", "ab" * 32, "c" * 40,
        "driver 999.1; Python 3.12.3; torch 2.11.0.", "a worker after 20 s, a driver after 41 s", "CC BY-SA 4.0",
        "88.24; the lowest acceptable value, set before, is 76.08", "unknown to the tokenizer: nqo_Nkoo 46.2%.",
    ):  # fmt: skip
        assert words in flat, words
    assert "rehearsal" not in text and max(map(len, text.splitlines())) <= 120


def test_the_main_command_reads_it(
    pack: Path, gpu: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gpu.collect(pack, tmp_path)
    for baseline in ("plain", "steps"):
        path = str(tmp_path / "records.parquet")
        assert main(["fit", "--factor", "typology", "--data", path, "--baseline", baseline]) == 0
        assert "per 0.1 of typological distance" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rehearsal": True}, "these cells are of a rehearsal on cuda:0"),
        ({"stand_in": "random weights"}, "these cells are of random weights"),
        ({"device": "cpu"}, "these cells are of a rehearsal on cpu"),
        ({"holds": False, "reasons": ["no cell is doubled: doubled 3"]}, "the sweep does not hold: no cell is doubled"),
        ({"finished": False}, "was cut off before it was checked"),
        (None, "the kit's block 'sweep' was not run"),
    ],
)
def test_what_is_no_result_is_refused(
    change: dict[str, Any] | None, words: str, pack: Path, gpu: ModuleType, tmp_path: Path
) -> None:
    content = json.loads((pack / "blocks.json").read_text(encoding="utf-8"))
    if change is None:
        content["blocks"] = {}
    else:
        content["blocks"]["sweep"] |= change
    for name in ("store.tar.xz", "plan.json.xz"):
        (tmp_path / name).write_bytes((pack / name).read_bytes())
    (tmp_path / "blocks.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CrossliftError, match=words):
        gpu.collect(tmp_path, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_rehearsal_is_never_written_into_the_data(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["crosslift_gpu", "nowhere", "--rehearsal"])
    with pytest.raises(SystemExit) as caught:
        gpu.main()
    assert caught.value.code == 2
    assert "a rehearsal is not a bundled set" in capsys.readouterr().err


def test_a_file_that_is_missing_is_named(gpu: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match=r"does not contain 'blocks\.json'"):
        gpu.collect(tmp_path, tmp_path / "set")
