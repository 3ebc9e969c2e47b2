"""``analyze predict`` from the command line to the printed answer, the files and the figure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.plots.predicted import by_fold, plot_predicted
from analysis.plots.style import figure
from tests.analysis.test_outcomes import grid


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = grid()
    frame["score"] += rng.normal(size=len(frame)).round(2)
    path = tmp_path / "scores.csv"
    frame.drop(columns=["gain", "flags"]).to_csv(path, index=False)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["predict", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.slow
def test_printed_answer_and_files(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    paths = {name: str(tmp_path / name) for name in ("a.json", "a.csv", "e.csv", "f.csv", "a.png")}
    status, out, _ = run(capsys, "--data", str(table), "--language", "yo", "--target-task", "xnli", "--size", "13B",
                         "--evaluate", "language", "--json", paths["a.json"], "--csv", paths["a.csv"],
                         "--errors", paths["e.csv"], "--verbose", "--folds", paths["f.csv"],
                         "--plot", paths["a.png"])  # fmt: skip
    assert status == 0
    for words in ("Leaving out each language", "MAE by task", "per-task linear", "gradient boosting", "a new 13B model",
                  "For languages left out (7, 63 rows)", "log_params outside the data"):  # fmt: skip
        assert words in out
    content = json.loads(Path(paths["a.json"]).read_text())
    assert content["command"] == "predict"
    assert content["rows_read"] - sum(item["rows"] for item in content["dropped"]) == content["n_obs"] == 63
    cell = content["predictions"][0]
    assert cell["language"] == "yor" and cell["new"] == "language, model"
    assert cell["conf_low"] < cell["estimate"] < cell["conf_high"]
    assert {item["method"] for item in content["errors"]} == {
        "mixed model", "gradient boosting", "lasso", "per-task linear", "mean",
    }  # fmt: skip
    assert len(pd.read_csv(paths["f.csv"])) == 5 * 63
    assert pd.read_csv(paths["a.csv"])["estimate"][0] == pytest.approx(cell["estimate"])
    assert len(pd.read_csv(paths["e.csv"])) == 15
    assert Path(paths["a.png"]).stat().st_size > 10_000


@pytest.mark.slow
def test_errors_by_group(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("a.json", "e.csv", "f.csv")}
    arguments = ["--data", str(table), "--language", "yo", "--evaluate", "language", "--by", "model,target_task"]
    arguments += ["--json", str(files["a.json"]), "--errors", str(files["e.csv"]), "--folds", str(files["f.csv"])]
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert "MAE by model, task" in out and "MAE by task" not in out
    content = json.loads(files["a.json"].read_text())
    assert content["by"] == ["model", "target_task"]
    assert {item["target_task"] for item in content["errors_by_task"]} == {"xnli", "xcopa", "pawsx"}
    groups, folds = pd.read_csv(files["e.csv"]), pd.read_csv(files["f.csv"])
    assert groups["rows"].groupby(groups["method"]).sum().eq(63).all()
    # The mean of the groups' errors, weighted by their rows, is the error of the task.
    folds["miss"] = (folds["predicted"] - folds["observed"]).abs()
    one = groups[groups["method"] == "mean"].set_index(["model", "target_task"])
    whole = folds[folds["method"] == "mean"].groupby("target_task")["miss"].mean()
    mean = (one["mae"] * one["rows"]).groupby("target_task").sum() / one["rows"].groupby("target_task").sum()
    pd.testing.assert_series_equal(mean, whole, check_names=False)
    assert one["mae"].nunique() == len(one) > len(whole)


def test_rows_without_a_group_are_counted(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table)
    frame["domain"] = np.where(frame["target_task"] == "xnli", "news", None)
    frame.to_csv(table, index=False)
    status, out, _ = run(capsys, "--data", str(table), "--language", "yo", "--evaluate", "language", "--by", "domain")
    assert status == 0
    assert "no value for --by domain: 42 of 63 rows are not in any group; all other errors include them" in " ".join(
        out.split()
    )


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.json" for i in range(2)]
    for file in files:
        arguments = ("--data", str(table), "--language", "yo", "--evaluate", "family", "--json", str(file))
        assert run(capsys, *arguments)[0] == 0
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--evaluate", "languages"], "unknown way to leave out 'languages'. Did you mean 'language'"),
        (["--evaluate", "none", "--plot", "a.png"], "--evaluate none leaves it out"),
        (["--evaluate", "none", "--by", "model"], "--evaluate none leaves it out"),
        (["--by", "seed"], "--by 'seed': none of the 63 rows has a value in that column."),
        (["--by", "modle"], "--by 'modle' is not a column of the rows. Did you mean 'model'?"),
        (["--language", "yo", "--target-task", "xnly"], "unknown target task 'xnly'"),
        (["--language", "yo", "--model", "m1", "--size", "13B"], "Give one of them"),
        (["--language", "yoo"], "yoo"),
        (["--plot", "a.gif"], "a figure cannot be saved as 'a.gif'"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], table: Path, arguments: list[str], words: str) -> None:
    status, _, err = run(capsys, "--data", str(table), *arguments)
    assert status == 2
    assert words in " ".join(err.split())


def test_what_is_drawn() -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"fold": np.repeat(list("abcd"), 50), "observed": rng.normal(50, 5, 200)})
    rows["predicted"] = rows["observed"] + 1
    rows["conf_low"], rows["conf_high"] = rows["predicted"] - 2, rows["predicted"] + 2
    rows.loc[rows["fold"] == "d", "conf_low"] += 10
    with figure() as (made, ax):
        plot_predicted(rows, ax, "score", "xnli", "caption")
        drawn = {item.get_label(): item.get_offsets() for item in ax.collections if len(item.get_offsets()) > 1}
        means = by_fold(rows).set_index("fold")
        np.testing.assert_allclose(drawn["observed inside the interval"][:, 1], means.loc[list("abc"), "predicted"])
        made.draw_without_rendering()
    with figure() as (_, ax):
        plot_predicted(rows.head(100), ax, "score")
        assert ax.get_xlabel() == "observed score (points)"
