"""Steps made ready by a thread, losses that wait on the device, and shapes of a compiled model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runner.kinds.registry import find_kind
from runner.plan.training import Training
from runner.training import train as training_module
from runner.training.ahead import DEPTH, ahead, make_ready, ready_steps
from runner.training.batches import training_batches
from runner.training.bench import LENGTHS, bucket
from runner.training.snapshot import Keeper
from runner.training.train import train
from tests.runner.training.elsewhere import elsewhere
from tests.runner.training.small import bench, texts
from tests.runner.training.test_train import values

KIND = find_kind("classification")
FAST = Training(learning_rate=5e-3, batch_size=8, dropout=0.0)


def test_items_come_in_order_and_no_more_are_taken_than_are_to_wait() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(20):
            taken.append(i)
            yield i

    coming = ahead(items())
    assert next(coming) == 0
    end = time.monotonic() + 10
    while len(taken) < 2 + DEPTH and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(taken) == 2 + DEPTH  # one given, some waiting, one in hand
    assert list(coming) == list(range(1, 20))


def test_what_goes_wrong_in_the_thread_is_raised_here() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no such piece")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="no such piece"):
        next(coming)


def test_a_thread_ends_with_whoever_takes() -> None:
    before = threading.active_count()
    coming = ahead(iter(range(10**6)))
    assert next(coming) == 0
    assert threading.active_count() == before + 1
    coming.close()
    assert threading.active_count() == before


def test_a_cpu_has_no_thread(tmp_path: Path) -> None:
    own = bench(tmp_path)
    features = KIND.encode(own.backbone, texts(20), 64, True)
    batches = training_batches(features, 8, 3, np.random.default_rng(0))
    before = threading.active_count()
    coming = ready_steps(own, features, batches, lambda: 40)
    first = next(coming)
    assert threading.active_count() == before
    assert all(inputs["input_ids"].numel() <= 40 for _, inputs in first.parts)
    whole = make_ready(own, features, first.examples, 10**6)
    assert len(whole.parts) == 1 < len(first.parts)


@pytest.mark.parametrize("lag", [1, 4])
def test_losses_are_read_together_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lag: int) -> None:
    """The pretended one: steps come from the thread, and the outcome is that of the machine."""
    monkeypatch.setattr(training_module, "LAG", lag)
    own = bench(tmp_path / "cpu")
    features = KIND.encode(own.backbone, texts(40), 64, True)
    there = train(own, own.start, KIND, features, 2, FAST, 10, 1, "task")
    reads: list[int] = []
    read = training_module._read_losses

    def noting(now: Any, steps: int, tell: Any) -> None:
        if now.waiting:
            reads.append(len(now.waiting))
        read(now, steps, tell)

    monkeypatch.setattr(training_module, "_read_losses", noting)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: torch.get_rng_state())
    kept: list[list[float]] = []

    class Noting(Keeper):
        def after_step(self, content: Any) -> None:
            if len(kept) == 2:
                raise SystemExit
            kept.append(content()["losses"])

    with elsewhere(monkeypatch), pytest.raises(SystemExit):
        _on_gpu(tmp_path / "one", keeper=Noting(tmp_path / "snapshot"))
    # what a snapshot has is all that was done: nothing waits on the device
    assert [len(losses) for losses in kept] == [1, 2]
    assert kept[1] == pytest.approx(there.losses[:2], rel=1e-4)
    reads.clear()
    with elsewhere(monkeypatch):
        found = _on_gpu(tmp_path / "two")
    assert reads == ([1] * 10 if lag == 1 else [4, 4, 2])
    assert found.losses == pytest.approx(there.losses, rel=1e-4)


def _on_gpu(place: Path, keeper: Keeper | None = None) -> Any:
    from runner.training.bench import Bench

    own = bench(place)
    own = Bench(own.backbone, "cuda")
    features = KIND.encode(own.backbone, texts(40), 64, True)
    return train(own, own.start, KIND, features, 2, FAST, 10, 1, "task", keeper=keeper)


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 100, 1001, 250_002])
def test_buckets_of_rows_are_few_and_little_larger(rows: int) -> None:
    found = bucket(rows)
    assert rows <= found <= max(1.25 * rows, rows + 1)
    assert bucket(found) == found
    assert len({bucket(n) for n in range(2**12, 2**13)}) <= 5


def test_shapes_of_a_compiled_model_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    monkeypatch.setattr(torch, "compile", lambda module, **options: module)
    found = []
    for compiled in (False, True):
        own = bench(tmp_path / str(compiled))
        own.compiled = compiled
        assert own.multiple == (LENGTHS if compiled else 1)
        features = KIND.encode(own.backbone, texts(40), 64, True)
        forward = own.forward

        def noting(batch: Any, layer: int | None = None, forward: Any = forward, compiled: bool = compiled) -> Any:
            if compiled:
                seen.add(batch["input_ids"].shape[1])
            return forward(batch, layer)

        monkeypatch.setattr(own, "forward", noting)
        found.append(train(own, own.start, KIND, features, 2, FAST, 6, 1, "task"))
        if compiled:
            rows = len(own.backbone.embedding.weight)
            assert rows == bucket(rows)
    plain, bucketed = found
    assert all(size % LENGTHS == 0 for size in seen)
    mine, theirs = values(bucketed.state), values(plain.state)
    assert mine["words"].shape == theirs["words"].shape
    assert all(torch.allclose(mine[name], theirs[name], atol=1e-4) for name in theirs)
