"""Hours from the timings of a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.cli.main import main
from analysis.core.errors import StoreError
from analysis.questions.power import rank_next
from analysis.questions.power.measured_cost import measured_cost
from analysis.store.cells import Score
from analysis.store.timings import read_timings
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.store.manifest import describe_run
from runner.store.stage import Stage
from runner.store.store import Store
from tests.analysis.power.test_power import components

GRID: dict[str, Any] = {"models": ["me5-small@3"], "targets": ["nusax"], "intermediate": ["none", "banking77:500"],
                        "languages": ["ind", "jav", "sun", "min", "ace"], "seeds": [1]}  # fmt: skip
OFFER: dict[str, Any] = {"languages": ["ban", "bbc"], "seeds": [2, 3], "models": ["me5-small@6"], "targets": ["sib200"]}
#: Hours planted for a stage of each kind.
HOURS = {"load": 0.0, "intermediate": 3.0, "target": 2.0, "evaluate": 0.25}


def planted(path: Path, **hours: float) -> Path:
    """A store of the sweep in which every stage took the planted time."""
    store = Store.create(path, "timed")
    for stage in build_plan(parse_grid(GRID)).stages:
        run = describe_run(stage, 3600.0 * {**HOURS, **hours}[stage.kind], "one device")
        with store.lock(stage) as held:
            if stage.kind == "evaluate":
                store.write_cell(held, stage, [Score("acc", 50.0, stage.work)], run)
            else:
                store.write_stage(held, stage, run, lambda place: None)
    return path


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("timed") / "sweep")


def test_hours_are_those_of_the_stages(sweep: Path) -> None:
    found = rank_next(GRID, OFFER, components(), measured_cost(sweep), steps=1)
    hours = {step.name: step.hours for step in found.ranking}
    assert hours["ban"] == pytest.approx(2 * 0.25)  # scored by the tuned model and its baseline
    assert hours["2"] == pytest.approx(3.0 + 2 * (2.0 + 5 * 0.25))
    # What was never timed takes the times of what was, and that is said.
    assert hours["me5-small@6"] == pytest.approx(hours["2"])
    assert hours["sib200"] == pytest.approx(2 * (2.0 + 5 * 0.25))
    notes = " ".join(found.notices)
    assert "no stage of the model me5-small@6 was timed" in notes
    assert "no stage of the task sib200 was timed" in notes
    assert "on one device" in notes


def test_the_steps_of_a_task_meet_the_pace_of_a_model(sweep: Path) -> None:
    """A model that was timed on another task only: its seconds per step, times the steps of this task."""
    cost = measured_cost(sweep)
    target: Stage = next(stage for stage in build_plan(parse_grid(GRID)).stages if stage.kind == "target")
    other = build_plan(parse_grid({**GRID, "models": ["me5-small@6"], "targets": ["sib200"]})).stages
    rows = list(cost.rows)
    first = rows[0]
    for stage in other:
        if stage.kind == "target":
            row = type(first)("target", stage.model, stage.task, 10.0 * stage.work, stage.work, "one device")
            rows.append(row)
    both = type(cost)(cost.path, tuple(rows))
    assert both.fine_tune("me5-small@6", "nusax") == pytest.approx(10.0 * target.work / 3600.0)
    assert both.fine_tune("me5-small@3", "nusax") == pytest.approx(2.0)


def test_a_task_without_a_target_stage_costs_none(sweep: Path) -> None:
    cost = measured_cost(sweep)
    rows = tuple(row for row in cost.rows if row.kind != "target")
    assert type(cost)(cost.path, rows).fine_tune("me5-small@3", "nusax") == 0.0
    with pytest.raises(StoreError, match="does not contain timings of target stages"):
        type(cost)(cost.path, rows).fine_tune("me5-small@3", "sib200")


def test_the_command_reads_a_store(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (("grid", GRID), ("offer", OFFER)):
        (tmp_path / f"{name}.yaml").write_text(json.dumps(content))  # JSON is YAML
    stated = ["--no-fit", "--component", "language=15", "--component", "residual=28"]
    files = ["--next", str(tmp_path / "grid.yaml"), "--offer", str(tmp_path / "offer.yaml"), "--cost", str(sweep)]
    assert main(["power", *stated, *files, "--json", str(tmp_path / "n.json")]) == 0
    out = capsys.readouterr().out
    assert "relative" not in out and "hours are of one worker, measured in" in out
    content = json.loads((tmp_path / "n.json").read_text())
    assert content["cost"]["unit"] == "hours"
    assert {step["name"]: step["hours"] for step in content["next"]}["ban"] == pytest.approx(0.5)
    assert any("was timed" in line for line in content["notices"])


def test_a_store_without_timings_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    Store.create(empty, "empty")
    with pytest.raises(StoreError, match="holds no timings: it has no stage. Run a part of the sweep first"):
        measured_cost(empty)
    untimed = planted(tmp_path / "untimed", intermediate=0.0, target=0.0, evaluate=0.0)
    with pytest.raises(StoreError, match=r"none of its \d+ finished stages says how long it took"):
        read_timings(untimed)
    for name in ("grid", "offer"):
        (tmp_path / f"{name}.yaml").write_text(json.dumps({"grid": GRID, "offer": OFFER}[name]))
    (tmp_path / "folder").mkdir()
    arguments = ["power", "--no-fit", "--component", "residual=28", "--next", str(tmp_path / "grid.yaml"), "--offer",
                 str(tmp_path / "offer.yaml"), "--cost"]  # fmt: skip
    assert main([*arguments, str(tmp_path / "folder")]) == 2
    assert "is not a store: it has no store.json" in " ".join(capsys.readouterr().err.split())


def test_a_damaged_manifest_costs_itself_alone(tmp_path: Path) -> None:
    path = planted(tmp_path / "sweep")
    damaged = next((path / "cells").glob("*.json"))
    damaged.write_text("{")
    found = read_timings(path)
    assert found.untimed == 1
    assert "1 more have no timing" in measured_cost(path).note
