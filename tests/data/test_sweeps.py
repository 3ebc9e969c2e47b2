"""A finished sweep as a bundled set: the same gains with the same variances as from its store."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis import Options, build_outcome
from analysis.cli.main import main
from analysis.core.errors import CrossliftError, RecordError, StoreError, UnknownNameError
from analysis.outcomes.pairing import covariance
from analysis.records.read import read_inputs
from analysis.records.schema import NAMES
from analysis.store.sealed import seal, unseal
from tests.analysis.test_paired import planted
from tests.conftest import ROOT

GRID: dict[str, Any] = {
    "models": ["me5-small@3"], "intermediate": ["banking77:500", "nollysenti:500"], "targets": ["nusax", "tatoeba"],
    "languages": ["jv", "id"], "seeds": "1-2", "control": "steps",
}  # fmt: skip


@pytest.fixture(scope="module")
def sweeps() -> ModuleType:
    sys.path.insert(0, str(ROOT / "data" / "build"))
    try:
        return importlib.import_module("sweeps")
    finally:
        sys.path.remove(str(ROOT / "data" / "build"))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, sweeps: ModuleType) -> tuple[Path, Path]:
    """A store, and the set that it is collected into."""
    folder = tmp_path_factory.mktemp("swept") / "trial"
    folder.mkdir()
    (folder / "grid.yaml").write_text(yaml.safe_dump(GRID), encoding="utf-8")
    store = folder.parent / "store"
    planted(store, GRID)
    sweeps.collect([store], [folder / "grid.yaml"], folder)
    return store, folder


@pytest.mark.parametrize("baseline", ["plain", "steps"])
def test_gains_and_their_covariance_are_those_of_the_store(swept: tuple[Path, Path], baseline: str) -> None:
    own, other = (_gains(path, baseline) for path in (swept[0], swept[1] / "records.parquet"))
    assert set(own["variance_source"]) == {"paired"}
    columns = ["cell", "baseline_cell", "language", "seed", "gain", "variance", "variance_source", "condition"]
    pd.testing.assert_frame_equal(own[columns], other[columns])
    np.testing.assert_array_equal(covariance(own).toarray(), covariance(other).toarray())


def _gains(path: Path, baseline: str) -> pd.DataFrame:
    found = build_outcome(read_inputs([str(path)]).records, Options(baseline=baseline)).frame
    return found.sort_values(["cell", "metric"], ignore_index=True)


def test_each_intermediate_row_has_one_gain_over_either_baseline(swept: tuple[Path, Path]) -> None:
    plain, steps = (_gains(swept[1] / "records.parquet", name) for name in ("plain", "steps"))
    assert not plain["cell"].duplicated().any() and not steps["cell"].duplicated().any()
    trained = plain[plain["target_task"] == "nusax"]
    assert set(steps["cell"]) == set(trained["cell"])  # Tatoeba is tested without training: nothing to go on with
    assert not set(steps["baseline_cell"]) & set(plain["baseline_cell"])
    assert (steps["matched_steps"] > 0).all()


def test_a_set_has_the_schema_and_no_other_text(swept: tuple[Path, Path]) -> None:
    frame = pd.read_parquet(swept[1] / "records.parquet")
    assert list(frame.columns) == [*NAMES, "cell", "control", "matched_steps", "correct"]
    assert set(frame["study"]) == {"trial"}
    content = json.loads((swept[1] / "configuration.json").read_text(encoding="utf-8"))
    assert content["complete"] and content["cells"] == content["cells_of_the_grids"] == frame["cell"].nunique()
    assert set(content["training"]) == {"intermediate", "target"}


def test_the_same_cells_give_the_same_bytes(swept: tuple[Path, Path], sweeps: ModuleType, tmp_path: Path) -> None:
    """Also when they lie in two stores, with some of them in both."""
    store, folder = swept
    cells = sorted((store / "cells").glob("*.json"))
    parts = [tmp_path / "one", tmp_path / "two"]
    for part, gone in zip(parts, (cells[:3], cells[5:]), strict=True):
        shutil.copytree(store, part)
        for file in gone:
            (part / "cells" / file.name).unlink()
    sweeps.collect(parts, [folder / "grid.yaml"], tmp_path / "out")
    for name in ("records.parquet", "configuration.json"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()


def test_an_unfinished_sweep_is_refused_unless_asked_for(
    swept: tuple[Path, Path], sweeps: ModuleType, tmp_path: Path
) -> None:
    store, grid = tmp_path / "store", swept[1] / "grid.yaml"
    shutil.copytree(swept[0], store)
    cells = sorted((store / "cells").glob("*.json"))
    cells[0].unlink()
    with pytest.raises(StoreError, match=rf"1 of {len(cells)} cells of the grid are missing"):
        sweeps.collect([store], [grid], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    sweeps.collect([store], [grid], tmp_path / "out", partial=True)
    content = json.loads((tmp_path / "out" / "configuration.json").read_text(encoding="utf-8"))
    assert not content["complete"] and content["cells"] < len(cells) - 1
    frame, every = (pd.read_parquet(path / "records.parquet") for path in (tmp_path / "out", swept[1]))
    lost = every[~every["cell"].isin(frame["cell"])]
    assert len(lost[["target_task", "seed"]].drop_duplicates()) == 1  # the seed that is not whole, and no other
    gone = lost.iloc[0]
    assert not ((frame["target_task"] == gone["target_task"]) & (frame["seed"] == gone["seed"])).any()


def test_several_grids_are_one_set(swept: tuple[Path, Path], sweeps: ModuleType, tmp_path: Path) -> None:
    parts = []
    for number, arm in enumerate(GRID["intermediate"]):
        parts.append(tmp_path / "trial" / f"grid_{number}.yaml")
        parts[-1].parent.mkdir(exist_ok=True)
        parts[-1].write_text(yaml.safe_dump(GRID | {"intermediate": [arm]}), encoding="utf-8")
    sweeps.collect([swept[0]], parts, tmp_path / "out")
    assert (tmp_path / "out" / "records.parquet").read_bytes() == (swept[1] / "records.parquet").read_bytes()
    content = json.loads((tmp_path / "out" / "configuration.json").read_text(encoding="utf-8"))
    assert [item["file"] for item in content["grids"]] == ["grid_0.yaml", "grid_1.yaml"]
    assert sum(item["cells"] for item in content["grids"]) > content["cells"]  # baselines belong to both


@pytest.mark.parametrize("fault", ["revision", "score", "damage"])
def test_cells_that_do_not_belong_together_are_refused(
    swept: tuple[Path, Path], sweeps: ModuleType, tmp_path: Path, fault: str
) -> None:
    store = tmp_path / "store"
    shutil.copytree(swept[0], store)
    file = min((store / "cells").glob("*.json"))
    content = unseal(file.read_bytes())
    if fault == "revision":
        content["revisions"]["code of stage 'load'"] = "another"
    elif fault == "score":
        content["records"][0]["score"] += 1
    file.write_bytes(b"{" if fault == "damage" else seal(content))
    stores = [store] if fault == "revision" else [swept[0], store]
    words = {"revision": "mixes revisions", "score": "the items themselves say", "damage": "1 damaged cells"}[fault]
    with pytest.raises(StoreError, match=words):
        sweeps.collect(stores, [swept[1] / "grid.yaml"], tmp_path / "out", partial=True)


def test_results_by_item_that_do_not_fit_are_refused(swept: tuple[Path, Path], tmp_path: Path) -> None:
    frame = pd.read_parquet(swept[1] / "records.parquet")
    frame.loc[0, "n_items"] += 8
    frame.to_parquet(tmp_path / "broken.parquet")
    with pytest.raises(RecordError, match="row 1 has .* bits of results by item for"):
        read_inputs([str(tmp_path / "broken.parquet")])


def test_baselines_that_are_not_there_are_refused(swept: tuple[Path, Path]) -> None:
    records = read_inputs([str(swept[1] / "records.parquet")]).records
    with pytest.raises(UnknownNameError, match="Did you mean 'steps'"):
        build_outcome(records, Options(baseline="step"))
    with pytest.raises(CrossliftError, match="no baseline was trained for as many steps"):
        build_outcome(records[records["control"] != "steps"], Options(baseline="steps"))


@pytest.mark.parametrize("command", ["fit", "meta", "multiverse", "power", "predict", "scale"])
def test_every_analysis_refuses_a_baseline_that_there_is_not(
    swept: tuple[Path, Path], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = {"power": ["--languages", "10"], "fit": ["--factor", "typology"]}.get(command, [])
    assert main([command, "--data", str(swept[1] / "records.parquet"), "--baseline", "stpes", *extra]) == 2
    assert "unknown baseline 'stpes'" in capsys.readouterr().err
