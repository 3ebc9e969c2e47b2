"""Kill -9 at random moments, and several sweeps on one store: nothing lost, doubled or torn."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analysis.records.sweep import store_records
from analysis.store.layout import read_store
from runner.store.gc import collect
from runner.store.locks import holder
from runner.store.store import Store
from tests.conftest import ROOT
from tests.runner.store.sweep import fake_scores, run_stage, small_plan, sweep

KILLS = 12


def start(store: Path, log: Path, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.runner.store.sweep", str(store), str(log), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def started(process: subprocess.Popen[str], log: Path, lines: int) -> None:
    """Wait until the sweep has run ``lines`` stages more, or ended."""
    had = len(log.read_text().splitlines()) if log.exists() else 0
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        if log.exists() and len(log.read_text().splitlines()) >= had + lines:
            return
        time.sleep(0.005)


def check_whole(path: Path) -> None:
    """The store holds every cell of the plan once, with the scores that its identity means."""
    plan, content = small_plan(), read_store(path)
    assert content.damaged == ()
    assert {cell.id for cell in content.cells} == {stage.id for stage in plan.cells}
    by_id = {stage.id: stage for stage in plan.cells}
    for cell in content.cells:
        want = fake_scores(by_id[cell.id])[0]
        assert [record["metric"] for record in cell.records] == ["acc", "macro_f1"]
        assert cell.records[0]["score"] == want.score
        bits = cell.items.correct("acc")
        assert bits is not None
        assert bits.tolist() == want.correct.tolist()  # type: ignore[union-attr]
    rows = store_records(content)
    key = ["model", "method", "intermediate_task", "target_task", "language", "metric", "seed", "condition"]
    assert not rows.duplicated(key).any()


@pytest.mark.slow
def test_killed_sweeps_lose_and_double_nothing(tmp_path: Path) -> None:
    path, log = tmp_path / "store", tmp_path / "log"
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    seen: set[str] = set()
    for _ in range(KILLS):
        process = start(path, log, 0.01)
        started(process, log, chance.randrange(1, 4))
        time.sleep(chance.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        _, words = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), (seed, words)
        content = read_store(path)
        assert content.damaged == (), seed  # nothing torn
        now = {cell.id for cell in content.cells}
        assert seen <= now, seed  # nothing lost
        seen = now
        for place in (path / "checkpoints").glob("[!.]*"):
            assert {file.name for file in (place / "weights").iterdir()} == {"first", "second"}, seed
    store = Store.open(path)
    assert not any(holder(file) for file in (path / "claims").iterdir())
    sweep(store, small_plan(), log)
    check_whole(path)
    collect(store)
    assert not list(path.rglob(".partial-*"))
    assert not list((path / "claims").iterdir())
    check_whole(path)


@pytest.mark.slow
def test_two_sweeps_never_run_a_stage_twice(tmp_path: Path) -> None:
    path, logs = tmp_path / "store", [tmp_path / "one", tmp_path / "two"]
    both = [start(path, log, 0.01) for log in logs]
    for process in both:
        _, words = process.communicate(timeout=120)
        assert process.returncode == 0, words
    runs = [line for log in logs for line in log.read_text().splitlines()]
    assert sorted(runs) == sorted(stage.id for stage in small_plan().stages)
    check_whole(path)


def test_a_killed_process_gives_its_lock_back(tmp_path: Path) -> None:
    path, log = tmp_path / "store", tmp_path / "log"
    process = start(path, log, 30.0)
    end = time.monotonic() + 30
    held: dict[str, dict[str, object]] = {}
    while not held and time.monotonic() < end:
        found = {file: holder(file) for file in (path / "claims").glob("*") if len(file.name) == 32}
        held = {file.name: who for file, who in found.items() if who}
        time.sleep(0.01)
    assert held
    (name, who), = held.items()  # fmt: skip
    stage = next(stage for stage in small_plan().stages if stage.id == name)
    assert who.get("pid", process.pid) == process.pid
    store = Store.open(path)
    assert store.lock(stage) is None
    process.kill()
    process.communicate()
    again = store.lock(stage)
    assert again is not None
    again.release()


class Killed(BaseException):
    """Passes every ``except OSError``, as a kill does."""


@pytest.mark.parametrize("kind", ["target", "evaluate"])
def test_an_end_at_every_single_step_of_writing(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call that changes the disk is once the last one."""
    plan = small_plan()
    stage = next(stage for stage in plan.stages if stage.kind == kind and stage.parent and stage.parent.parent is None)
    for last in range(1, 60):
        store = Store.create(tmp_path / str(last))
        assert stage.parent is not None
        run_stage(store, stage.parent)
        calls = 0

        def counted(real: Any, last: int = last) -> Any:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls > last:
                    raise Killed
                return real(*arguments, **options)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", counted(os.fsync))
            patch.setattr(os, "replace", counted(os.replace))
            patch.setattr(os, "rename", counted(os.rename))
            patch.setattr(Path, "replace", counted(Path.replace))
            patch.setattr(Path, "rename", counted(Path.rename))
            patch.setattr(Path, "mkdir", counted(Path.mkdir))
            try:
                run_stage(store, stage)
                ended = False
            except Killed:
                ended = True
        content = read_store(store.path)
        assert content.damaged == ()
        done = store.is_done(stage)
        assert ended or done
        assert run_stage(store, stage) != done  # whatever was not finished is run again, and nothing else
        assert read_store(store.path).damaged == ()
        if not ended:
            return
    raise AssertionError("the stage never came to its end")
