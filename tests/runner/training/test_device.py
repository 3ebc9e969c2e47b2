"""That a stage stays on its device: on a GPU that is pretended, with the arithmetic of the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.store.layout import read_store
from runner.kinds.registry import find_kind
from runner.models.backbone import load_backbone
from runner.models.catalog import find_model
from runner.plan.training import Training
from runner.training.bench import Bench
from runner.training.evaluate import evaluate
from runner.training.state import load_state
from runner.training.train import train
from tests.runner.executors.world import make_world, run_world
from tests.runner.models import tiny_model
from tests.runner.training.elsewhere import Far, elsewhere
from tests.runner.training.small import choices, pairs, questions, sentences, sides, texts

TRAINED: dict[str, Any] = {
    "classification": texts, "pair": pairs, "tagging": sentences, "choice": choices, "qa": questions, "mlm": texts,
}  # fmt: skip


def stage(place: Path, device: str, kind: str, training: Training) -> tuple[list[Any], list[Any]]:
    """Losses of two stages, the second from the saved first, and outputs of both kinds that are evaluated."""
    own = Bench(load_backbone(find_model(str(place / "model")), training.on_half), device)
    first, second, examples = find_kind(kind), find_kind("classification"), TRAINED[kind](24)
    features = first.encode(own.backbone, examples, 64, True)
    classes = len(features.notes) if kind == "mlm" else 2
    before = train(own, own.start, first, features, classes, training, 4, 1, "first")
    saved = place / device.replace(":", "")
    saved.mkdir()
    before.state.save(saved)
    features = second.encode(own.backbone, texts(24), 64, True)
    after = train(own, load_state(saved, own.words, device), second, features, 2, training, 4, 1, "second")
    found: list[Any] = [*before.losses, *after.losses]
    scored: list[Any] = []
    for state, name, data, size in (
        (before.state, kind, examples, classes), (after.state, "classification", texts(24), 2),
        (after.state, "retrieval", sides(12), 1),
    ):  # fmt: skip
        if name == "mlm":
            continue
        judge = find_kind(name)
        own_features = judge.encode(own.backbone, data, 64, False)
        half = "bf16" if training.on_half else "fp32"
        scored += evaluate(own, state, judge, [own_features], size, half)[0]
    return found, scored


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.parametrize("method", ["full", "lora", "lora in bf16"])
def test_a_stage_stays_on_its_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, method: str) -> None:
    word, _, precision = method.partition(" in ")
    training = Training(method=word, precision=precision or "fp32", learning_rate=5e-3, batch_size=8, dropout=0.0)
    tiny_model(tmp_path / "model", "xlm-roberta")
    losses, outputs = stage(tmp_path, "cpu", kind, training)
    with elsewhere(monkeypatch) as calls:
        far_losses, far_outputs = stage(tmp_path, "cuda:0", kind, training)
    assert calls.far > 1000
    assert far_losses == pytest.approx(losses, rel=2e-2 if precision else 1e-4)
    assert len(far_outputs) == len(outputs)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bert", "llama", "t5"])
def test_every_architecture_stays_on_its_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    training = Training(learning_rate=5e-3, batch_size=8, dropout=0.0)
    tiny_model(tmp_path / "model", model)
    losses, _ = stage(tmp_path, "cpu", "tagging", training)
    with elsewhere(monkeypatch):
        assert stage(tmp_path, "cuda:0", "tagging", training)[0] == pytest.approx(losses, rel=1e-4)


@pytest.mark.slow
def test_a_sweep_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_world(tmp_path)
    with elsewhere(monkeypatch) as calls:
        assert run_world(tmp_path, "--device", "auto", "--store", str(tmp_path / "far")) == 0
    assert run_world(tmp_path) == 0
    assert calls.far > 1000
    far, near = (read_store(tmp_path / name).cells for name in ("far", "store"))
    assert {cell.id: cell.records for cell in far} == {cell.id: cell.records for cell in near}
    assert {cell.manifest["device"] for cell in far} == {"cuda pretended"}
    assert {cell.manifest["peak_memory_mib"] for cell in far} == {3.0}
    stages = [json.loads(path.read_text())["manifest"] for path in (tmp_path / "far" / "stages").glob("*.json")]
    assert {item["device"] for item in stages} == {"cuda pretended"}


def test_the_pretended_gpu_refuses_what_a_gpu_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with elsewhere(monkeypatch):
        near, far = torch.ones(3), torch.ones(3, device="cuda")
        assert isinstance(far, Far) and far.is_cuda and far.device == torch.device("cuda:0")
        assert not isinstance(far.cpu(), Far) and not near.is_cuda
        for broken in (
            lambda: far + near, lambda: torch.stack([far, near]), lambda: near[far.long()],
            lambda: near.__setitem__(0, far), lambda: torch.nn.Linear(3, 2).to("cuda")(near),
        ):  # fmt: skip
            with pytest.raises(RuntimeError, match="same device"):
                broken()
        with pytest.raises(TypeError, match="can't convert cuda:0"):
            np.asarray(far)
        assert isinstance(far[near.long()], Far) and isinstance(far * torch.tensor(2.0), Far)
        assert far.sum().item() == 3.0
