"""The whole kit on a CPU: every block runs to its end, and what only a GPU can show is not made up."""

from __future__ import annotations

import json
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.tools.gpu.conftest import Rehearsal
from tools.gpu import acceptance, blocks, isolate
from tools.gpu.findings import ON_A_CPU
from tools.gpu.setting import Setting
from tools.gpu.tiny_models import ARCHITECTURES

#: Checks of which a CPU says nothing; all others are made in a rehearsal, and hold.
NOT_ON_A_CPU = {
    "NVML answers", "a step in tf32 has a finite loss", "energy within 10% of power x time",
    "losses within 0.001 of the CPU's", "an out-of-memory of the device itself halves the batch",
    "stand-in of two layers: peak memory, tokens/s, MFU and energy are recorded",
    "stand-in of three layers: peak memory, tokens/s, MFU and energy are recorded",
    "me5-small: both are measured", "me5-small: the runner is as fast, or a profile says why not",
    "stand-in for XLM-R Large: both are measured",
    "stand-in for XLM-R Large: the runner is as fast, or a profile says why not",
}  # fmt: skip
NOT_IN_A_REHEARSAL = {"every stage was tried", "English accuracy of at least 76.08 in every run"}


def test_every_block_runs_to_its_end(rehearsal: Rehearsal) -> None:
    assert rehearsal.status == 0, rehearsal.printed + rehearsal.complained
    found = rehearsal.content["blocks"]
    assert tuple(found) == blocks.NAMES
    for name, block in found.items():
        assert block["finished"], name
        assert block["holds"] is not False, (name, block["reasons"])
        assert block["rehearsal"] and block["device"] == "cpu"
        assert block["seconds"] < block["limit_s"]


def test_what_a_cpu_cannot_show_is_not_measured(rehearsal: Rehearsal) -> None:
    checks = [check for block in rehearsal.content["blocks"].values() for check in block["checks"]]
    missing = {check["check"]: check["reason"] for check in checks if check["holds"] is None}
    assert set(missing) == NOT_ON_A_CPU | NOT_IN_A_REHEARSAL
    assert {missing[name] for name in NOT_ON_A_CPU} == {ON_A_CPU}
    assert sum(check["holds"] is True for check in checks) >= 15
    assert {name: block["holds"] for name, block in rehearsal.content["blocks"].items()} == {
        **dict.fromkeys(blocks.NAMES, "not-run"), "pack": True,
    }  # fmt: skip


def test_no_rate_power_or_memory_of_a_cpu_is_recorded(rehearsal: Rehearsal) -> None:
    """Numbers of these names would pass for a GPU's."""
    names = {"tokens_per_s", "peak_gib", "mfu", "j_per_1000_tokens", "tflops_per_s", "busy", "energy_j", "ratio"}

    def values(content: Any) -> list[Any]:
        if isinstance(content, dict):
            own = [value for key, value in content.items() if key in names]
            return own + [item for value in content.values() for item in values(value)]
        return [item for value in content for item in values(value)] if isinstance(content, list) else []

    seen = values(rehearsal.content["blocks"])
    assert len(seen) > 12
    assert {json.dumps(value) for value in seen} == {"null", '{"runner": null, "trainer": null}'}


def test_stand_ins_are_named(rehearsal: Rehearsal) -> None:
    assert rehearsal.content["start"]["kit"]["stand_in"] == "random weights and made-up texts"
    for block in blocks.BLOCKS:
        assert ("stand_in" in rehearsal.content["blocks"][block.name]) == block.needs_model


def test_both_sides_of_a_comparison_compute_the_same(rehearsal: Rehearsal) -> None:
    """The runner and the stock recipe, from the same weights in the same order: equal losses in every step."""
    models = rehearsal.content["blocks"]["beside"]["facts"]["models"]
    assert [model["largest_loss_difference"] for model in models] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert set(models[1]["profiles"]) == {"runner", "trainer"}
    assert all(side["processor"] for side in models[1]["profiles"].values())


def test_all_architectures_methods_and_kinds_meet(rehearsal: Rehearsal) -> None:
    facts = rehearsal.content["blocks"]["kinds"]["facts"]
    assert facts["architectures"] == list(ARCHITECTURES) and len(ARCHITECTURES) == 8
    assert facts["stages_tried"] == facts["stages_wanted"] == 48 and facts["failures"] == []


def test_the_sweep_was_killed_twice_and_whole_seeds_are_kept(rehearsal: Rehearsal) -> None:
    facts = rehearsal.content["blocks"]["sweep"]["facts"]
    assert [kill["killed"] for kill in facts["kills"]] == ["worker", "driver"]
    assert facts["starts"] == 2 and facts["whole_seeds"]
    cells = 9 * len(facts["whole_seeds"])  # three languages, and none, banking77 and as many steps instead
    assert facts["kept_cells"] == cells < facts["cells_of_the_plan"]
    frame = pd.read_parquet(rehearsal.out / "scores.parquet")
    assert frame["cell"].nunique() == cells
    assert set(frame["study"]) == {"crosslift_gpu"}
    assert set(frame["seed"]) == set(facts["whole_seeds"])
    with tarfile.open(rehearsal.out / "store.tar.xz") as archive:
        names = archive.getnames()
    assert sum(name.startswith("store/cells/") for name in names) == 2 * cells
    assert {"grid.yaml", "kit.json", "store/store.json"} <= set(names)


def test_few_small_files_come_back(rehearsal: Rehearsal) -> None:
    files = list(rehearsal.out.rglob("*"))
    assert {path.name for path in files} == {
        "blocks.json", "plan.json.xz", "scores.parquet", "store.tar.xz", "sweep.log.gz",
    }  # fmt: skip
    assert all(path.parent == rehearsal.out and path.stat().st_size < 16 * 2**20 for path in files)


def test_it_says_how_long_it_took_to_start(rehearsal: Rehearsal) -> None:
    start = rehearsal.content["start"]
    assert start["seconds"] > 0 and start["holds"] == (start["seconds"] <= start["limit_s"] == 20)
    assert f"started in {start['seconds']} s" in rehearsal.printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--blocks", "chekc"], ("unknown block 'chekc'.", "Did you mean 'check'?")),
        (
            ["--tiny", "--limit", "sweep=soon"],
            ("'sweep=soon' is not a valid limit.", "Write NAME=SECONDS, such as sweep=180."),
        ),
        (["--tiny", "--kit", "nowhere"], ("the kit cannot start:", "is missing", "tools/gpu/prepare.sh makes it")),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    arguments: list[str],
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PYTHONPATH", "XDG_CACHE_HOME", "HF_HUB_OFFLINE", "CUBLAS_WORKSPACE_CONFIG"):
        monkeypatch.setenv(name, "")  # what the kit sets for its processes is undone with it
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    places = ["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out")]
    assert acceptance.main([*arguments, *places]) == acceptance.CANNOT
    complained = capsys.readouterr().err
    assert all(word in complained for word in words), complained


class Hanging:
    """A block that finds something and does not end."""

    name, needs_model = "check", False

    def load(self) -> Any:
        return hang


def hang(setting: Any, found: Any) -> None:
    found.check("the first half", True)
    time.sleep(600)


@pytest.mark.slow
def test_a_block_that_is_ended_keeps_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolate, "PRELOAD", [])
    (tmp_path / "blocks").mkdir()
    for limit in (8, 30, 120):  # on a busy machine the process of a block needs longer to begin
        setting = Setting("cpu", True, tmp_path, tmp_path, tmp_path, tmp_path, float(limit))
        acceptance._run(Hanging(), setting, None)  # type: ignore[arg-type]
        content = json.loads((tmp_path / "blocks" / "check.json").read_text(encoding="utf-8"))
        if len(content["checks"]) == 2:
            break
    assert [check["holds"] for check in content["checks"]] == [True, False]
    assert content["reasons"] == [f"ran to its end: ran past its limit of {limit} s"]
    assert content["holds"] is False and not content["finished"] and content["seconds"] >= limit
    assert "check: does not hold" in capsys.readouterr().out
