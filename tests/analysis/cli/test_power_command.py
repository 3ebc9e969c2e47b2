"""``analyze power`` from the command line to the printed answer and the files it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis.cli.main import main
from analysis.cli.power import parse_vary
from runner.cli.main import main as runner

STATED = ["--no-fit", "--component", "language=15", "--component", "residual=28", "--tasks", "3", "--models", "3",
          "--simulations", "99"]  # fmt: skip
GRID = "models: [me5-small@3]\ntargets: [nusax]\nlanguages: [ind, jav, sun, min]\nseeds: [1]\n"
OFFER = "languages: [ban, bbc]\nseeds: [2]\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["power", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, " ".join(captured.err.split())


def test_a_curve_is_printed_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = ["--json", str(tmp_path / "p.json"), "--csv", str(tmp_path / "p.csv"), "--plot", str(tmp_path / "p.png")]
    status, out, _ = run(capsys, *STATED, "--effect", "-2", "--vary", "languages=10:20:10", *files)
    assert status == 0
    for words in ("Variances", "stated", "Simulated sweeps", "closed form", "Monte Carlo standard error"):
        assert words in out
    content = json.loads((tmp_path / "p.json").read_text())
    assert content["command"] == "power"
    assert [row["languages"] for row in content["rows"]] == [10, 20]
    assert content["rows"][0]["power"] < content["rows"][1]["power"]
    assert content["rows"][0]["detectable"] > content["rows"][1]["detectable"]
    assert content["new_languages"] == 20
    assert {item["component"]: item["variance"] for item in content["components"]}["language"] == 15.0
    assert all(row["simulations"] + row["failed"] == 99 for row in content["rows"])
    assert pd.read_csv(tmp_path / "p.csv")["gains"].tolist() == [90, 180]
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_the_same_command_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run(capsys, *STATED, "--languages", "10", "--json", str(tmp_path / name))[0] == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_next_writes_a_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(GRID)
    (tmp_path / "offer.yaml").write_text(OFFER)
    (tmp_path / "cost.yaml").write_text("train: 0.5\nevaluate: 0.1\n")
    arguments = ["--next", str(tmp_path / "grid.yaml"), "--offer", str(tmp_path / "offer.yaml"), "--steps", "2",
                 "--plan", str(tmp_path / "plan.yaml"), "--json", str(tmp_path / "n.json")]  # fmt: skip
    status, out, _ = run(capsys, *STATED, *arguments)
    assert status == 0
    assert "relative hours" in out
    plan = yaml.safe_load((tmp_path / "plan.yaml").read_text())
    content = json.loads((tmp_path / "n.json").read_text())
    assert len(content["steps"]) == 2
    assert content["grid"] == plan
    assert set(plan["languages"]) > {"ind", "jav", "sun", "min"} or plan["seeds"] == [1, 2]
    status, out, _ = run(capsys, *STATED, *arguments, "--cost", str(tmp_path / "cost.yaml"))
    assert "GPU-hours" in out
    assert "relative" not in out


def test_ranges() -> None:
    assert parse_vary("languages=10:60:10") == ("languages", (10, 20, 30, 40, 50, 60))
    assert parse_vary("seeds=1,3") == ("seeds", (1, 3))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--vary", "language=10:20:5"], "unknown factor of a design 'language'. Did you mean 'languages'?"),
        (["--vary", "languages=10-20"], "'languages=10-20' is not a valid range"),
        (["--vary", "languages=10:20:0"], "an empty range"),
        (["--component", "languages=3"], "unknown variance component 'languages'. Did you mean 'language'"),
        (["--plot", "a.png"], "--plot draws a curve"),
        (["--plan", "a.yaml"], "--offer and --plan belong to --next"),
        (["--next", "a.yaml"], "what could be added to the sweep?"),
        (["--no-fit"], "the residual variance is zero"),
        (["--target", "1.5"], "a target power must lie between 0.05 and 1, not 1.5"),
        (["--languages", "3"], "a design needs at least 5 languages, not 3"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert words in err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("seeds: [1]", "seeds: 1-x"), "seed '1-x' is not a whole number. For example seeds: [1, 2, 3], or 1-5."),
        (("models:", "modles:"), "unknown key 'modles' in the grid. Did you mean 'models'?"),
        (("languages:", "langauges:"), "unknown key 'langauges' in the grid. Did you mean 'languages'?"),
    ],
)
def test_next_reads_a_grid_as_the_runner_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    assert change[0] in GRID
    (tmp_path / "grid.yaml").write_text(GRID.replace(*change))
    (tmp_path / "offer.yaml").write_text(OFFER)
    files = ["--next", str(tmp_path / "grid.yaml"), "--offer", str(tmp_path / "offer.yaml")]
    status, _, err = run(capsys, *STATED, *files)
    assert status == 2
    assert words in err
    assert runner(["plan", str(tmp_path / "grid.yaml")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
