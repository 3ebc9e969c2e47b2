"""A stage that is stopped in the middle goes on to the same bytes; processes stop where they are told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from runner.executors.worker import Setting, Worker
from runner.kinds.registry import find_kind
from runner.plan.request import Request
from runner.plan.training import Training
from runner.store.gc import collect
from runner.store.store import Store
from runner.training.snapshot import STOPPED, Keeper
from runner.training.train import train
from tests.conftest import ROOT
from tests.runner.executors.world import make_world, run_world
from tests.runner.training.small import bench, texts
from tests.runner.training.test_train import values

STEPS = 12


def run(own: Any, training: Training, keeper: Keeper | None = None) -> Any:
    kind = find_kind("classification")
    features = kind.encode(own.backbone, texts(40), 64, True)
    return train(own, own.start, kind, features, 2, training, STEPS, 3, "task", keeper=keeper)


@pytest.mark.parametrize("method", ["full", "frozen-embeddings", "lora"])
def test_a_stage_in_pieces_is_the_stage_as_a_whole(tmp_path: Path, method: Any) -> None:
    training = Training(method=method, learning_rate=5e-3, batch_size=8, dropout=0.2)
    whole = run(bench(tmp_path / "a"), training)
    place = tmp_path / "snapshot"
    for limit in (1, 4, 4):  # steps until the process is told to stop
        left = [limit]

        def stopping(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] <= 0

        with pytest.raises(SystemExit) as stopped:
            run(bench(tmp_path / "b"), training, Keeper(place, stopping=stopping))
        assert stopped.value.code == STOPPED
    assert len(torch.load(place, weights_only=True)["losses"]) == 9
    again = run(bench(tmp_path / "b"), training, Keeper(place))
    assert (again.losses, again.pieces) == (whole.losses, whole.pieces)
    assert again.state.words.factor == whole.state.words.factor
    mine, theirs = values(again.state), values(whole.state)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_snapshots_are_taken_at_their_interval_and_a_damaged_one_is_dropped(tmp_path: Path) -> None:
    training = Training(learning_rate=5e-3, batch_size=8, dropout=0.0)
    keeper = Keeper(tmp_path / "snapshot", every_s=0.0)
    run(bench(tmp_path), training, keeper)
    assert len(torch.load(keeper.path, weights_only=True)["losses"]) == STEPS - 1
    keeper.path.write_bytes(b"no tensor")
    assert keeper.load("cpu") is None
    assert not keeper.path.exists()
    run(bench(tmp_path), training, Keeper(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


LONG = {"epochs": 60, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0.1}


def cells(place: Path) -> dict[str, Any]:
    import json

    found = (json.loads(path.read_text()) for path in (place / "store" / "cells").glob("*.json"))
    return {cell["id"]: cell["records"] for cell in found}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_process_that_is_told_to_stop_goes_on_later(tmp_path: Path, number: signal.Signals) -> None:
    grid = {"training": LONG, "seeds": [1], "intermediate": ["none"]}
    make_world(tmp_path / "a", **grid)
    assert run_world(tmp_path / "a") == 0
    (tmp_path / "b").mkdir()
    for name in ("data", "model", "grid.yaml"):
        os.rename(tmp_path / "a" / name, tmp_path / "b" / name)
    text = (tmp_path / "b" / "grid.yaml").read_text().replace(str(tmp_path / "a"), str(tmp_path / "b"))
    (tmp_path / "b" / "grid.yaml").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.runner.executors.world", str(tmp_path / "b")], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    store = tmp_path / "b" / "store"
    end = time.monotonic() + 240
    while not any((store / "claims").glob("[0-9a-f]*")) and time.monotonic() < end:
        time.sleep(0.05)
    while not list((store / "stages").glob("[0-9a-f]*.json")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    status = process.wait(timeout=240)
    if status == 0:
        pytest.skip("the sweep was done before the signal came")
    assert status == STOPPED
    assert run_world(tmp_path / "b") == 0
    assert not list((store / "checkpoints").glob(".snapshot-*"))
    assert cells(tmp_path / "b") == cells(tmp_path / "a")


def test_a_helper_whose_parent_is_gone_stops_at_its_next_step(tmp_path: Path) -> None:
    make_world(tmp_path, training=LONG, seeds=[1], intermediate=["none"])
    grid = {"models": [str(tmp_path / "model")], "targets": ["animals"], "training": LONG}
    plan = Request(grid, tmp_path / "data").plan()
    store = Store.create(tmp_path / "store")
    store.begin(plan.stages)
    steps: list[int] = []
    worker = Worker(store, plan, Setting("cpu", 1, tmp_path / "data", parent=os.getppid()))
    worker.report.step = lambda step, loss: (steps.append(step), object.__setattr__(worker.setting, "parent", -1))  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(SystemExit) as stopped:
        worker.run()
    assert stopped.value.code == STOPPED
    assert steps == [1]
    (snapshot,) = (tmp_path / "store" / "checkpoints").glob(".snapshot-*")
    assert not collect(store).leftovers  # a plan that was begun needs it
    assert snapshot.exists()
    (tmp_path / "store" / "checkpoints" / ".snapshot-0123").touch()
    assert collect(store).leftovers == (".snapshot-0123",)
