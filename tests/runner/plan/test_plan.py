"""Plans: identities, shared prefixes, matched baselines."""

from __future__ import annotations

from typing import Any

import pytest

from runner.plan.build import Plan, build_plan
from runner.plan.grid import parse_grid
from runner.store import stage as stages
from runner.tasks import catalog
from runner.tasks.catalog import TaskCard, find_task, register

GRID: dict[str, Any] = {
    "models": ["me5-small@3"], "targets": ["nusax", "tatoeba"], "languages": ["jv", "id"], "seeds": "1-2",
    "intermediate": ["banking77:500", "banking77:2000"], "training": {"epochs": 2},
}  # fmt: skip


def plan(**change: Any) -> Plan:
    return build_plan(parse_grid({**GRID, **change}))


def ids(made: Plan, kind: str | None = None) -> set[str]:
    return {stage.id for stage in made.stages if kind in (None, stage.kind)}


def test_prefixes_are_shared_and_parents_come_first() -> None:
    made = plan()
    # 2 intermediate arms by 2 seeds; 3 target stages (nusax under each arm and the baseline) by 2 seeds; evaluations in
    # 2 languages: 6 trained on nusax, 4 of tatoeba after an arm, and one of tatoeba without any training.
    assert made.counts() == {"load": 1, "intermediate": 4, "target": 6, "evaluate": 2 * (6 + 4 + 1)}
    seen: set[str] = set()
    for stage in made.stages:
        assert stage.parent is None or stage.parent.id in seen
        seen.add(stage.id)


def test_every_intermediate_cell_has_its_baseline() -> None:
    cells = [cell.record for cell in plan().cells]
    key = ("model", "target_task", "language", "split", "train_examples", "condition")
    baselines = {(*(c[k] for k in key), c["seed"]) for c in cells if c["method"] == "baseline"}
    for cell in cells:
        if cell["method"] == "intermediate":
            seed = cell["seed"] if cell["train_examples"] else ""
            assert (*(cell[k] for k in key), seed) in baselines


def test_control_steps_adds_baselines_that_train_as_long() -> None:
    more = plan(control="steps")
    added = [s for s in more.stages if s.id not in ids(plan())]
    assert {s.kind for s in added} == {"target", "evaluate"}
    extra = sorted(s.inputs["extra_steps"] for s in added if s.kind == "target")
    assert extra == [32, 32, 126, 126]  # 2 epochs of 500 and 2,000 examples in batches of 32, 2 seeds
    assert {s.record["condition"] for s in added if s.kind == "evaluate"} == {"control=steps:32", "control=steps:126"}
    assert ids(plan()) < ids(more)
    assert more.grid.notices == ("no steps-matched baseline for tatoeba: evaluated without training.",)


def test_the_same_grid_has_the_same_identities() -> None:
    assert [s.id for s in plan().stages] == [s.id for s in plan().stages]
    assert ids(plan(training={"epochs": 2, "lora_rank": 4})) == ids(plan())  # no effect without the method lora


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"training": {"epochs": 3}}, {"load", "untrained"}),
        ({"training_target": {"epochs": 3}}, {"load", "intermediate", "tatoeba"}),
        ({"seeds": "3-4"}, {"load", "untrained"}),
        ({"models": ["me5-small@6"]}, set()),
    ],
)
def test_what_determines_an_outcome_changes_the_identity(change: dict[str, Any], kept: set[str]) -> None:
    same = [s for s in plan(**change).stages if s.id in ids(plan())]
    names = {s.kind for s in same} - {"evaluate"}
    cells = [s for s in same if s.kind == "evaluate"]
    assert all(s.inputs["task"] == "tatoeba" for s in cells)
    if any(s.parent and s.parent.kind == "load" for s in cells):
        names.add("tatoeba" if any(s.parent and s.parent.kind == "intermediate" for s in cells) else "untrained")
    assert names == kept


def test_more_languages_leave_the_others_alone() -> None:
    assert ids(plan()) < ids(plan(languages=["jv", "id", "su"]))


def test_code_and_data_revisions_are_part_of_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan()
    monkeypatch.setattr(stages, "CODE_REVISIONS", {**stages.CODE_REVISIONS, "target": 2})
    after = plan()
    assert ids(after, "intermediate") == ids(before, "intermediate")
    assert not ids(after, "target") & ids(before, "target")
    monkeypatch.undo()
    monkeypatch.setattr(catalog, "_ADDED", {})
    card = find_task("nusax")
    register(TaskCard("nusax", card.kind, "other", card.languages, card.train_language, card.train_examples))
    assert not ids(plan(), "target") & ids(before, "target")
    assert ids(plan(), "intermediate") == ids(before, "intermediate")


def test_revisions_name_what_an_outcome_rests_on() -> None:
    cell = next(c for c in plan().cells if c.record["method"] == "intermediate" and c.inputs["task"] == "nusax")
    assert set(cell.revisions) == {
        "code of stage 'load'", "code of stage 'intermediate'", "code of stage 'target'", "code of stage 'evaluate'",
        "model 'me5-small@3'", "data of 'banking77'", "data of 'nusax'",
    }  # fmt: skip
