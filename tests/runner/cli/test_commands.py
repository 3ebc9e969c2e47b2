"""``runner plan``, ``results``, ``status`` and ``gc`` as they are typed."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.cli.main import main as analyze
from runner.cli.main import main
from runner.store.store import Store
from tests.conftest import ROOT
from tests.runner.store.sweep import GRID, small_plan, sweep


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("commands") / "sweep"
    sweep(Store.create(path), small_plan())
    return path


@pytest.fixture
def store(swept: Path, tmp_path: Path) -> Path:
    shutil.copytree(swept, tmp_path / "sweep")
    return tmp_path / "sweep"


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(GRID))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    status = main([str(item) for item in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


PLANNED = """\
  stage         stages  done  to run
  ────────────  ──────  ────  ──────
  load               2     0       2
  intermediate       4     0       4
  target            12     0      12
  evaluate          48     0      48
  all               66     0      66

  48 evaluations: 20 after an intermediate task, 16 of matched baselines, 12 of baselines with as many steps
  Note: 'tatoeba' has no test data in su: left out.
  Note: no steps-matched baseline for tatoeba: evaluated without training.

  time left: not known; give --store to compare with what is timed, or --device-spec to estimate it
"""


def test_plan_prints_what_a_grid_comes_to(capsys: pytest.CaptureFixture[str], grid: Path) -> None:
    assert run(capsys, "plan", grid) == (0, PLANNED, "")


def test_plan_compares_with_a_store(capsys: pytest.CaptureFixture[str], grid: Path, store: Path) -> None:
    status, out, _ = run(capsys, "plan", grid, "--store", store)
    assert status == 0
    assert "Nothing is left to run." in out
    status, out, _ = run(capsys, "plan", grid, "--store", store, "--seeds", "1-3", "--json", "-")
    content = json.loads(out)
    assert status == 0
    assert content["stages"]["target"] == {"total": 18, "done": 12, "to_run": 6}
    todo = [s for s in small_plan(seeds="1-3").stages if s.id not in {s.id for s in small_plan().stages}]
    assert content["seconds_left"] == pytest.approx(sum(0.001 * stage.work for stage in todo))  # as the sweep says
    assert len(content["cells"]) == len(small_plan(seeds="1-3").cells)
    _, out, _ = run(capsys, "plan", grid, "--store", store, "--seeds", "1-3")
    assert "time left on one worker: about" in out


def test_plan_of_a_store_that_is_not_there_yet(capsys: pytest.CaptureFixture[str], grid: Path, tmp_path: Path) -> None:
    """What ``runner run`` with the same arguments would do; nothing is written."""
    status, out, _ = run(capsys, "plan", grid, "--store", tmp_path / "new")
    assert status == 0 and "66     0      66" in out and "everything is to run" in out
    assert not (tmp_path / "new").exists()


def test_flags_alone_make_a_grid(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--models", "me5-small@3", "--targets", "nusax", "--languages", "jv", "--intermediate", "banking77:500"]
    status, out, _ = run(capsys, "plan", *flags, "--seeds", "1-3", "--control", "steps")
    assert status == 0
    assert "9 evaluations: 3 after an intermediate task, 3 of matched baselines, 3 of baselines with as many" in out


def test_hyperparameters_are_flags_too(capsys: pytest.CaptureFixture[str], grid: Path) -> None:
    """Each replaces that of the grid, the others stay; an evaluation's identity says with what it was trained."""
    flags = ["--training", "learning_rate=5e-4", "dropout=0", "method=lora"]
    _, out, _ = run(capsys, "plan", grid, *flags, "--json", "-")
    own = yaml.safe_load(grid.read_text())
    changed = own.get("training", {}) | {"learning_rate": "5e-4", "dropout": 0, "method": "lora"}
    grid.write_text(yaml.safe_dump({**own, "training": changed}))
    _, expected, _ = run(capsys, "plan", grid, "--json", "-")
    assert json.loads(out) == json.loads(expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["plan", "--models", "me5-small@3", "--targets", "nusax", "--training", "lr"],
            "'lr' does not set a hyperparameter.",
        ),
        (["plan", "--models", "me5-small@3", "--targets", "nusax", "--training", "epoch=2"], "Did you mean 'epochs'"),
        (["plan"], "runner plan: there is no grid to plan.\n  Give a YAML file, or --models and --targets."),
        (["plan", "--models", "me5-small@4", "--targets", "nusax"], "unknown model 'me5-small@4'.\n  Did you mean"),
        (["plan", "none.yaml"], "runner plan: there is no grid 'none.yaml'."),
        (["status", "nowhere"], "runner status: 'nowhere' is not a store: it is not a directory."),
        (["gc", "nowhere"], "runner gc: 'nowhere' is not a store"),
        (["results", "nowhere"], "runner results: 'nowhere' is not a store"),
        (["results", "nowhere", "--out", "a.txt"], "results cannot be written as 'a.txt'.\n  Endings: .csv, .parquet."),
        (["results", "nowhere", "--baseline", "step"], "unknown baseline 'step'.\n  Did you mean 'steps'?"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert words in err


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_results_are_fitted_as_they_are(
    capsys: pytest.CaptureFixture[str], store: Path, tmp_path: Path, name: str
) -> None:
    status, out, err = run(capsys, "results", store, "--out", tmp_path / name)
    assert (status, out) == (0, "")
    assert "104 rows of 48 cells" in err
    assert analyze(["validate", str(tmp_path / name)]) == 0
    assert analyze(["validate", str(store)]) == 0
    capsys.readouterr()
    answers = []
    for data in (store, tmp_path / name):
        formula = ["--formula", "gain ~ params_m + (1|language)"]
        assert analyze(["fit", *formula, "--data", str(data), "--json", str(tmp_path / "fit.json")]) == 0
        answers.append(json.loads((tmp_path / "fit.json").read_text())["fixed"])
    assert [row["estimate"] for row in answers[0]] == pytest.approx([row["estimate"] for row in answers[1]])


def test_results_on_standard_output_and_against_steps(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    _, out, _ = run(capsys, "results", store)
    assert out.startswith("study,source,model,")
    assert len(out.splitlines()) == 105
    _, out, _ = run(capsys, "results", store, "--baseline", "steps")
    assert all("control=steps:48" in line for line in out.splitlines() if ",intermediate," in line)


def test_damage_is_named_everywhere(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    file = sorted((store / "cells").glob("*.json"))[0]
    file.write_text("{")
    status, out, err = run(capsys, "results", store)
    assert status == 1
    assert f"left out cells/{file.name}: not the JSON of a cell" in err
    assert len(out.splitlines()) >= 101
    status, out, _ = run(capsys, "status", store)
    assert status == 1
    assert f"damaged: cells/{file.name}" in out
    assert "1 damaged cells dropped" in run(capsys, "gc", store, "--damaged")[1]
    assert run(capsys, "status", store)[0] == 0


def test_status_says_what_runs(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    stage = small_plan(seeds="7").cells[0]
    held = Store.open(store).lock(stage)
    assert held is not None
    with held:
        status, out, _ = run(capsys, "status", store)
        content = json.loads(run(capsys, "status", store, "--json", "-")[1])
    assert status == 0
    assert "study sweep: 48 cells, 16 checkpoints" in out
    assert f"running: {stage.label} (process " in out
    assert content["plans"][0] | {"plan": ""} == {"plan": "", "cells": 48, "cells_done": 48, "stages_to_run": 0}
    assert content["running"][0]["stage"] == stage.label


def test_evaluations_of_one_model_are_one_line_of_the_status(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    plan, open_store = small_plan(seeds="7"), Store.open(store)
    first = plan.cells[0]
    together = [cell for cell in plan.cells if cell.parent is first.parent and cell.task == first.task]
    assert len(together) == 3
    with contextlib.ExitStack() as stack:
        for cell in [*together, first.parent]:
            held = open_store.lock(cell)
            assert held is not None
            stack.enter_context(held)
        _, out, _ = run(capsys, "status", store)
        content = json.loads(run(capsys, "status", store, "--json", "-")[1])
    lines = sorted(line.split(" (process")[0].strip() for line in out.splitlines() if "running: " in line)
    model = first.parent.label
    assert lines == sorted([f"running: {model}", f"running: {model} · {first.task} in 3 languages"])
    assert len(content["running"]) == 4  # every stage has its entry in the JSON


def test_gc(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    assert (
        "16 checkpoints, 0 left-overs of killed processes would be dropped" in run(capsys, "gc", store, "--dry-run")[1]
    )
    assert "16 checkpoints, 0 left-overs of killed processes dropped" in run(capsys, "gc", store)[1]
    assert len(list((store / "cells").glob("*.json"))) == 48


def test_help_is_quick() -> None:
    """It loads nothing heavy: a time would depend on what else the machine does."""
    code = "import sys\nimport runner.cli.main as command\n"
    code += "try:\n    command.main(['--help'])\nexcept SystemExit:\n    pass\n"
    code += "heavy = ('torch', 'transformers', 'pandas', 'numpy', 'scipy', 'datasets', 'msgspec', 'yaml')\n"
    code += "print([name for name in heavy if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
