"""``analyze scale`` from the command line to the printed answer, the files and the figure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.plots.scale import held_out, plot_scale
from analysis.plots.style import figure
from analysis.questions.scaling.run import ScaleRequest, fit_scale
from tests.analysis.scaling.test_curve import saturating, scores


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scale") / "scores.csv"
    scores(saturating)[["language", "score", "method", "target_task", "model", "params_m", "family"]].to_csv(
        path, index=False
    )
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["scale", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.slow
def test_printed_answer_and_files(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    files = {name: str(tmp_path / f"a.{name}") for name in ("json", "csv", "png")}
    status, out, _ = run(capsys, "--data", str(table), "--outcome", "score", "--at", "5B,70B", "--language", "sw",
                         "--json", files["json"], "--csv", files["csv"], "--plot", files["png"],
                         "--predictions", str(tmp_path / "p.csv"))  # fmt: skip
    assert status == 0
    for words in ("The score rises by", "By AIC the saturating power law", "Left out: 9.6B, 32 rows",
                  "extrapolated beyond the largest observed size", "interpolated between observed sizes",
                  "of typological distance", "starts/minima"):  # fmt: skip
        assert words in out
    content = json.loads(Path(files["json"]).read_text())
    assert content["command"] == "scale"
    assert content["rows_read"] - sum(item["rows"] for item in content["dropped"]) == content["n_obs"] == 192
    curve = content["curves"][0]
    assert curve["forms"][0]["form"] == "power"
    assert curve["told_apart"] is True
    assert {item["position"] for item in curve["predictions"]} == {"between", "beyond"}
    assert len(content["data"][0]["sha256"]) == 64
    assert pd.read_csv(files["csv"])["form"].tolist() == [item["form"] for item in curve["forms"]]
    assert len(pd.read_csv(tmp_path / "p.csv")) == len(curve["predictions"])
    assert Path(files["png"]).stat().st_size > 10_000


@pytest.mark.slow
def test_groups_are_tested_together(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    status, out, _ = run(capsys, "--data", str(table), "--outcome", "score", "--by", "target_task", "--moderator",
                         "none", "--at", "20B", "--where", "target_task in ['pawsx', 'xcopa']",
                         "--json", str(target))  # fmt: skip
    assert status == 0
    curves = json.loads(target.read_text())["curves"]
    assert [curve["group"] for curve in curves] == ["pawsx", "xcopa"]
    p = [curve["slope"]["p_value"] for curve in curves]
    assert min(curve["slope"]["p_adjusted"] for curve in curves) == pytest.approx(min(1.0, 2 * min(p)))
    assert "p (holm)" in out and "Curve: pawsx" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--factor", "sise"], "unknown factor 'sise'"),
        (["--at", "big"], "'big' is not a valid model size"),
        (["--factor", "examples"], "none of the 192 rows has a number of intermediate examples"),
        (["--by", "tasks"], "--by 'tasks' is not a column"),
        (["--adjust", "holme"], "unknown adjustment 'holme'"),
        (["--plot", "a.gif"], "a figure cannot be saved as 'a.gif'"),
        (["--where", "params_m < 500"], "1 value of model size"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], table: Path, arguments: list[str], words: str) -> None:
    status, _, err = run(capsys, "--data", str(table), "--outcome", "score", *arguments)
    assert status == 2
    assert words in err


@pytest.mark.slow
def test_what_is_drawn(table: Path) -> None:
    from analysis.outcomes.build import Options

    request = ScaleRequest(data=(str(table),), options=Options(outcome="score"), at=("20B",), moderators=())
    curve = fit_scale(request).curves[0]
    with figure() as (made, ax):
        plot_scale(curve.line, curve.points, ax, curve.axis, "power", "score (points)", held_out(curve), "caption")
        drawn = {line.get_label(): line for line in ax.lines}
        own = curve.line[curve.line["form"] == "power"]
        np.testing.assert_allclose(drawn["saturating power law"].get_ydata(), own["estimate"])
        spans = [patch for patch in ax.patches if patch.get_label() == "extrapolation"]
        assert spans[0].get_x() == pytest.approx(np.log2(9.6))
        labels = [tick.get_text() for tick in ax.get_xticklabels()]
        assert labels[0] == "300M" and labels[-1] == "9.6B"
        assert ax.get_xlabel() == "model size (parameters, logarithmic)"
        made.draw_without_rendering()
