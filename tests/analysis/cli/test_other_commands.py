"""``analyze data``, ``typology`` and ``validate``, and what all commands share."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_data_lists_every_set(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, "data", "--json", str(tmp_path / "data.json"))
    assert status == 0
    sets = {item["name"]: item for item in json.loads((tmp_path / "data.json").read_text())["sets"]}
    assert len(sets) == 33
    assert sets["muennighoff2022_xmtf"]["rows"] == 5304
    assert sets["muennighoff2022_xmtf"]["params_m"] == [300.0, 176000.0]
    assert sets["sumeval2022"]["rows"] == 29840
    for name, item in sets.items():
        assert name in out
        assert item["sha256"][:12] in out


def test_data_describes_a_set_and_its_traps(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "data", "masakhaner2_direct_finetuning_seeds")
    assert status == 0
    assert "224 rows" in out
    assert re.search(r"copied-folder +224 +yes", out)
    assert re.search(r"collapsed-run +16 +yes", out)


def test_data_describes_covariates(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "data", "language")
    assert status == 0
    assert "roots_bytes" in out


def test_unknown_set(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "data", "sumeval")
    assert status == 2
    assert "unknown data set 'sumeval'. Did you mean 'sumeval2022'" in " ".join(err.split())


def test_typology_table_and_contract(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(
        capsys, "typology", "de", "sw", "zho", "eu", "--measure", "all", "--json", str(tmp_path / "t.json"),
        "--csv", str(tmp_path / "t.csv"),
    )  # fmt: skip
    assert status == 0
    assert "no family path in URIEL" in out
    content = json.loads((tmp_path / "t.json").read_text())
    assert (content["command"], content["source"]) == ("typology", "eng")
    assert len(content["rows"]) == 24
    german = content["rows"][0]
    assert german["code"] == "deu"
    assert german["distance"] == pytest.approx(0.2834, abs=5e-5)
    assert set(german) >= {"code", "language", "measure", "recipe", "distance", "shared_features", "observed_share"}
    basque = [row for row in content["rows"] if row["code"] == "eus" and row["measure"] == "genetic"]
    assert basque[0]["distance"] is None
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 25


def test_typology_of_an_unknown_language(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "typology", "germn")
    assert status == 2
    assert "Did you mean 'de' (German)?" in err


def test_validate_says_what_a_table_holds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("lang,score,epoch\njp,0.7,1\nsw,0.61,2\n")
    status, out, _ = run(capsys, "validate", str(path), "--map", "lang=language")
    assert status == 0
    assert "read as 'jpn'" in out
    assert "multiplied by 100" in out
    assert "kept for formulas and --where: epoch" in out


def test_validate_refuses_a_broken_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("language,score\nde,abc\n")
    status, _, err = run(capsys, "validate", str(path))
    assert status == 2
    assert "line 2, column 'score': 'abc'" in err


@pytest.mark.parametrize("command", ["fit", "data", "typology", "validate"])
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"analyze {command}" in capsys.readouterr().out.split("examples:")[1]


def test_every_example_of_the_help_parses() -> None:
    """Examples that no longer parse are worse than none."""
    import importlib
    import shlex

    from analysis.cli.main import COMMANDS, build_parser

    parser = build_parser()
    for name in COMMANDS:
        for line in importlib.import_module(f"analysis.cli.{name}").EXAMPLES.splitlines()[1:]:
            program, *arguments = shlex.split(line)
            assert program == "analyze"
            assert parser.parse_args(arguments).command == name


def test_broken_pipe_is_no_error() -> None:
    """``analyze data | head -1`` ends quietly."""
    line = f"{sys.executable} -m analysis.cli.main data | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit", "--factr", "size"], "analyze fit: unknown option '--factr'.\n  Did you mean '--factor'"),
        (["fit", "--zzz=3"], "analyze fit: unknown option '--zzz'.\n  'analyze fit --help' lists them."),
        (["fit", "size", "--factor", "size"], "analyze fit: 'size' is one argument too many."),
        (["fti"], "analyze: unknown command 'fti'.\n  Did you mean 'fit'?"),
    ],
)
def test_words_that_no_command_knows(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
