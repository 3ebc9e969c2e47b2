"""The wheel works away from the checkout, with its data inside."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.wheel
def test_wheel_in_a_fresh_environment(tmp_path: Path) -> None:
    built = tmp_path / "dist"
    # Built by the locked hatchling and installed with the locked packages, so that no release elsewhere changes this.
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(built), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    away = tmp_path / "away"
    away.mkdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def run(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=away, env=clean)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    lock = str(ROOT / "requirements.lock")
    run(str(binaries / "python"), "-m", "pip", "install", "--quiet", "--constraint", lock, str(wheel))
    out = run(str(binaries / "analyze"), "fit", "--factor", "typology", "--plot", "effect.png")
    assert "per 0.1 of typological distance" in out
    assert (away / "effect.png").is_file()
    assert "muennighoff2022_xmtf" in run(str(binaries / "analyze"), "data")
    assert "German" in run(str(binaries / "analyze"), "typology", "de")
    assert "average-gain" in run(str(binaries / "analyze"), "verify")
    assert "typology" in run(str(binaries / "analyze"), "report", "--list")
    where = run(
        str(binaries / "python"), "-c", "from analysis.core.paths import data_directory; print(data_directory())"
    )
    assert Path(where.strip()).is_relative_to(environment)
    installed = run(str(binaries / "python"), "-m", "pip", "list")
    assert "torch" not in installed
