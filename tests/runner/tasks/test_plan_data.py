"""Planning with data at hand: the revision of a stage is that of the file, and the user is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.cli.main import main
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.tasks.load import cards_at_hand
from tests.runner.tasks.data import moods, write


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["plan", "--models", "me5-small@3", "--targets", "moods", *arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_tasks_of_a_directory_are_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "own")
    found = plan(capsys, "--intermediate", "cldr-typing:100", "--data-dir", str(folder))
    assert {cell["language"] for cell in found["cells"]} == {"de", "en", "sw"}
    assert found["notices"] == []
    assert {cell["intermediate_examples"] for cell in found["cells"] if cell["method"] == "intermediate"} == {100}


def test_another_file_is_another_stage(tmp_path: Path) -> None:
    folder = write(tmp_path / "own")
    grid = {"models": ["me5-small@3"], "targets": ["moods"]}
    before = build_plan(parse_grid(grid, cards_at_hand(folder)[0]))
    again = build_plan(parse_grid(grid, cards_at_hand(folder)[0]))
    moods().iloc[1:].to_csv(folder / "moods.tsv", sep="\t", index=False)
    after = build_plan(parse_grid(grid, cards_at_hand(folder)[0]))
    assert [stage.id for stage in before.stages] == [stage.id for stage in again.stages]
    trained = [stage.id for stage in before.stages if stage.kind != "load"]
    assert not {stage.id for stage in after.stages} & set(trained)


def test_a_task_of_a_directory_is_unknown_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--models", "me5-small@3", "--targets", "moods"]) == 2
    assert "unknown task 'moods'" in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--models", "me5-small@3", "--targets", "sib200", "--data-dir", str(tmp_path / "x")]) == 2
    assert "there is no data directory" in capsys.readouterr().err


def test_collected_files_are_those_of_the_catalogue(shared: Path) -> None:
    cards, notes = cards_at_hand(shared / "mini")
    assert notes == {}
    assert sum(bool(card.file) for card in cards.values()) == 9
