"""Damage is noticed where it is read, said by the next run, and mended without training anything anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis.core.errors import StoreError
from analysis.store.layout import damaged_files, read_store
from analysis.store.sealed import seal, unseal
from runner.cli.main import main
from runner.store.gc import collect
from runner.store.pending import pending, rows_of
from runner.store.store import Store
from tests.runner.executors.world import make_world, run_world
from tests.runner.store.sweep import small_plan, sweep


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store.create(tmp_path_factory.mktemp("swept") / "store", "trial")
    sweep(store, small_plan())
    return store.path


@pytest.fixture
def filled(swept: Path, tmp_path: Path) -> Store:
    shutil.copytree(swept, tmp_path / "store")
    return Store.open(tmp_path / "store")


def test_what_is_sealed_is_given_back_and_a_change_is_noticed() -> None:
    content = {"a": [1, 2.5, None], "b": {"ü": "x", "y": [True]}, "c": 0.1 + 0.2}
    assert unseal(seal(content)) == content
    assert unseal(b'{"a": 1}') == {"a": 1}  # of an earlier version
    with pytest.raises(ValueError, match="it was changed after it was written"):
        unseal(seal(content).replace(b"2.5", b"2.6"))
    with pytest.raises(TypeError, match="a mapping is wanted, and this is list"):
        unseal(b"[]")


def edit(file: Path, sealed: bool, **change: Any) -> None:
    content = json.loads(file.read_text())
    content["records"][0] |= change
    if not sealed:
        del content["sha256"]
    file.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("sealed", "change", "words"),
    [
        (True, {"score": 99.9}, "it was changed after it was written"),
        (True, {"language": "deu"}, "it was changed after it was written"),
        (False, {"score": 99.9}, "says acc 99.9 of 400 items; the items themselves say"),
        (False, {"n_items": 3}, "says acc"),
    ],
)
def test_a_score_that_was_edited_is_no_cell(filled: Store, sealed: bool, change: dict[str, Any], words: str) -> None:
    file = next(path for path in sorted((filled.path / "cells").glob("*.json"))
                if json.loads(path.read_text())["records"][0]["n_items"] == 400)  # fmt: skip
    edit(file, sealed, **change)
    ((name, reason),) = read_store(filled.path).damaged
    assert name == file.name
    assert words in reason


def test_a_store_without_checksums_is_read(filled: Store) -> None:
    for file in (filled.path / "cells").glob("*.json"):
        edit(file, sealed=False)
    assert not read_store(filled.path).damaged
    (filled.path / "store.json").write_text('{"format": 1, "study": "trial"}')
    assert Store.open(filled.path)


@pytest.mark.parametrize("folder", ["stages", "plans", "."])
def test_every_other_file_is_checked_too(filled: Store, folder: str) -> None:
    file = sorted((filled.path / folder).glob("*.json"))[0]
    text = file.read_text()
    assert "trial" in text or "me5-small" in text
    file.write_text(text.replace("trial", "trail").replace("me5-small", "me5-smell"))
    if folder == "stages":
        assert list(damaged_files(filled.path)) == [f"stages/{file.name}"]
        return
    with pytest.raises(StoreError, match="is damaged"):
        _ = filled.plans() if folder == "plans" else Store.open(filled.path)


def test_what_a_damaged_cell_starts_from_is_kept(filled: Store) -> None:
    """A sweep with all its checkpoints: dropped are those that nothing needs, not that of the damaged cell."""
    plan = small_plan()
    cell = next(stage for stage in plan.cells if stage.parent is not None and stage.parent.kind == "target")
    assert cell.parent is not None
    (filled.path / "cells" / f"{cell.id}.json").write_text("{")
    assert (filled.checkpoints / cell.parent.id).is_dir()
    found = collect(filled, damaged=True, shared=False)
    assert found.damaged == (f"{cell.id}.json",)
    assert found.checkpoints
    assert (filled.checkpoints / cell.parent.id).is_dir()
    assert pending(filled, rows_of(plan.stages)).stages == (cell.id,)


def test_a_run_on_a_damaged_store_says_so_and_can_be_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_world(tmp_path, training={"epochs": 1, "batch_size": 8, "dropout": 0}, seeds=[1], intermediate=["none"])
    assert run_world(tmp_path) == 0
    store = tmp_path / "store"
    before = {cell.id: cell.records for cell in read_store(store).cells}
    file = sorted((store / "cells").glob("*.json"))[0]
    content = json.loads(file.read_text())
    content["records"][0]["score"] = 99.9
    file.write_text(json.dumps(content))
    capsys.readouterr()
    assert main(["run", str(store), "--device", "cpu", "--workers", "1"]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert f"is damaged: cells/{file.name}: not the JSON of a cell (its checksum" in err
    assert "'runner gc STORE --damaged' drops these files alone; then run again." in err
    assert "Nothing is left" not in err
    assert main(["gc", str(store), "--damaged"]) == 0
    assert main(["run", str(store), "--device", "cpu", "--workers", "1", "--threads", "1"]) == 0
    assert {cell.id: cell.records for cell in read_store(store).cells} == before
