"""Hyperparameters of single tasks, adapters, and training stages that several tasks share."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.core.errors import CrossliftError
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.plan.lineage import evaluated_in
from runner.plan.training import Training
from runner.store.stage import Stage

GRID: dict[str, Any] = {"models": ["me5-small@3"], "languages": ["en"], "targets": ["udpos", "xnli"]}


def targets(**change: Any) -> dict[str, Stage]:
    plan = build_plan(parse_grid({**GRID, **change}))
    return {stage.task: stage for stage in plan.stages if stage.kind == "target"}


def test_a_task_may_have_hyperparameters_of_its_own() -> None:
    found = targets(
        training={"epochs": 2}, training_target={"learning_rate": 2e-5, "udpos": {"epochs": 10, "max_length": 64}}
    )
    of = {task: stage.inputs["training"] for task, stage in found.items()}
    assert (of["udpos"]["epochs"], of["udpos"]["max_length"], of["udpos"]["learning_rate"]) == (10, 64, 2e-5)
    assert (of["xnli"]["epochs"], of["xnli"]["max_length"], of["xnli"]["learning_rate"]) == (2, 128, 2e-5)
    assert found["udpos"].work == 10 * -(-21253 // 32)
    plan = build_plan(parse_grid({**GRID, "training_target": {"udpos": {"max_length": 64}}}))
    assert {cell.task: cell.inputs["max_length"] for cell in plan.cells} == {"udpos": 64, "xnli": 128}


def test_intermediate_tasks_may_too() -> None:
    change = {"intermediate": ["mnli", "qqp"], "control": "steps", "training_intermediate": {"qqp": {"steps": 7}}}
    plan = build_plan(parse_grid({**GRID, **change}))
    steps = {stage.task: stage.work for stage in plan.stages if stage.kind == "intermediate"}
    assert steps["qqp"] == 7 < steps["mnli"]
    assert {cell.record["matched_steps"] for cell in plan.cells} == {0, 7, steps["mnli"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"udpo": {"epochs": 3}}, "unknown task of 'training_target' 'udpo'. Did you mean 'udpos'?"),
        ({"udpos": {"epoch": 3}}, "unknown key 'epoch' in 'training_target: udpos'. Did you mean 'epochs'?"),
        ({"lora_dropout": 1}, "lora_dropout in 'training_target' is 1. It is a number from 0 to 0.9."),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossliftError) as caught:
        parse_grid({**GRID, "training_target": change})
    assert words in str(caught.value)


def test_tasks_with_the_same_training_data_share_their_stages() -> None:
    plan = build_plan(parse_grid({**GRID, "targets": ["xquad-squad", "mlqa", "squad"], "intermediate": ["mnli"]}))
    trained = [stage for stage in plan.stages if stage.kind == "target"]
    assert [stage.task for stage in trained] == ["squad", "squad"]  # after MNLI, and without
    assert {cell.task for cell in plan.cells} == {"xquad-squad", "mlqa", "squad"}
    assert {cell.parent for cell in plan.cells} == set(trained)
    change = {"training_target": {"mlqa": {"epochs": 2}}, "targets": ["xquad-squad", "mlqa"]}
    assert sum(stage.kind == "target" for stage in build_plan(parse_grid({**GRID, **change})).stages) == 2


def test_adapters_are_part_of_the_identity_where_they_are_trained() -> None:
    used = Training(method="lora", lora_rank=4, lora_targets=("query", "value")).inputs()
    assert {key: used[key] for key in used if key.startswith("lora_")} == {
        "lora_rank": 4, "lora_alpha": 8, "lora_dropout": 0.05, "lora_targets": ["query", "value"],
    }  # fmt: skip
    assert Training(method="lora", lora_alpha=32).inputs()["lora_alpha"] == 32
    assert not [key for key in Training().inputs() if key.startswith("lora_")]


def test_the_precision_of_evaluations_is_part_of_identity_and_condition_where_it_is_not_usual() -> None:
    def cells(**change: Any) -> dict[str, Stage]:
        return {
            cell.task: cell for cell in build_plan(parse_grid({**GRID, "targets": ["xnli", "tatoeba"], **change})).cells
        }

    usual, said, mixed = cells(), cells(evaluation="fp32"), cells(evaluation="bf16")
    for task in usual:
        assert usual[task].id == said[task].id != mixed[task].id
        assert "evaluation" not in usual[task].record["condition"]
        assert "evaluation=bf16" in mixed[task].record["condition"]
        assert (evaluated_in(usual[task]), evaluated_in(mixed[task])) == ("fp32", "bf16")
    with pytest.raises(CrossliftError, match="unknown evaluation 'fp16'"):
        cells(evaluation="fp16")


def test_tf32_is_a_precision_of_its_own() -> None:
    assert Training(precision="tf32").inputs()["precision"] == "tf32"
    assert not Training(precision="tf32", method="lora").on_half
