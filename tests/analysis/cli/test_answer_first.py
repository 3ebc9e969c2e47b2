"""What every command prints: its answer first, folded to the terminal, in characters that the output can show."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.cli.main import main
from tests.analysis.test_outcomes import grid

#: Commands on a small table (``TABLE``), with how the answer begins.
COMMANDS = {
    "fit": ("fit --factor typology --data TABLE", "Over 7 languages the gain changes by"),
    "gap": ("fit --factor size --outcome gap --data TABLE", "Over 3 models the gap to English changes by"),
    "meta": ("meta --data TABLE", "The pooled gain is"),
    "moderator": ("meta --moderator typology --data TABLE", "The data do not settle whether the gain changes"),
    "predict": ("predict --evaluate none --language yo --target-task xnli --size 13B --data TABLE", "Predicted gain"),
    "scale": ("scale --data TABLE", "The "),
    "verify": ("verify", "28 claims in 58 rows"),
    "claim": ("verify TABLE --claim max(score)=99", "1 claim: 1 contradicted."),
    "data": ("data", None),
    "validate": ("validate TABLE", None),
    "typology": ("typology de sw zho --measure all", None),
}  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gains of seven languages, on test sets of 500 items."""
    rng = np.random.default_rng(0)
    frame = grid()
    frame["score"] += rng.normal(size=len(frame)).round(2)
    frame["n_items"], frame["metric"] = 500.0, "acc"
    path = tmp_path_factory.mktemp("answer") / "scores.csv"
    frame.drop(columns=["gain", "flags"]).to_csv(path, index=False)
    return path


def printed(capsys: pytest.CaptureFixture[str], command: str, table: Path, *more: str) -> str:
    assert main([*command.replace("TABLE", str(table)).split(), *more]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name, (_, begins) in COMMANDS.items() if begins])
def test_the_answer_is_first_and_short(capsys: pytest.CaptureFixture[str], table: Path, name: str) -> None:
    command, begins = COMMANDS[name]
    out = printed(capsys, command, table)
    assert begins is not None and out.startswith(begins)
    assert len(re.split(r"\n\n", out)[0].splitlines()) <= 3


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("name", COMMANDS)
def test_it_folds_to_the_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, table: Path, name: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    verbose = () if name in ("data", "validate", "typology") else ("--verbose",)
    out = printed(capsys, COMMANDS[name][0], table, *verbose)
    # Commands are for copying, and a path is one word.
    long = [line for line in out.splitlines() if len(line) > width and str(table.parent) not in line]
    assert not long


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("name", ["fit", "meta", "verify", "validate"])
def test_it_degrades_on_a_poor_output(monkeypatch: pytest.MonkeyPatch, table: Path, name: str, encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert main([*COMMANDS[name][0].replace("TABLE", str(table)).split()]) == 0
    stream.flush()
    text = raw.getvalue().decode(encoding)
    assert "-" * 5 in text and "\u2500" not in text
    assert "?" not in text.replace("'?'", "")


def test_too_few_languages_get_no_p_values(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    out = printed(capsys, COMMANDS["fit"][0], table)
    assert "too few languages for a verdict" in out
    assert not re.search(r"high +p +languages", out) and "p = " not in out.split("What went in")[0]


def test_the_rest_waits_for_verbose(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    command = COMMANDS["fit"][0]
    short, long = printed(capsys, command, table), printed(capsys, command, table, "--verbose")
    for words in ("variance inflation", "REML criterion", "varies by", "sha256"):
        assert words not in short and words in long
    assert "--verbose prints all" in short and "--verbose prints all" not in long
    assert len(short.splitlines()) < 45


def test_standard_errors_alike_are_called_so(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    own = ("--robustness", "none", "--formula", "gain ~ typology + (1|language)")
    out = printed(capsys, COMMANDS["fit"][0], table, *own)
    assert "1.0 times" not in out
