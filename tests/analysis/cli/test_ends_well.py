"""Nothing crashes late: outputs are checked first, readers may leave, Ctrl-C leaves files whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from analysis.questions.regression import run as regression
from tests.conftest import ROOT

ANALYZE = [sys.executable, "-m", "analysis"]


def never(*_: object) -> None:
    raise AssertionError("something was computed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--json", "nowhere/a.json"], "'nowhere/a.json' cannot be written: there is no folder 'nowhere'."),
        (["--csv", "nowhere/a.csv"], "'nowhere/a.csv' cannot be written"),
        (["--latex", "nowhere/a.tex"], "'nowhere/a.tex' cannot be written"),
        (["--rows", "nowhere/a.csv"], "'nowhere/a.csv' cannot be written"),
        (["--plot", "nowhere/a.png"], "'nowhere/a.png' cannot be written"),
        (["--plot", "a.gif"], "a figure cannot be saved as 'a.gif'. Endings: .png, .svg, .pdf."),
        (["--json", "."], "'.' cannot be written: it is a folder."),
        (["--csv", "a.csv", "--rows", "a.csv"], "'a.csv' is asked for twice"),
    ],
)
def test_outputs_are_checked_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(regression, "fit_factors", never)
    assert main(["fit", "--factor", "typology", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in " ".join(err.split())
    assert list(tmp_path.iterdir()) == []


def test_the_forms_of_records_are_checked_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "nowhere.csv", "--out", "a.xlsx"]) == 2
    assert "records cannot be written as 'a.xlsx'" in capsys.readouterr().err


def test_a_plotting_library_that_cannot_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = subprocess.run([*ANALYZE, "meta", "--plot", str(tmp_path / "a.png")], cwd=ROOT, capture_output=True,
                          text=True, env=os.environ | {"MPLBACKEND": "nonsense"})  # fmt: skip
    assert done.returncode == 2
    assert "matplotlib cannot start" in done.stderr and "Unset MPLBACKEND" in done.stderr


def test_errors_of_a_read_only_folder_are_said(tmp_path: Path) -> None:
    from analysis.core.output import unwritable

    found = unwritable("a.json", PermissionError(13, "Permission denied"))
    assert isinstance(found, CrossliftError)
    assert str(found) == "'a.json' cannot be written: Permission denied. Name a file in another folder."


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
@pytest.mark.parametrize("arguments", [["data"], ["typology", "de"], ["data", "--json", "-"]])
def test_a_reader_that_leaves_ends_it_quietly(arguments: list[str]) -> None:
    """As ``head`` does; a short output meets the closed pipe only when it is flushed."""
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen({[*ANALYZE, *arguments]!r}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "p.stdout.close()\n"
        "print(p.stderr.read().decode(), p.wait())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
def test_files_are_written_although_the_reader_left(tmp_path: Path) -> None:
    target, table = tmp_path / "fit.json", tmp_path / "fixed.csv"
    asked = [*ANALYZE, "fit", "--factor", "typology", "--data", "docs/example.csv", "--robustness", "none", "--verbose",
             "--csv", str(table), "--json", str(target)]  # fmt: skip
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
    assert target.is_file() and table.is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*ANALYZE, "typology", "de"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "analyze typology: the output cannot be written: No space left on device.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from analysis.questions.regression import run\n"
        "run.fit_factors = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "from analysis.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    target = tmp_path / "a.json"
    done = subprocess.run([sys.executable, "-c", code, "fit", "--factor", "typology", "--json", str(target)],
                          cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 128 + signal.SIGINT
    words = "analyze fit: stopped. Files are written whole or not at all; the same command starts again."
    assert done.stderr.strip() == words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals of POSIX")
def test_helpers_leave_ctrl_c_to_the_main_process() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from analysis.questions.multiverse.workers import _leave_interrupts_to_main

    def blocked() -> bool:
        _leave_interrupts_to_main()
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(blocked).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("command", ["fit", "predict", "multiverse", "power"])
def test_random_commands_have_a_seed(command: str) -> None:
    from analysis.cli.main import build_parser

    sub = next(a.choices for a in build_parser()._actions if isinstance(a.choices, dict))[command]
    assert "--seed" in sub.format_help()


def test_no_color_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a terminal gets: bold and colours, or with ``NO_COLOR`` no colours."""
    import io

    from analysis.present.screen import Screen

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = {}
    for value in ("", "1"):
        monkeypatch.setenv("NO_COLOR", value)
        monkeypatch.setenv("TERM", "xterm-256color")
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        Screen().print("Warning", style="yellow")
        shown[value] = terminal.getvalue()
    assert "\x1b[33m" in shown[""] and "\x1b[" not in shown["1"].replace("\x1b[0m", "")
