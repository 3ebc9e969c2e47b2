"""Word pieces from the disk are those of the tokenizer, and are made again where anything differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.executors.worker import Setting, Worker
from runner.kinds.classification import Classification
from runner.kinds.examples import Examples
from runner.kinds.features import Features
from runner.kinds.registry import find_kind
from runner.plan.training import Training
from runner.store.gc import collect
from runner.store.store import Store
from runner.training import tokenised
from runner.training.evaluate import evaluate
from runner.training.tokenised import Ragged, encoded
from runner.training.train import train
from tests.runner.executors.test_robust import plan_of
from tests.runner.executors.world import make_world, run_world
from tests.runner.training.small import bench, choices, pairs, questions, sentences, sides, texts
from tests.runner.training.test_train import values

KINDS: dict[str, Any] = {
    "classification": texts, "pair": pairs, "tagging": sentences, "choice": choices, "qa": questions, "mlm": texts,
    "retrieval": sides,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenised, "LEAST", 1)


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    if one is None or other is None or isinstance(one, (int, float, np.integer)):
        return bool(one == other)
    return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_features_come_back_as_they_were(tmp_path: Path, kind: str) -> None:
    own, found, examples = bench(tmp_path), find_kind(kind), KINDS[kind](24)
    place = tmp_path / ".tokenised-"
    for trained in (True, False):
        if kind == "mlm" and not trained:
            continue
        first = encoded(place, found, own.backbone, "r", examples, 64, trained)
        again = encoded(place, found, own.backbone, "r", examples, 64, trained)
        assert isinstance(again.ids, Ragged)
        assert isinstance(again.ids[0].base, np.ndarray)  # of the file, no copy
        for name in ("ids", "owner", "targets", "weight", "types", "notes", "unknown", "lengths", "starts", "pieces"):
            assert equal(getattr(first, name), getattr(again, name)), (kind, name)
        if kind == "retrieval":
            continue
        classes = len(first.notes) if kind == "mlm" else 2
        if trained:
            ends = [
                train(own, own.start, found, one, classes, Training(batch_size=8), 3, 1, "task")
                for one in (first, again)
            ]
            assert ends[0].losses == ends[1].losses
            mine, theirs = (values(end.state) for end in ends)
            assert all(np.array_equal(mine[name], theirs[name]) for name in theirs)
        else:
            outputs = [evaluate(own, own.start, found, [one], 2)[0] for one in (first, again)]
            assert len(outputs[0]) == len(outputs[1]) == len(first.ids)


def test_what_pieces_depend_on_is_in_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, kind, place = bench(tmp_path), find_kind("classification"), tmp_path / ".tokenised-"
    calls = [0]
    real = Classification.encode

    def counted(*given: Any) -> Features:
        calls[0] += 1
        return real(*given)

    monkeypatch.setattr(Classification, "encode", counted)
    examples = texts(20)

    def made(given: Examples = examples, length: int = 64, train: bool = True, revision: str = "r") -> int:
        before = calls[0]
        encoded(place, kind, own.backbone, revision, given, length, train)
        return calls[0] - before

    assert made() == 1
    assert made() == 0
    assert (made(length=32), made(train=False), made(revision="s")) == (1, 1, 1)
    other = Examples({"text": [*examples.fields["text"][1:], "more"]}, examples.labels, examples.ids, examples.language)
    flipped = Examples(examples.fields, 1 - np.asarray(examples.labels), examples.ids, examples.language)
    assert (made(other), made(flipped), made(flipped, train=False)) == (1, 1, 0)
    strange = Examples(
        {"text": examples.fields["text"], "beside": [object()] * 20}, examples.labels, examples.ids, examples.language
    )
    assert made(strange) == made(strange) == 1  # no name, so it is not kept
    for path in tmp_path.glob(".tokenised-*/ids.flat.npy"):
        path.write_bytes(b"torn")
    assert made() == 1  # what cannot be read is made again, and stops nothing


def test_small_sets_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenised, "LEAST", 10**6)
    own = bench(tmp_path)
    encoded(tmp_path / ".tokenised-", find_kind("classification"), own.backbone, "r", texts(20), 64, True)
    assert not list(tmp_path.glob(".tokenised-*"))


def test_a_sweep_tokenises_each_set_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    real = Classification.encode

    def counted(self: Any, backbone: Any, examples: Examples, length: int, train: bool) -> Features:
        calls.append(train)
        return real(self, backbone, examples, length, train)

    monkeypatch.setattr(Classification, "encode", counted)
    make_world(
        tmp_path, training={"epochs": 1, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0}, intermediate="none"
    )
    assert run_world(tmp_path) == 0
    assert calls.count(True) == 1  # two seeds
    store, plan = Store.open(tmp_path / "store"), plan_of(tmp_path)
    calls.clear()
    worker = Worker(store, plan, Setting(data_dir=tmp_path / "data"))
    target = next(stage for stage in plan.stages if stage.kind == "target")
    worker._trained(target)
    assert not calls  # another process reads them from the store
    assert list((tmp_path / "store" / "checkpoints").glob(".tokenised-*"))
    collect(store, shared=False)
    assert list((tmp_path / "store" / "checkpoints").glob(".tokenised-*"))
    collect(store)
    assert not list((tmp_path / "store" / "checkpoints").glob(".tokenised-*"))
