"""``runner run`` with a real model, as tiny as it can be: what it leaves, survives, refuses and says."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.cli.main import main as analyze
from analysis.store.layout import read_store
from runner.cli.main import main
from runner.executors.energy import powercap
from runner.store import atomic
from runner.store.store import Store
from runner.training import train as training_module
from tests.conftest import ROOT
from tests.runner.executors.world import make_world, run_world


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep, with its checkpoints."""
    place = tmp_path_factory.mktemp("world")
    make_world(place)
    assert run_world(place, "--keep-checkpoints", "--study", "animals") == 0
    return place


@pytest.fixture
def world(ran: Path, tmp_path: Path) -> Path:
    """The same data, model and grid, with no store yet."""
    for name in ("data", "model"):
        shutil.copytree(ran / name, tmp_path / name)
    grid = yaml.safe_load((ran / "grid.yaml").read_text())
    (tmp_path / "grid.yaml").write_text(yaml.safe_dump({**grid, "models": [str(tmp_path / "model")]}))
    return tmp_path


def scores(place: Path) -> dict[str, list[float]]:
    content = read_store(place / "store")
    assert content.damaged == ()
    return {cell.id: [record["score"] for record in cell.records] for cell in content.cells}


def test_a_sweep_is_read_with_no_conversion(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(scores(ran)) == 12
    arguments = ["fit", "--formula", "gain ~ 1 + (1|language)", "--data", str(ran / "store")]
    assert analyze(arguments) == 0
    assert "2 languages" in capsys.readouterr().out
    cells = read_store(ran / "store").cells
    assert max(record["score"] for cell in cells for record in cell.records) > 80.0  # it has learnt
    manifest = cells[0].manifest
    assert {"wall_s", "device", "versions", "threads", "compiled", "peak_memory_mib", "unknown_pieces"} <= set(manifest)
    stages = [json.loads(path.read_text()) for path in (ran / "store" / "stages").glob("*.json")]
    assert {len(item["manifest"].get("losses", ())) for item in stages} == {0, 15, 24}


def test_nothing_is_run_twice_and_a_store_is_taken_up(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_world(ran) == 0
    assert "Nothing is left to run: 12 evaluations are done." in capsys.readouterr().err
    assert main(["run", str(ran / "store")]) == 0
    assert "Nothing is left to run" in capsys.readouterr().err


@pytest.mark.slow
def test_one_seed_gives_the_same_scores_and_spent_checkpoints_go(
    world: Path, ran: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_world(world) == 0
    assert scores(world) == scores(ran)
    stages = {path: json.loads(path.read_text())["manifest"] for path in (world / "store" / "stages").glob("*.json")}
    trained = {path.stem: path.read_bytes() for path in stages if stages[path]["kind"] == "intermediate"}
    kept = {path.name for path in (world / "store" / "checkpoints").iterdir()}
    assert kept == set(trained) and len(kept) == 2
    assert "Checkpoints that a later grid could start from: 2 (" in capsys.readouterr().err
    # another target starts from them
    grid = yaml.safe_load((world / "grid.yaml").read_text())
    (world / "grid.yaml").write_text(yaml.safe_dump({**grid, "targets": ["animals", "pets"]}))
    assert run_world(world) == 0
    assert len(scores(world)) > 12
    assert all((world / "store" / "stages" / f"{name}.json").read_bytes() == trained[name] for name in trained)
    assert len(list((ran / "store" / "checkpoints").iterdir())) == 6


def start(place: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.runner.executors.world", str(place)]
    threads = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ | threads)


@pytest.mark.slow
def test_kill_9_costs_at_most_the_stage_that_ran(world: Path, ran: Path) -> None:
    """Killed when some stages are written, at a random moment of the next; then finished by another process."""
    stages, cells = world / "store" / "stages", world / "store" / "cells"
    chance = random.Random(os.getpid())
    for wanted in (2, 4):
        process = start(world)
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end and len(list(stages.glob("[!.]*.json"))) < wanted:
            time.sleep(0.01)
        time.sleep(0.2 * chance.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = {path: path.read_bytes() for folder in (stages, cells) for path in folder.glob("[!.]*.json")}
    assert len(before) >= 4
    assert run_world(world) == 0
    assert scores(world) == scores(ran)
    assert all(path.read_bytes() == content for path, content in before.items())  # nothing was run again
    assert not list((world / "store").rglob(".partial-*"))


@pytest.mark.slow
def test_two_sweeps_on_one_store(world: Path, ran: Path) -> None:
    both = [start(world), start(world)]
    for process in both:
        _, words = process.communicate(timeout=240)
        assert process.returncode == 0, words
    assert scores(world) == scores(ran)


@pytest.mark.slow
def test_workers_share_the_work(world: Path, ran: Path) -> None:
    assert run_world(world, "--workers", "2") == 0
    assert scores(world) == scores(ran)


def test_a_stage_that_fails_is_reported_and_the_others_go_on(
    world: Path, ran: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = training_module.train

    def broken(*arguments: Any, **options: Any) -> Any:
        if arguments[-2] == "pets" and arguments[-3] == 2:
            raise training_module.StageError("the loss is nan in step 4 of 15; the last good loss was 0.6 in step 3.")
        return real(*arguments, **options)

    monkeypatch.setattr(training_module, "train", broken)
    assert run_world(world) == 1
    err = capsys.readouterr().err
    assert "Failed: model → pets:40: the loss is nan in step 4 of 15" in err
    assert "1 stage failed; 4 that follow were not run." in err
    assert len(scores(world)) == 9
    assert main(["status", str(world / "store")]) == 0
    assert "failed: model → pets:40: the loss is nan in step 4" in capsys.readouterr().out
    monkeypatch.undo()
    assert run_world(world) == 0  # the next sweep tries again
    assert scores(world) == scores(ran)
    assert main(["status", str(world / "store")]) == 0
    assert "failed" not in capsys.readouterr().out


def test_a_full_disk_ends_the_sweep_with_a_word(
    world: Path, ran: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    assert run_world(world) == 2
    assert "the disk is full.\n  Free some space" in capsys.readouterr().err
    monkeypatch.undo()
    assert not list((world / "store").rglob(".partial-*"))
    assert run_world(world) == 0
    assert scores(world) == scores(ran)


def test_a_language_of_unknown_pieces_is_named(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = world / "data" / "animals.tsv"
    lines = file.read_text().splitlines()
    other = [line.replace("river", "mto").replace("cat", "paka") if line.startswith("sw") else line for line in lines]
    other = [line.replace("\tpaka", "\tcat") if line.endswith("\tpaka") else line for line in other]
    file.write_text("\n".join(other) + "\n")
    assert run_world(world, "--seeds", "1") == 0
    err = capsys.readouterr().err
    assert "Warning: animals in sw: " in err
    assert "of the word pieces are unknown to model." in err
    assert "animals in de" not in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--targets", "animal"], "unknown task 'animal'.\n  Did you mean 'animals'"),
        (["--models", "me5-smal"], "unknown model 'me5-smal'.\n  Did you mean 'me5-small'"),
        (["--languages", "fr"], "language 'fr' has no test data in animals."),
        (["--device", "cuda:9"], "there is no device 'cuda:9' here.\n  'runner check' lists"),
        (["--executor", "slrm"], "unknown executor 'slrm'.\n  Did you mean 'slurm'?"),
        (["--executor", "slurm"], "there is no sbatch on this machine."),
        (["--workers", "-1"], "--workers is -1."),
    ],
)
def test_bad_input(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run_world(world, *arguments) == 2
    assert words in capsys.readouterr().err


def test_a_store_with_no_sweep_and_a_grid_with_no_store(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store.create(world / "empty")
    assert main(["run", str(world / "empty")]) == 2
    assert "has no sweep to take up" in capsys.readouterr().err
    assert main(["run", str(world / "grid.yaml"), "--data-dir", str(world / "data")]) == 2
    assert "there is no store to write to." in capsys.readouterr().err


#: Reads the options as sbatch does, one to a line, and runs the script once for each task of the array.
SBATCH = """
import pathlib, shlex, subprocess, sys
lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
options = [shlex.split(line.removeprefix("#SBATCH ")) for line in lines if line.startswith("#SBATCH ")]
(pathlib.Path(sys.argv[0]).parent / "options").write_text("\\n".join(option for option, in options))
for task in (1, 2):
    subprocess.run(["sh", sys.argv[1]], check=True, stderr=subprocess.DEVNULL)
print("Submitted batch job 7")
"""


@pytest.mark.slow
def test_slurm_tasks_run_the_sweep(
    world: Path, ran: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for sbatch; the store is where directories have blanks in their names."""
    folder, store = world / "bin", world / "a store"
    folder.mkdir()
    fake = folder / "sbatch"
    fake.write_text(f"#!{sys.executable}\n{SBATCH}")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(ROOT)
    options = ["--store", str(store), "--executor", "slurm", "--jobs", "2", "--sbatch=--partition=gpu"]
    assert run_world(world, *options) == 0
    assert "Submitted batch job 7: 2 tasks" in capsys.readouterr().err
    assert f"--output={store}/slurm/%A-%a.log" in (folder / "options").read_text().splitlines()
    assert {"--array=1-2", "--partition=gpu"} <= set((folder / "options").read_text().splitlines())
    shutil.move(store, world / "store")
    assert scores(world) == scores(ran)
    fake.write_text("#!/bin/sh\necho 'no such partition' >&2\nexit 1\n")
    assert run_world(world, "--executor", "slurm") == 2
    assert "sbatch refuses: no such partition." in capsys.readouterr().err


def test_energy_is_read_where_there_is_a_counter(tmp_path: Path) -> None:
    assert powercap(tmp_path) is None
    for name, value in (("intel-rapl:0", 2_000_000), ("intel-rapl:1", 500_000), ("intel-rapl:0:0", 9)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(f"{value}\n")
    assert powercap(tmp_path) == 2.5  # parts of a package are in the package
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("")
    assert powercap(tmp_path) is None
