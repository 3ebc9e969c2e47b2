"""Predictions of a sweep, written as a submission and scored as one: the scores of the store."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.store.layout import read_store
from runner.benchmarks.score import score_submission
from runner.benchmarks.submission import write_submissions
from runner.benchmarks.suites import SUITES
from runner.cli.main import main
from runner.kinds.base import Scored
from runner.kinds.examples import Examples
from runner.kinds.qa import Answer
from runner.kinds.registry import find_kind
from tests.runner.executors.world import make_world, run_world

QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0}


def test_a_sweep_is_scored_from_its_submission_as_in_its_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = make_world(tmp_path, training=QUICK, seeds=[1])
    own = tmp_path / "data" / "tasks.toml"
    own.write_text(own.read_text().replace("[animals]", "[xnli]"))
    grid.write_text(grid.read_text().replace("- animals", "- xnli"))
    assert run_world(tmp_path) == 0
    assert main(["results", str(tmp_path / "store"), "--submission", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["model__pets-40__seed-1", "model__seed-1"]
    assert "3 files:" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "data" / "animals.tsv", sep="\t")
    for code, rows in table[table["split"] == "test"].groupby("lang"):
        place = tmp_path / "labels" / "xnli"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"test-{code}.tsv").write_text("\n".join(rows["animal"]) + "\n")
    (found,) = score_submission(tmp_path / "out" / "model__seed-1", tmp_path / "labels", SUITES["xtreme"]).tasks
    stored = {
        record["language"]: record["score"]
        for cell in read_store(tmp_path / "store").cells
        for record in cell.records
        if record["metric"] == "acc" and record["method"] == "baseline"
    }
    assert {code: metrics["accuracy"] for code, metrics in found.languages.items()} == pytest.approx(stored)
    for path in (tmp_path / "store" / "predictions").iterdir():
        path.unlink()
    with pytest.raises(CrossliftError, match="keeps no predictions. They are kept by this version"):
        write_submissions(read_store(tmp_path / "store"), tmp_path / "again")


def test_each_kind_has_the_form_of_its_benchmark() -> None:
    one = Examples({}, np.array([0, 1]), ("a", "b"), "de")
    task = Scored("t", ("acc",), ("no", "yes"))
    assert find_kind("classification").submission(task, np.array([1, 0]), one) == ("tsv", "yes\nno\n")
    assert find_kind("choice").submission(task, np.array([1, 0]), one) == ("jsonl", '{"label": 1}\n{"label": 0}\n')
    tags = find_kind("tagging").submission(task, [np.array([0, 1]), np.array([1])], one)
    assert tags == ("tsv", "no\nyes\n\nyes\n\n")
    found = find_kind("qa").submission(task, [Answer("x", 1.0), Answer("ö", -1.0)], one)
    assert found is not None
    assert json.loads(found.text) == {"a": "x", "b": "ö"}
    pair = Examples({"source": ["a", "b"], "target": ["c", "d"]}, None, ("0", "1"), "de")
    source, target = np.eye(2), np.array([[1.0, 0.1], [1.0, 0.2]])
    retrieval = find_kind("retrieval")
    assert retrieval.submission(Scored("t", ("acc",), rule="from-english"), (source, target), pair) == ("tsv", "0\n0\n")
    assert retrieval.submission(Scored("t", ("acc",), rule="to-english"), (source, target), pair) == ("tsv", "0\n1\n")
    corpora = Examples({"source": ["a"], "target": ["b"]}, None, ("0",), "de", ((0, 0),))
    assert retrieval.submission(task, (source[:1], target[:1]), corpora) is None
