"""What one stage trips over ends that stage alone, and before hours of training where it can be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.cli.main import main
from runner.kinds.registry import find_kind
from runner.tasks.load import load_task
from runner.training import train as training_module
from tests.runner.executors.world import make_world, run_world

QUICK = {"epochs": 1, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0}


class PanicException(BaseException):
    """As pyo3 raises for a panic of Rust code."""


def test_a_panic_of_a_tokenizer_fails_its_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1])
    kind = find_kind("classification")
    real = kind.encode

    def encode(backbone: Any, examples: Any, max_length: int, train: bool) -> Any:
        if train and len(examples) == 40:  # the intermediate stage
            raise PanicException("called `Option::unwrap()` on a `None` value")
        return real(backbone, examples, max_length, train)

    monkeypatch.setattr(kind, "encode", encode)
    assert run_world(tmp_path) == 1
    err = capsys.readouterr().err
    assert "a library panicked: called `Option::unwrap()` on a `None` value." in err
    assert len(list((tmp_path / "store" / "cells").glob("*.json"))) == 3  # those of the baseline


def test_keys_that_end_a_program_still_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1])

    def encode(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(find_kind("classification"), "encode", encode)
    assert run_world(tmp_path) > 1
    assert "runner run: stopped." in capsys.readouterr().err


def rows_with(place: Path, split: str, label: str) -> None:
    path = place / "data" / "animals.tsv"
    path.write_text(path.read_text() + f"sw\t{split}\tcat dog\t{label}\n")


def test_a_label_of_test_data_alone_is_a_class_of_its_own(tmp_path: Path) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1])
    before = load_task("animals", tmp_path / "data").labels
    rows_with(tmp_path, "test", "bird")
    assert load_task("animals", tmp_path / "data").labels == (*before, "bird")
    assert run_world(tmp_path) == 0


def test_a_label_that_no_class_can_be_made_for_is_said_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_world(tmp_path, training=QUICK, seeds=[1], intermediate=["none"])
    rows_with(tmp_path, "test", "bird")
    own = tmp_path / "data" / "tasks.toml"
    own.write_text(own.read_text().replace('label = "animal"', 'label = "animal"\nlabels = ["cat", "dog"]'))

    def train(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("trained although the test data cannot be scored")

    monkeypatch.setattr(training_module, "train", train)
    assert run_world(tmp_path) == 1
    assert "'animals' has the label 'bird', which its training data do not have." in capsys.readouterr().err
    assert main(["status", str(tmp_path / "store")]) == 0
