"""The store: what it keeps, refuses, names and drops."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.core.errors import StoreError
from analysis.outcomes.baselines import against
from analysis.outcomes.pairing import pair_gains
from analysis.records.read import read_inputs
from analysis.records.sweep import check_revisions, store_records
from analysis.store.cells import Score
from analysis.store.layout import read_store
from runner.store import atomic
from runner.store import stage as stages
from runner.store.gc import collect
from runner.store.manifest import describe_run
from runner.store.pending import pending, rows_of
from runner.store.store import Store
from tests.runner.store.sweep import fake_scores, run_stage, small_plan, sweep


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store.create(tmp_path_factory.mktemp("swept") / "store", "trial")
    sweep(store, small_plan())
    return store.path


@pytest.fixture
def filled(swept: Path, tmp_path: Path) -> Store:
    shutil.copytree(swept, tmp_path / "store")
    return Store.open(tmp_path / "store")


def test_a_store_is_read_with_no_conversion(filled: Store) -> None:
    read = read_inputs([str(filled.path)])
    assert set(read.records["study"]) == {"trial"}
    assert set(read.records["language"]) == {"jav", "ind", "sun"}
    paired = pair_gains(read.records[read.records["metric"] == "acc"])
    reasons = dict(paired.dropped)
    # Two models, two seeds, nusax in 3 languages and tatoeba in those it has; steps-matched baselines are spare here.
    assert len(paired.frame) == 4 * (3 + len({r["language"] for r in _rows("tatoeba")}))
    assert reasons == {"baseline that no intermediate run is paired with": 12}
    assert set(paired.frame["variance_source"]) == {"paired"}


def _rows(task: str) -> list[dict[str, Any]]:
    return [dict(cell.record) for cell in small_plan().cells if cell.record["target_task"] == task]


def test_gains_against_baselines_that_trained_as_long(filled: Store) -> None:
    rows = against(store_records(read_store(filled.path)), "steps")
    paired = pair_gains(_checked(rows))
    nusax = paired.frame[paired.frame["target_task"] == "nusax"]
    plain = store_records(read_store(filled.path))
    control = plain[(plain["control"] == "steps") & (plain["metric"] == "acc")]
    assert sorted(nusax.loc[nusax["metric"] == "acc", "score_without"]) == sorted(control["score"])


def _checked(rows: Any) -> Any:
    from analysis.records.check import check_records

    return check_records(rows, "store", first_line=1).frame


def test_gains_pair_runs_whose_target_stages_were_trained_alike(filled: Store) -> None:
    once = pair_gains(_accuracies(filled))
    sweep(filled, small_plan(targets=["nusax:100"]))
    sweep(filled, small_plan(training_target={"epochs": 5}))
    again = pair_gains(_accuracies(filled))
    assert {reason for reason, _ in again.dropped} == {reason for reason, _ in once.dropped}
    nusax = again.frame[again.frame["target_task"] == "nusax"]
    assert sorted(nusax["condition"].unique()) == [
        "train_examples=100; epochs=3", "train_examples=500; epochs=3", "train_examples=500; epochs=5",
    ]  # fmt: skip
    assert len(nusax) == 3 * len(once.frame[once.frame["target_task"] == "nusax"])
    tatoeba = (frame[frame["target_task"] == "tatoeba"]["gain"].tolist() for frame in (once.frame, again.frame))
    assert len({tuple(values) for values in tatoeba}) == 1


@pytest.mark.parametrize("baseline", ["plain", "steps"])
def test_one_language_in_two_scripts_is_paired_script_by_script(tmp_path: Path, baseline: str) -> None:
    store = Store.create(tmp_path / "store")
    sweep(store, small_plan(targets=["sib200"], languages=["knc", "zho", "en"], models=["me5-small@3"], seeds=1))
    records = _checked(against(store_records(read_store(store.path)), baseline))
    paired = pair_gains(records[records["metric"] == "acc"]).frame
    found = {(row.language, row.condition if isinstance(row.condition, str) else "") for row in paired.itertuples()}
    plain = {("eng", ""), ("knc", "script=Arab"), ("knc", "script=Latn"), ("zho", ""), ("zho", "script=Hant")}
    if baseline == "plain":
        assert found == plain
    else:
        assert len(found) == len(plain) == len(paired)
        assert all("control=steps:48" in condition for _, condition in found)


def _accuracies(store: Store) -> Any:
    records = read_inputs([str(store.path)]).records
    return records[records["metric"] == "acc"]


def test_reading_does_not_depend_on_the_order_of_writing(tmp_path: Path, filled: Store) -> None:
    other = Store.create(tmp_path / "other", "trial")
    sweep(other, small_plan(), shuffle=True)
    one, two = (read_inputs([str(store.path)]) for store in (filled, other))
    assert one.sources[0].rows == two.sources[0].rows
    assert one.records.equals(two.records)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:100]), "not the JSON of a cell"),
        (lambda file: file.write_text("[]"), "not the JSON of a cell"),
        (lambda file: file.write_text("{}"), "no field 'id'"),
        (lambda file: file.write_text(file.read_text().replace('"inputs"', '"input"', 1)), "it was changed after"),
        (
            lambda file: file.write_text(
                file.read_text().replace('"inputs"', '"input"', 1).replace('"sha256"', '"another"')
            ),
            "no field 'inputs'",
        ),
        (lambda file: file.with_suffix(".parquet").unlink(), ".parquet' beside it is missing"),
        (lambda file: file.with_suffix(".parquet").write_bytes(b"x"), "is not the file it was written with"),
        (lambda file: file.write_bytes(next(file.parent.glob("*.json")).read_bytes()), "holds the cell '"),
    ],
)
def test_a_damaged_file_is_named_and_costs_only_itself(filled: Store, harm: Any, words: str) -> None:
    files = sorted((filled.path / "cells").glob("*.json"))
    harm(files[3])
    content = read_store(filled.path)
    assert len(content.cells) == len(files) - 1
    (name, reason), = content.damaged  # fmt: skip
    assert name == files[3].name
    assert words in reason
    assert any(f"left out cells/{name}" in notice for notice in read_inputs([str(filled.path)]).notices)
    assert collect(filled, damaged=True).damaged == (name,)
    sweep(filled, small_plan())
    assert len(read_store(filled.path).cells) == len(files)


def test_mixed_revisions_are_refused_with_both_values(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    check_revisions(read_store(filled.path))
    monkeypatch.setattr(stages, "CODE_REVISIONS", {**stages.CODE_REVISIONS, "evaluate": 3})
    cells = len(small_plan().cells)
    sweep(filled, small_plan())
    with pytest.raises(StoreError, match="mixes revisions of the code of stage 'evaluate': '2' .* and '3'") as caught:
        check_revisions(read_store(filled.path))
    assert f"({cells} cells)" in caught.value.message
    with pytest.raises(StoreError, match="mixes revisions"):
        read_inputs([str(filled.path)])


def test_finished_stages_are_not_run_again_and_more_seeds_are_added(filled: Store) -> None:
    assert pending(filled, rows_of(small_plan().stages)).stages == ()
    more = small_plan(seeds="1-3")
    todo = pending(filled, rows_of(more.stages)).stages
    assert set(todo) == {s.id for s in more.stages} - {s.id for s in small_plan().stages}


def test_gc_drops_what_nothing_pending_needs_and_keeps_results(filled: Store) -> None:
    before = read_inputs([str(filled.path)]).records
    more = small_plan(languages=["jv", "id", "su", "en"])
    filled.begin(more.stages)  # English has still to be evaluated, on the target stages' checkpoints
    needed = {s.parent.id for s in more.cells if s.inputs["language"] in ("eng", "en") and s.parent}
    places = filled.path / "checkpoints"
    assert set(collect(filled, dry=True).checkpoints) == {p.name for p in places.iterdir()} - needed
    found = collect(filled)
    assert found.freed > 0
    assert {p.name for p in places.iterdir()} == needed & {p.name for p in places.iterdir()}
    assert all((places / name).is_dir() for name in needed if not (filled.path / "cells" / name).exists()
               and any(s.id == name and s.kind != "load" for s in more.stages))  # fmt: skip
    assert read_inputs([str(filled.path)]).records.equals(before)
    sweep(filled, more)
    collect(filled)
    assert list(places.iterdir()) == []
    assert len(read_store(filled.path).cells) == len(more.cells)


def test_a_dropped_checkpoint_is_made_again_where_it_is_needed(filled: Store) -> None:
    collect(filled)
    more = small_plan(languages=["jv", "id", "su", "ace"])
    sweep(filled, more)
    assert len(read_store(filled.path).cells) == len(more.cells)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, plan = Store.create(tmp_path / "store"), small_plan()
    cell = plan.cells[0]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    held = store.lock(cell)
    assert held is not None
    with held, pytest.raises(StoreError, match="the disk is full. Free some space"):
        store.write_cell(held, cell, fake_scores(cell), describe_run(cell, 1.0))
    assert list((store.path / "cells").iterdir()) == []


def test_writing_needs_the_lock_and_points(tmp_path: Path) -> None:
    store, plan = Store.create(tmp_path / "store"), small_plan()
    one, two = plan.cells[:2]
    held = store.lock(one)
    assert held is not None
    with held:
        with pytest.raises(StoreError, match="is written without its lock"):
            store.write_cell(held, two, fake_scores(two), {})
        with pytest.raises(StoreError, match="acc of .* is nan. A score is 0 to 100 points."):
            store.write_cell(held, one, [Score("acc", float("nan"), 3)], {})
        with pytest.raises(StoreError, match=r"has 3 items and results of shape \(2,\)"):
            store.write_cell(held, one, [Score("acc", 50.0, 3, np.array([True, False]))], {})
    with pytest.raises(StoreError, match="without its lock"):
        store.write_cell(held, one, fake_scores(one), {})


def test_cells_are_immutable(filled: Store) -> None:
    cell = small_plan().cells[0]
    file = filled.path / "cells" / f"{cell.id}.json"
    before = file.read_bytes()
    held = filled.lock(cell)
    assert held is not None
    with held:
        filled.write_cell(held, cell, [Score("acc", 1.0, 1)], {})
    assert file.read_bytes() == before


def test_what_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a directory"):
        Store.open(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is not a store: it has no store.json"):
        Store.open(tmp_path)
    with pytest.raises(StoreError, match="is neither empty nor a store"):
        Store.create(tmp_path)
    store = Store.create(tmp_path / "new", "one")
    with pytest.raises(StoreError, match="is the store of study 'one', not 'two'"):
        Store.create(store.path, "two")
    (store.path / "store.json").write_text('{"format": 9, "study": "x"}')
    with pytest.raises(StoreError, match="has format 9; this version reads 1"):
        Store.open(store.path)
    (store.path / "store.json").write_text("{")
    with pytest.raises(StoreError, match="store.json' is damaged"):
        Store.open(store.path)


def test_an_empty_store_and_a_damaged_plan(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with pytest.raises(StoreError, match="has no evaluated cell that can be read"):
        store_records(read_store(store.path))
    path = store.begin(small_plan().stages)
    path.write_text("[{}]")
    with pytest.raises(StoreError, match="Remove it, and begin its grid again"):
        collect(store)


def test_manifests_say_how_a_stage_was_run(filled: Store) -> None:
    cell = read_store(filled.path).cells[0]
    assert {"wall_s", "device", "versions", "git", "python", "peak_memory_mib"} <= set(cell.manifest)
    assert "energy_j" not in cell.manifest
    assert describe_run(small_plan().cells[0], 1.0, energy_j=3.0)["energy_j"] == 3.0
    json.dumps(cell.manifest)


def test_a_stage_held_by_another_is_left_to_it(filled: Store) -> None:
    stage = small_plan(seeds="9").cells[-1]
    held = filled.lock(stage)
    assert held is not None
    with held:
        assert not run_stage(filled, stage)


def test_a_store_that_lost_its_empty_directories_and_one_that_cannot_be_written(filled: Store) -> None:
    shutil.rmtree(filled.path / "claims")
    held = filled.lock(small_plan().cells[0])
    assert held is not None
    held.release()
    shutil.rmtree(filled.path / "claims")
    (filled.path / "claims").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        filled.lock(small_plan().cells[0])
