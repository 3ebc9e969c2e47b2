"""What once went wrong in sweeps: adapters on half weights, disks that are really full, one stage's error, races."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from analysis.core.errors import CrossliftError, StoreError
from analysis.outcomes.build import Options, read_outcome
from runner.executors import local
from runner.executors.progress import Report
from runner.executors.worker import Setting, Worker
from runner.kinds.classification import Classification
from runner.models import backbone
from runner.models.backbone import Backbone, load_backbone
from runner.models.catalog import ModelCard
from runner.plan.build import Plan, build_plan
from runner.plan.grid import parse_grid
from runner.plan.lineage import on_half
from runner.plan.request import Request
from runner.store import locks
from runner.store.store import Store
from runner.training.bench import Bench
from runner.training.outputs import in_memory
from tests.runner.executors.test_run import scores
from tests.runner.executors.world import make_world, run_world

QUICK = {"epochs": 1, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0}


def plan_of(place: Path) -> Plan:
    return Request(yaml.safe_load((place / "grid.yaml").read_text()), place / "data").plan()


def test_adapters_beside_half_weights_are_trained_and_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[bool] = []

    def load(card: ModelCard, half: bool) -> Backbone:
        loaded.append(half)
        return load_backbone(card, half)

    monkeypatch.setattr(backbone, "load_backbone", load)
    make_world(tmp_path, training={**QUICK, "method": "lora", "precision": "bf16"}, seeds=[1])
    assert all(on_half(stage) for stage in plan_of(tmp_path).stages if stage.kind != "load")
    assert run_world(tmp_path) == 0
    assert len(scores(tmp_path)) == 6
    assert loaded == [True]  # whole weights may not fit


def test_weights_are_halved_where_all_training_up_to_a_stage_allows_it() -> None:
    """What a stage rests on is part of its identity, whatever else the grid holds."""
    half = {"method": "lora", "precision": "bf16"}
    grid = {"models": ["me5-small@3"], "intermediate": ["cldr-language"], "targets": ["cldr-typing", "cldr-terms"],
            "languages": ["de"], "training": QUICK}  # fmt: skip
    plans = {
        "none": build_plan(parse_grid(grid)),
        "first": build_plan(parse_grid({**grid, "training_intermediate": half})),
        "both": build_plan(parse_grid({**grid, "training": {**QUICK, **half}})),
    }
    flags: dict[str, bool] = {}
    for name, plan in plans.items():
        for stage in plan.stages:
            if stage.kind != "load":
                assert flags.setdefault(stage.id, on_half(stage)) == on_half(stage), (name, stage.label)
    assert {on_half(stage) for stage in plans["none"].cells} == {False}
    assert {on_half(stage) for stage in plans["both"].cells} == {True}
    middle = {(stage.parent.kind if stage.parent else "", on_half(stage)) for stage in plans["first"].cells}
    assert middle == {("load", False), ("intermediate", True), ("target", False)}


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    make_world(tmp_path / "one")
    make_world(tmp_path / "two")
    (tmp_path / "two" / "model" / "more.json").write_text("{}")
    grid = yaml.safe_load((tmp_path / "one" / "grid.yaml").read_text())
    grid["models"].append(str(tmp_path / "two" / "model"))
    with pytest.raises(CrossliftError, match="two models of the grid are called 'model': .*one.* and .*two"):
        Request(grid, tmp_path / "one" / "data").plan()


@pytest.mark.parametrize("revision", ["main", "v1.0", "c1a6f0e"])
def test_a_revision_that_moves_is_refused(revision: str) -> None:
    model = {"name": "FacebookAI/xlm-roberta-base", "revision": revision}
    with pytest.raises(CrossliftError, match="is not a commit"):
        parse_grid({"models": [model], "targets": ["cldr-typing"]})


def test_a_stage_that_another_process_has_finished_is_not_trained_again(tmp_path: Path) -> None:
    """Its checkpoint is gone because nothing is left to evaluate on it."""
    make_world(tmp_path, training=QUICK, seeds=[1])
    assert run_world(tmp_path) == 0
    store, plan = Store.open(tmp_path / "store"), plan_of(tmp_path)
    worker = Worker(store, plan, Setting(data_dir=tmp_path / "data"))
    target = next(stage for stage in plan.stages if stage.kind == "target")
    assert not store.usable(target.id, target.kind)
    assert not worker._train(target)
    assert store.checkpoint(target) is None


def test_the_error_of_a_stage_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1])
    real = Classification.encode

    def refuse(self: Any, backbone: Any, examples: Any, max_length: int, train: bool) -> Any:
        if train and len(examples) == 40:  # the intermediate task
            raise CrossliftError("the tokenizer has no mask piece.", "Take another model.")
        return real(self, backbone, examples, max_length, train)

    monkeypatch.setattr(Classification, "encode", refuse)
    assert run_world(tmp_path) == 1
    assert "Failed: model → pets:40: the tokenizer has no mask piece.\n  Take another model." in capsys.readouterr().err
    assert len(scores(tmp_path)) == 3


def test_values_that_are_not_finite_are_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1], intermediate=["none"])
    real = Bench.forward

    def broken(self: Any, batch: Any, layer: int | None = None) -> Any:
        hidden, mask = real(self, batch, layer)
        return (hidden if torch.is_grad_enabled() else hidden * torch.nan), mask

    monkeypatch.setattr(Bench, "forward", broken)
    assert run_world(tmp_path) == 1
    assert "values that are not finite" in capsys.readouterr().err
    assert not list((tmp_path / "store" / "cells").iterdir())


def test_a_batch_that_does_not_fit_is_computed_in_halves() -> None:
    done: list[int] = []

    def compute(chosen: Any) -> None:
        if len(chosen) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        done.extend(chosen)

    in_memory(np.arange(20), compute)
    assert done == list(range(20))

    def never(chosen: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        in_memory(np.arange(4), never)


def test_a_full_disk_is_named_whoever_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1])
    store, plan = Store.create(tmp_path / "store"), plan_of(tmp_path)
    target = next(stage for stage in plan.stages if stage.kind == "target")

    def fill(place: Path) -> None:
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")

    held = store.lock(target)
    assert held is not None
    with held, pytest.raises(StoreError, match="the disk is full"):
        store.write_stage(held, target, {}, fill)
    assert not list((store.path / "checkpoints").iterdir())

    def full(descriptor: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(locks.os, "write", full)
        with pytest.raises(StoreError, match="the disk is full"):
            store.lock(target)
    again = store.lock(target)  # it was given back
    assert again is not None
    again.release()


def test_intermediate_stages_trained_in_two_ways_are_two_arms(tmp_path: Path) -> None:
    grid = make_world(tmp_path, training=QUICK, seeds=[1])
    assert run_world(tmp_path) == 0
    content = yaml.safe_load(grid.read_text())
    grid.write_text(yaml.safe_dump({**content, "training_intermediate": {"epochs": 2}}))
    assert run_world(tmp_path) == 0
    _, outcome = read_outcome((str(tmp_path / "store"),), {}, Options(source="en"), lambda words: None)
    assert sorted(outcome.frame["intermediate_task"].unique()) == ["pets (epochs=1)", "pets (epochs=2)"]
    assert len(outcome.frame) == 4  # de and sw, after each


def test_every_gpu_has_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert local.find_workers(0, "cuda") == 3
    assert local.find_workers(0, "cuda:1") == 1
    assert local.find_workers(2, "cuda") == 2
    started: list[str] = []

    class Process:
        def __init__(self, command: list[str], **options: Any) -> None:
            started.append(command[command.index("--device") + 1])

        def wait(self, timeout: float = 0) -> None:
            pass

    class Idle(Worker):
        def run(self) -> None:
            started.insert(0, self.setting.device)

    monkeypatch.setattr(local.subprocess, "Popen", Process)
    monkeypatch.setattr(local, "Worker", Idle)
    make_world(tmp_path, training=QUICK, seeds=[1])
    store, plan = Store.create(tmp_path / "store"), plan_of(tmp_path)
    local.run_local(store, plan, Setting("cuda"), 4, Report(), store.begin(plan.stages))
    assert started == ["cuda:0", "cuda:1", "cuda:2", "cuda:0"]
    started.clear()
    local.run_local(store, plan, Setting("cuda:2"), 2, Report(), store.begin(plan.stages))
    assert started == ["cuda:2", "cuda:2"]
