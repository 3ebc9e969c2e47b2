"""Adapters: a start of its own for every seed, and the settings that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from analysis.core.errors import CrossliftError
from runner.plan.training import Training
from runner.training.state import Lora, load_state
from tests.runner.training.small import bench, texts
from tests.runner.training.test_train import predicted, trained, values

#: So slow that adapters stay where they start.
STILL = Training(method="lora", learning_rate=1e-12, batch_size=8, dropout=0.0, lora_dropout=0.0)


def starts(own: Any, seed: int, training: Training = STILL) -> dict[str, torch.Tensor]:
    state = trained(own, "classification", texts(16), 1, training, seed)
    return {name: value for name, value in state.adapter.items() if "lora_A" in name}


def test_seeds_start_from_different_adapters(tmp_path: Path) -> None:
    own = bench(tmp_path)
    first, again, second = starts(own, 1), starts(own, 1), starts(own, 2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.allclose(first[name], second[name], atol=1e-6) for name in first)


def test_settings_are_those_of_the_adapters(tmp_path: Path) -> None:
    own = bench(tmp_path)
    training = Training(
        method="lora", lora_rank=2, lora_alpha=6, lora_targets=("query",), lora_dropout=0.25, dropout=0.0,
        learning_rate=5e-3, batch_size=8,
    )  # fmt: skip
    state = trained(own, "classification", texts(16), 3, training)
    assert state.lora == Lora(2, 6, 0.25, ("query",))
    assert all(".query." in name for name in state.adapter)
    assert {len(value) for name, value in state.adapter.items() if "lora_A" in name} == {2}
    kept = [layer.p for name, layer in own.module.named_modules() if name.endswith("lora_dropout.default")]
    assert set(kept) == {0.25}  # dropout: 0 is that of the model
    state.save(tmp_path)
    again = load_state(tmp_path, own.words, "cpu")
    assert again.lora == state.lora
    assert all(torch.equal(values(again)[name], value) for name, value in values(state).items())
    test = texts(8, 3)
    assert (predicted(own, again, "classification", test) == predicted(own, state, "classification", test)).all()


def test_layers_that_a_model_lacks_are_named(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match="no layers '.*attn.*' for adapters. lora_targets: .*query"):
        starts(bench(tmp_path), 1, Training(method="lora", lora_targets=("attn",)))
