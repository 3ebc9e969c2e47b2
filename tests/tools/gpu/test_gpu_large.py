"""FLOPs by the formula and by counting, and a sum over weights that sees any change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runner.kinds.classification import Classification
from runner.kinds.features import Features
from runner.plan.training import Training
from runner.training.bench import Bench
from runner.training.train import train
from tests.runner.training.elsewhere import elsewhere
from tests.tools.gpu.driver import pretend
from tests.tools.gpu.test_gpu_meters import CARD
from tools.gpu import large
from tools.gpu.findings import Findings
from tools.gpu.flops import flops_per_piece, linear_weights, peak
from tools.gpu.large import checksum
from tools.gpu.random_models import random_backbone, random_features
from tools.gpu.setting import Setting

WIDTH, LAYERS, PIECES, BATCH = 256, 2, 64, 4


def llama() -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=100, hidden_size=WIDTH, num_hidden_layers=LAYERS, intermediate_size=512, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=PIECES, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        attn_implementation="eager",
    )  # fmt: skip


@pytest.mark.slow
def test_flops_are_those_that_pytorch_counts() -> None:
    """All matrix products of a step forward and backward, with attention's counted in full as eager attention does."""
    from torch.utils.flop_counter import FlopCounterMode

    bench = Bench(random_backbone(llama(), "cpu", pooling="last"))
    features = random_features(BATCH, PIECES, 100)
    training = Training(method="lora", batch_size=BATCH, dropout=0.0)
    with FlopCounterMode(display=False) as counter:
        train(bench, bench.start, Classification(), features, 2, training, 1, 1, "task")
    linear, adapters = linear_weights(bench.module)
    formula = flops_per_piece(linear, adapters, PIECES, WIDTH, LAYERS)
    counted = counter.get_total_flops() / (BATCH * PIECES)
    # Eager attention multiplies what lies ahead of a piece too, which the formula leaves out: as much again.
    counted -= 6 * PIECES * WIDTH * LAYERS
    # What goes into the first layer's three projections needs no gradient, here an eighth of all weights.
    counted += 2 * (WIDTH * (WIDTH + 128 + 128) + 3 * training.lora_rank * WIDTH)
    assert formula == pytest.approx(counted, rel=1e-4)  # the head is the rest


def test_adapters_are_told_from_the_weights_beside_them() -> None:
    bench = Bench(random_backbone(llama(), "cpu", pooling="last"))
    whole = linear_weights(bench.module)
    train(
        bench,
        bench.start,
        Classification(),
        random_features(2, 8, 100),
        2,
        Training(method="lora", lora_rank=4),
        1,
        1,
        "t",
    )
    assert whole[1] == 0 and linear_weights(bench.module)[0] == whole[0]
    # Seven layers a block, each with four times its width in and out.
    sides = 2 * WIDTH + 2 * (WIDTH + 128) + 2 * WIDTH + 2 * (WIDTH + 512) + (512 + WIDTH)
    assert linear_weights(bench.module)[1] == 4 * LAYERS * sides


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("NVIDIA H100 80GB HBM3", 989.4e12), ("NVIDIA H100 PCIe", 756e12), ("NVIDIA H200", 989.4e12),
     ("NVIDIA L40S", 362e12), ("NVIDIA L4", 121e12), ("NVIDIA A100-SXM4-80GB", 312e12), ("Some Other", None)],
)  # fmt: skip
def test_a_card_is_known_by_its_name(name: str, wanted: float | None) -> None:
    assert peak(name) == wanted


@pytest.mark.parametrize("half", [False, True])
def test_a_change_of_any_number_changes_the_sum(half: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "CHUNK", 1000)
    bench = Bench(random_backbone(llama(), "cpu", half=half, pooling="last"))
    before = checksum(bench)
    assert checksum(bench) == before
    rng = np.random.default_rng(1)
    values = [*bench.pristine.values(), bench.words]
    for value in rng.choice(len(values), 5, replace=False):
        flat = values[value].view(-1)
        place = int(rng.integers(len(flat)))
        kept = flat[place].clone()
        flat[place] = kept * 1.01 + 0.01
        assert checksum(bench) != before
        flat[place] = kept
    flat = bench.words.view(-1)
    one, other = flat[0].clone(), flat[5].clone()
    flat[0], flat[5] = other, one  # an exchange is a change too
    assert checksum(bench) != before


def test_the_block_on_a_pretended_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates, energy and memory are recorded with the card's peak; a base weight that is written to is found."""
    pretend(monkeypatch)
    monkeypatch.setattr(large, "STAND_INS", large.STAND_INS[:1])
    monkeypatch.setattr("tools.gpu.meters.EVERY_S", 0.001)
    setting = Setting("cuda:0", True, tmp_path, tmp_path, tmp_path, tmp_path, 60.0)
    with elsewhere(monkeypatch):
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: CARD)
        found = Findings("large", tmp_path / "large.json")
        large.run(setting, found)
        (facts,) = found.facts["models"]
        assert found.to_json()["holds"] is True, found.checks
        assert facts["card_peak_tflops"] == 989.4
        assert facts["mfu"] == pytest.approx(facts["tflops_per_s"] / 989.4)
        assert facts["j_per_1000_tokens"] == pytest.approx(300 * 1000 / facts["tokens_per_s"], rel=0.5)

        def careless(bench: Bench, *rest: Any, **named: Any) -> Any:
            done = train(bench, *rest, **named)
            bench.words[7, 3] += 1
            return done

        monkeypatch.setattr(large, "train", careless)
        found = Findings("large", tmp_path / "large.json")
        large.run(setting, found)
    broken = [check["check"] for check in found.checks if check["holds"] is False]
    assert broken == ["stand-in of two layers: base weights unchanged"]


def test_features_are_of_equal_length() -> None:
    found: Features = random_features(3, 16, 50)
    assert found.lengths.tolist() == [16, 16, 16] and int(found.pieces.max()) < 50
