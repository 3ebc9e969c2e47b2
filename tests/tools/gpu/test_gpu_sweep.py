"""Whole seeds, kills, and what a sweep must not do: on stores with planted answers and faults."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from analysis.store.sealed import seal, unseal
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from tests.analysis.test_paired import planted
from tests.conftest import ROOT
from tools.gpu import kills as kills_module
from tools.gpu import sweep as sweep_module
from tools.gpu.findings import Findings
from tools.gpu.floor import ERRORS, FLOOR, LOWEST, SENTENCES, standard_error
from tools.gpu.kills import Kills
from tools.gpu.pack import FILES, pack_store, packed_store
from tools.gpu.pack import run as pack
from tools.gpu.setting import Setting
from tools.gpu.whole import keep_whole, whole_seeds

GRID: dict[str, Any] = {
    "models": ["me5-small"], "intermediate": ["banking77:500"], "targets": ["sib200"],
    "languages": ["eng_Latn", "swh_Latn"], "seeds": "1-3", "control": "steps",
}  # fmt: skip


def cells_of(grid: dict[str, Any]) -> list[dict[str, Any]]:
    """As the JSON of a plan has them."""
    return [{"id": cell.id, **cell.record} for cell in build_plan(parse_grid(grid)).cells]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("swept") / "sweep"
    planted(store, GRID)
    return store


class Told:
    """A sweep as the checks see it, on a store that nothing runs in."""

    def __init__(self, store: Path, setting: Setting) -> None:
        self.store, self.setting, self.killed, self.started = store, setting, 0, []  # type: ignore[var-annotated]
        self.helping: dict[int, str] = {}
        self.process = SimpleNamespace(pid=1)

    def cells(self) -> set[str]:
        return {path.stem for path in (self.store / "cells").glob("[!.]*.json")}

    def running(self) -> bool:
        return True

    def helpers(self) -> dict[int, str]:
        return self.helping

    def kill_driver(self) -> int:
        self.killed += 1
        return 1

    def start(self, workers: int | None = None) -> None:
        self.started.append(workers)


@pytest.fixture
def setting(swept: Path, tmp_path: Path) -> Setting:
    shutil.copytree(swept, tmp_path / "sweep")
    (tmp_path / "out").mkdir()
    (tmp_path / "kit" / "part1").mkdir(parents=True)
    (tmp_path / "kit" / "part1" / "kit.json").write_text("{}")
    (tmp_path / "grid.yaml").write_text("models: [x]")
    (tmp_path / "plan.json").write_text(json.dumps({"cells": cells_of(GRID)}))
    return Setting("cuda:0", False, tmp_path, tmp_path, tmp_path, tmp_path / "out", 60.0)


def judged(setting: Setting, kills: Any, cells: list[dict[str, Any]] | None = None) -> dict[str, dict[str, Any]]:
    found = Findings("sweep", setting.state / "sweep.json")
    sweep_module.verify(setting, Told(setting.state / "sweep", setting), kills, cells or cells_of(GRID), found)  # type: ignore[arg-type]
    return {check["check"]: check for check in found.checks} | {"facts": found.facts}


def no_kills(lost: list[str] | None = None, went_on: bool = True) -> Any:
    return SimpleNamespace(
        done=True, told=[1, 2], seen={}, cells_before=0, went_on=lambda: went_on, lost=lambda: lost or []
    )


def test_seeds_are_whole_or_left_out_in_the_order_of_the_plan() -> None:
    cells = [{"id": f"{seed}{arm}", "seed": seed} for seed in ("2", "1", "3") for arm in "abc"]
    every = {cell["id"] for cell in cells}
    assert whole_seeds(cells, every) == ["2", "1", "3"]
    assert whole_seeds(cells, every - {"1b"}) == ["2", "3"]
    assert whole_seeds(cells, set()) == []


def test_what_is_kept_are_the_cells_of_whole_seeds(setting: Setting) -> None:
    store, goal, cells = setting.state / "sweep", setting.state / "kept", cells_of(GRID)
    gone = next(cell for cell in cells if cell["seed"] == "2")
    (store / "cells" / f"{gone['id']}.json").unlink()
    assert keep_whole(store, goal, cells) == ["1", "3"]
    kept = {path.stem for path in (goal / "cells").glob("*.json")}
    assert kept == {cell["id"] for cell in cells if cell["seed"] != "2"}
    assert {path.stem for path in (goal / "cells").glob("*.parquet")} == kept
    assert not list((goal / "checkpoints").iterdir())


def test_a_good_sweep_passes_every_check(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "FLOOR", 1.0)
    found = judged(setting, no_kills())
    facts = found.pop("facts")
    assert all(check["holds"] for check in found.values()), found
    assert facts["whole_seeds"] == ["1", "2", "3"] and facts["in_order"]
    assert facts["kept_cells"] == 3 * 3 * 2 and len(facts["english"]) == 9


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("damage", "no cell is damaged"),
        ("lost", "no cell was lost or written again"),
        ("doubled", "no cell is doubled"),
        ("strange", "no cell is doubled"),
        ("failure", "no stage failed"),
        ("stuck", "a worker and the driver were killed, and the sweep went on"),
        ("poor", f"English accuracy of at least {FLOOR:g} in every run"),
        ("none", "at least one seed is complete"),
    ],
)
def test_every_fault_is_found(setting: Setting, fault: str, broken: str) -> None:
    store, kills, cells = setting.state / "sweep", no_kills(), cells_of(GRID)
    files = sorted((store / "cells").glob("*.json"))
    content = unseal(files[0].read_bytes())
    if fault == "damage":
        files[0].with_suffix(".parquet").write_bytes(b"torn")
    elif fault == "lost":
        kills = no_kills(lost=[files[0].stem])
    elif fault == "doubled":  # the same evaluation under two identities of the plan
        other = unseal(files[1].read_bytes())
        files[1].write_bytes(seal({**content, "id": other["id"]}))
        files[1].with_suffix(".parquet").write_bytes(files[0].with_suffix(".parquet").read_bytes())
    elif fault == "strange":
        cells = [cell for cell in cells if cell["id"] != content["id"]]
    elif fault == "failure":
        (store / "failures" / f"{files[0].stem}.json").write_text('{"stage": "a", "error": "b", "hint": ""}')
    elif fault == "stuck":
        kills = no_kills(went_on=False)
    elif fault == "poor":
        for path in files:
            own = unseal(path.read_bytes())
            for record in own["records"]:
                record["score"] = FLOOR - 0.1 if record["seed"] == "2" else 90.0
            path.write_bytes(seal(own))
    elif fault == "none":
        for path in files:
            path.unlink()
    found = judged(setting, kills, cells)
    assert found[broken]["holds"] is False, list(found.items())


def test_a_worker_and_the_driver_are_killed_once_there_are_cells(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = setting.state / "sweep"
    spare = sorted((store / "cells").glob("*"))
    place = setting.state / "aside"
    place.mkdir()
    for path in spare:
        path.rename(place / path.name)
    told: Any = Told(store, setting)
    ended: list[int] = []
    monkeypatch.setattr(kills_module.os, "kill", lambda pid, signal: ended.append(pid))
    kills = Kills(told)
    told.helping = {77: "a stage"}
    kills.look()
    assert not kills.told  # there is nothing yet that could be lost
    for path in spare[:4]:
        (place / path.name).rename(store / "cells" / path.name)
    told.helping = {}
    kills.look()
    assert not kills.told  # no worker holds a stage
    told.helping = {77: "a stage"}
    kills.look()
    assert ended == [77] and [item["killed"] for item in kills.told] == ["worker"]
    kills.look()
    assert told.killed == 0  # nothing was written since
    for path in spare[4:6]:
        (place / path.name).rename(store / "cells" / path.name)
    kills.look()
    assert told.killed == 1 and told.started == [None] and kills.done
    kills.look()
    assert (told.killed, len(kills.told), kills.resume()) == (1, 2, False)
    assert not kills.went_on() and kills.lost() == []
    for path in spare[6:8]:
        (place / path.name).rename(store / "cells" / path.name)
    assert kills.went_on()
    changed, gone = sorted(kills.seen)[:2]
    (store / "cells" / f"{changed}.json").write_text("{}")
    (store / "cells" / f"{gone}.json").unlink()
    assert kills.lost() == sorted([changed, gone])


def test_packs_are_small_few_and_the_same_for_the_same_cells(setting: Setting) -> None:
    keep_whole(setting.state / "sweep", setting.state / "kept", cells_of(GRID))
    (setting.state / "sweep.log").write_text("$ runner run")
    found = Findings("pack", setting.state / "pack.json")
    (setting.out / "blocks.json").write_text("{}")
    pack(setting, found)
    assert found.to_json()["holds"] is True, found.checks
    names = {path.name for path in setting.out.iterdir()}
    assert names == {"blocks.json", "store.tar.xz", "scores.parquet", "sweep.log.gz", "plan.json.xz"}
    assert len(names) <= FILES
    assert packed_store(setting.state) == packed_store(setting.state)
    with tarfile.open(setting.out / "store.tar.xz") as archive:
        archive.extractall(setting.state / "unpacked", filter="data")
    assert keep_whole(setting.state / "unpacked" / "store", setting.state / "again", cells_of(GRID)) == ["1", "2", "3"]
    assert pd.read_parquet(setting.out / "scores.parquet")["cell"].nunique() == 18


def test_too_many_or_too_large_files_do_not_hold(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(FILES + 1):
        (setting.out / f"file{i}").write_bytes(b"x" * 100)
    monkeypatch.setattr("tools.gpu.pack.MIB", 50 / 2**20)
    found = Findings("pack", setting.state / "pack.json")
    pack(setting, found)
    check = {item["check"]: item for item in found.checks}[f"at most {FILES} files of {50 / 2**20} MiB"]
    assert check["holds"] is False and check["files"] == FILES + 2  # the plan is packed in any case
    assert len(check["large"]) >= FILES + 1


def test_nothing_whole_is_packed_as_nothing(setting: Setting) -> None:
    found = Findings("pack", setting.state / "pack.json")
    pack_store(setting, found)
    assert {path.name for path in setting.out.iterdir()} == {"plan.json.xz"}
    pack(setting, found)
    assert found.to_json()["holds"] == "not-run"


def test_the_floor_is_that_of_the_committed_scores() -> None:
    frame = pd.read_parquet(ROOT / "data" / "published" / "crosslift_mini" / "records.parquet")
    own = frame[(frame["model"] == "me5-small") & (frame["target_task"] == "sib200") & (frame["metric"] == "acc")]
    english = own[own["language"] == "eng"]
    assert len(english) == 15 and set(english["n_items"]) == {SENTENCES}
    assert round(english["score"].min(), 2) == LOWEST
    assert round(LOWEST - ERRORS * standard_error(LOWEST, SENTENCES), 2) == FLOOR
    assert FLOOR > 70  # far above the 25% of always answering the most frequent class


def test_the_sweep_is_the_design_of_the_committed_one(setting: Setting) -> None:
    """Same model, arms and hyperparameters, so that its floor means something."""
    import yaml

    grid = sweep_module.grid(setting)
    mini = yaml.safe_load((ROOT / "data" / "published" / "crosslift_mini" / "grid_depth.yaml").read_text())
    for key in ("intermediate", "training_intermediate", "control", "targets"):
        wanted = mini[key] if key != "intermediate" else ["none", *mini[key]]
        assert grid[key] == wanted, key
    assert grid["training"] == mini["training"]
    assert grid["languages"] == "all"


def test_a_sweep_that_was_cut_off_still_gives_its_whole_seeds(setting: Setting) -> None:
    (setting.state / "blocks").mkdir()
    (setting.state / "blocks" / "sweep.json").write_text('{"finished": false}')
    cells = cells_of(GRID)
    gone = next(cell["id"] for cell in cells if cell["seed"] == "3")
    (setting.state / "sweep" / "cells" / f"{gone}.json").unlink()
    pack(setting, Findings("pack", setting.state / "pack.json"))
    assert set(pd.read_parquet(setting.out / "scores.parquet")["seed"]) == {"1", "2"}
