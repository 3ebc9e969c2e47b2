"""The committed data are what the committed scripts make of the collected sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import ROOT

BUILD = ROOT / "data" / "build"


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUILD / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def same_files(folder: Path, committed: Path) -> None:
    made = sorted(path.name for path in folder.iterdir())
    assert made
    for name in made:
        if name.endswith(".parquet"):  # whose bytes name the release that wrote them
            pd.testing.assert_frame_equal(pd.read_parquet(folder / name), pd.read_parquet(committed / name))
            continue
        assert (folder / name).read_bytes() == (committed / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["published", "covariates"])
def test_tables_are_converted_by_the_scripts(folder: str, shared: Path, tmp_path: Path) -> None:
    done = run(f"{folder}.py", shared / "published", tmp_path)
    assert done.returncode == 0, done.stderr
    same_files(tmp_path, ROOT / "data" / folder)


@pytest.mark.slow
def test_language_table_is_made_by_the_script(shared: Path, tmp_path: Path) -> None:
    done = run("languages.py", shared / "reference", tmp_path)
    assert done.returncode == 0, done.stderr
    same_files(tmp_path, ROOT / "data" / "languages")


def test_frozen_features_equal_the_package() -> None:
    """lang2vec 1.1.2 is installed for tests only; nothing imports its module."""
    done = run("typology.py", "--check")
    assert done.returncode == 0, done.stderr
    assert "every array equal to the package's" in done.stdout


@pytest.mark.slow
def test_task_catalogue_is_counted_by_the_script(shared: Path, tmp_path: Path) -> None:
    done = run("tasks.py", shared / "mini", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "catalog.toml").read_bytes() == (ROOT / "runner/tasks/catalog.toml").read_bytes()
