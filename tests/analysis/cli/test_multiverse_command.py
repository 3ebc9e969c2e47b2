"""``analyze multiverse`` from the command line to the printed answer and the files it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.cli.main import main

SMALL = ["--where", "target_task == 'xcopa' and intermediate_language == 'eng'", "--specifications", "24",
         "--permute", "99", "--fix", "coverage=any", "--jobs", "1"]  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["multiverse", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_printed_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = ["--json", str(tmp_path / "m.json"), "--csv", str(tmp_path / "m.csv"), "--plot", str(tmp_path / "m.png")]
    status, out, _ = run(capsys, *SMALL, *files, "--verbose")
    assert status == 0
    assert out.split("\n")[0].endswith(" positive).")
    for words in ("Specifications", "drawn at random: 24 (seed 1)", "Spread", "under shuffled distances",
                  "fits have a", "The default specification gives", "left out"):  # fmt: skip
        assert words in out
    content = json.loads((tmp_path / "m.json").read_text())
    assert content["command"] == "multiverse"
    assert content["specifications"] == 24
    assert len(content["rows"]) + sum(item["specifications"] for item in content["failed"]) == 24
    assert content["combinations"] == content["possible"] + sum(item["combinations"] for item in content["excluded"])
    effects = [row["effect"] for row in content["rows"]]
    assert effects == sorted(effects)
    significant = sum(row["p_value"] < 0.05 for row in content["rows"]) / len(effects)
    assert content["summary"]["significant"] == pytest.approx(significant)
    assert content["joint"]["draws"] == 99
    assert {item["name"] for item in content["data"]} >= {"muennighoff2022_xmtf"}
    assert {choice["name"] for choice in content["choices"]} >= {"measure", "effects", "kernel", "df_method"}
    table = pd.read_csv(tmp_path / "m.csv")
    assert table["effect"].tolist() == pytest.approx(effects)
    assert (tmp_path / "m.png").stat().st_size > 10_000


def test_the_same_command_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run(capsys, *SMALL, "--json", str(tmp_path / name))[0] == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_default_specification_is_the_default_fit_without_added_slopes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["--fix", "df_method=satterthwaite", "--fix", "kernel=none", "--specifications", "2", "--permute", "0"]
    assert run(capsys, *arguments, "--json", str(tmp_path / "m.json"))[0] == 0
    assert main(["fit", "--factor", "typology", "--slopes", "none", "--json", str(tmp_path / "f.json")]) == 0
    row = next(item for item in json.loads((tmp_path / "m.json").read_text())["rows"] if item["default"])
    fit = json.loads((tmp_path / "f.json").read_text())["answers"][0]
    for name in ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high"):
        assert row[name] == pytest.approx(fit[name], rel=1e-4)


def test_by_adjusts_over_levels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = "intermediate_language == 'eng' and target_task in ['xcopa', 'xnli']"
    arguments = ["--where", rows, "--by", "target_task", "--specifications", "10", "--permute", "99",
                 "--json", str(tmp_path / "m.json")]  # fmt: skip
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert "By target_task" in out
    groups = json.loads((tmp_path / "m.json").read_text())["groups"]
    assert [item["level"] for item in groups] == ["xcopa", "xnli"]
    raw = [item["joint"]["tests"][0]["p_value"] for item in groups]
    assert max(item["adjusted"] for item in groups) == pytest.approx(max(max(raw), min(1.0, 2 * min(raw))))


def test_choices_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--list-choices", "--fix", "measure=genetic")
    assert status == 0
    assert "distance in the family tree" in out
    assert "word order" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--specifications", "many"], "'many' is not a valid number of specifications"),
        (["--fix", "measur=genetic"], "unknown choice 'measur'. Did you mean 'measure'?"),
        (["--adjust", "bonferoni"], "unknown adjustment 'bonferoni'"),
        (["--moderator", "typology"], "the moderator 'typology' is not a column besides the distance"),
        (["--moderator", "log_param"], "unknown column 'log_param'. Did you mean 'log_params'?"),
        (["--by", "tasks"], "unknown column 'tasks'"),
        (["--plot", "a.gif"], "a figure cannot be saved as 'a.gif'"),
        (["--by", "model", "--plot", "a.png"], "--plot draws one multiverse"),
        (["--permute", "-4"], "-4"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert words in " ".join(err.split())
