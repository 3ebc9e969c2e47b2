"""docs/running.md shows grids that are accepted."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from analysis.store.grid import read_grid
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.plan.training import Training
from tests.conftest import ROOT

DOCS = (ROOT / "docs/running.md").read_text(encoding="utf-8")


def test_shown_grids_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert blocks
    (tmp_path / "models/my-model").mkdir(parents=True)  # the directory of a model that the example names
    (tmp_path / "models/my-model/config.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        shown = block.replace("COMMIT", "0123456789" * 4)  # what a reader puts there
        (tmp_path / "grid.yaml").write_text(shown, encoding="utf-8")
        content = read_grid(tmp_path / "grid.yaml")
        grid = parse_grid(content)
        assert len(grid.models) == len(content["models"])
        assert grid.training_target.learning_rate == 5e-4  # YAML takes this spelling for text
        assert (grid.training_intermediate.epochs, grid.training_target.epochs) == (3, 5)


def test_every_key_of_training_is_described_with_its_default() -> None:
    table = DOCS.partition("| key of `training`")[2].partition("\n\n")[0]
    for item in fields(Training):
        assert f"`{item.name}`" in table, item.name
    assert f"| `precision` | `{Training().precision}` |" in table


def test_the_grid_of_the_literature_is_planned_without_a_download() -> None:
    plan = build_plan(parse_grid(read_grid(ROOT / "docs/xtreme.yaml")))
    arms = {(cell.record.get("intermediate_task"), cell.record["target_task"]) for cell in plan.cells}
    targets = {target for _, target in arms}
    assert {target for arm, target in arms if not arm} == targets and len(targets) == 9  # each has its baseline
    assert len(arms) == 7 * 9
