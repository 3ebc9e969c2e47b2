"""What a plan costs: shapes, activations, texts, and the sums over stages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.core.errors import CrossliftError
from runner.cli.main import main
from runner.costs.devices import DEVICES, find_device
from runner.costs.memory import activations, training_memory
from runner.costs.report import find_cost
from runner.costs.shape import Shape, find_shape, read_shape
from runner.costs.stages import Prices, forward_flops, price
from runner.costs.texts import Reader, Texts, training_texts
from runner.kinds.registry import find_kind
from runner.models.backbone import load_backbone
from runner.models.catalog import find_model
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.plan.request import Request
from runner.plan.training import Training
from runner.tasks.load import load_task
from runner.training.batches import parts, training_batches
from tests.runner.executors.world import make_world
from tests.runner.models import tiny_model

#: Shares by which counts of parameters and of activations may differ: small vectors are left out of the formulas.
PARAMETERS, ACTIVATIONS = 0.03, 0.1


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "llama"])
def test_a_shape_has_the_parameters_of_its_model(tmp_path: Path, kind: str) -> None:
    from transformers import AutoConfig, AutoModel

    place = tiny_model(tmp_path / kind, kind)
    config = AutoConfig.from_pretrained(place)
    sizes = {"hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 6, "head_dim": 32,
             "num_key_value_heads": 3, "num_hidden_layers": 3, "max_position_embeddings": 512}  # fmt: skip
    for name, value in sizes.items():
        setattr(config, name, value)
    pooler = {} if kind == "llama" else {"add_pooling_layer": False}
    models: Any = AutoModel
    module = models.from_config(config, **pooler)
    shape = read_shape(config.to_dict() | {"num_key_value_heads": 3 if kind == "llama" else None})
    assert shape.gated == (kind == "llama")
    counted = sum(value.numel() for value in module.parameters())
    assert shape.body + shape.words == pytest.approx(counted, rel=PARAMETERS)
    linear = sum(layer.weight.numel() for layer in module.modules() if isinstance(layer, torch.nn.Linear))
    assert shape.layers * shape.linear == linear


def test_shapes_are_found_by_model(tmp_path: Path) -> None:
    commit = "c" * 40
    large = find_shape(find_model({"name": "FacebookAI/xlm-roberta-large", "revision": commit}))
    assert large.body + large.words == pytest.approx(560e6, rel=0.01)
    small = find_shape(find_model("me5-small@3"))
    card = find_model("me5-small@3")
    assert (small.body + small.words) / 1e6 == pytest.approx(card.params_m, rel=0.001)
    tiny = find_model(str(tiny_model(tmp_path / "tiny")))
    module: Any = load_backbone(tiny).module
    assert find_shape(tiny).layers == module.config.num_hidden_layers
    with pytest.raises(CrossliftError, match="shape of model 'own/strange' is not known"):
        find_shape(find_model({"name": "own/strange", "revision": commit}))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_activations_are_those_that_are_kept(kind: str, dropout: float, precision: Any) -> None:
    from transformers import AutoModel, BertConfig, LlamaConfig

    shape = Shape(3, 192, 768, 6, 500, 192, gated=kind == "llama")
    sizes: dict[str, Any] = {"vocab_size": 500, "hidden_size": 192, "num_hidden_layers": 3, "num_attention_heads": 6,
                             "intermediate_size": 768}  # fmt: skip
    models: Any = AutoModel
    if kind == "bert":
        own = BertConfig(**sizes, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
        module: Any = models.from_config(own, add_pooling_layer=False)
    else:
        module = models.from_config(LlamaConfig(**sizes, use_cache=False))
    module.train()
    weights = {value.data_ptr() for value in module.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        if value.untyped_storage().data_ptr() not in weights:
            kept[value.untyped_storage().data_ptr()] = value
        return value

    texts, length = 8, 96
    mask = torch.ones(texts, length, dtype=torch.long)
    mask[0, -5:] = 0
    mixed = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value), mixed:
        module(input_ids=torch.ones(texts, length, dtype=torch.long), attention_mask=mask)
    counted = sum(value.untyped_storage().nbytes() for value in kept.values())
    training = Training(dropout=dropout, precision=precision)
    expected = activations(shape, training, Texts(length, length, texts * length, 100), "cpu")
    assert expected == pytest.approx(counted, rel=ACTIVATIONS)


def test_what_a_method_trains_is_what_the_optimiser_keeps() -> None:
    shape, texts = Shape(4, 64, 256, 4, 1000, 64), Texts(20.0, 20.0, 640, 300)

    def parts_of(**training: Any) -> dict[str, float]:
        return training_memory(shape, Training(**training), texts, False, "cuda", False)

    full, frozen, lora = parts_of(), parts_of(method="frozen-embeddings"), parts_of(method="lora", lora_rank=4)
    assert full["optimiser"] == 8 * (shape.body + 300 * 64)
    assert frozen["optimiser"] == 8 * shape.body
    assert lora["optimiser"] == 8 * shape.adapters(4)
    assert "pretrained copy" not in lora
    assert "trained rows" not in frozen
    assert full["weights"] == 4 * (shape.body + shape.words)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers for what that is about to rename
def test_adapters_are_counted_as_peft_makes_them(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    card = find_model(str(tiny_model(tmp_path / "tiny")))
    module: Any = get_peft_model(load_backbone(card).module, LoraConfig(r=4, target_modules="all-linear"))
    counted = sum(value.numel() for name, value in module.named_parameters() if "lora_" in name)
    assert find_shape(card).adapters(4) == counted


def plan_of(place: Path, **change: Any) -> tuple[Any, Any]:
    make_world(place)
    content = {
        "models": [str(place / "model")], "intermediate": ["pets:40"], "targets": ["animals"], "seeds": "1",
        "training": {"epochs": 3, "batch_size": 8, "dropout": 0}, **change,
    }  # fmt: skip
    request = Request(content, place / "data")
    return request, request.plan()


def test_pieces_of_training_are_those_of_its_batches(tmp_path: Path) -> None:
    _, plan = plan_of(tmp_path)
    card, task = plan.grid.models[0], load_task("animals", tmp_path / "data")
    kind = find_kind(task.kind)
    features = kind.encode(load_backbone(card), task.train(), 64, True)
    found = training_texts(Reader(card), task.card, 60, 64, 8, 2048, tmp_path / "data")
    pieces = 0
    for batch in training_batches(features, 8, 8, np.random.default_rng(0)):
        pieces += sum(len(part) * int(features.lengths[part].max()) for part in parts(features, batch, 2048))
    assert found.measured
    assert found.pieces * 60 == pytest.approx(pieces)
    assert found.distinct == len(features.pieces)
    far = training_texts(Reader(card), task.card, 60, 64, 8, 2048, None)
    assert (far.measured, far.pieces, far.length) == (False, 64, 64)


def test_a_plan_costs_the_sum_of_its_stages(tmp_path: Path) -> None:
    request, plan = plan_of(tmp_path)
    device = find_device("A100")
    prices = Prices(plan, device, request.data_dir)
    cost = price(prices, plan.stages)
    assert {kind: row["stages"] for kind, row in cost.kinds.items()} == {
        "load": 1, "target": 2, "intermediate": 1, "evaluate": 6,
    }  # fmt: skip
    shape = find_shape(plan.grid.models[0])
    for stage in plan.stages:
        found, texts = prices.of(stage), prices.texts(stage) if stage.kind != "load" else None
        if texts is None:
            continue
        examples = stage.work * 8 if stage.kind != "evaluate" else stage.work
        assert found.pieces == pytest.approx(examples * texts.pieces)
        passes = 1 if stage.kind == "evaluate" else 3
        assert found.flops == pytest.approx(found.pieces * forward_flops(shape, texts.length) * passes)
    assert cost.seconds == pytest.approx(sum(prices.of(stage).seconds for stage in plan.stages))
    assert cost.memory == max(prices.of(stage).peak for stage in plan.stages)
    assert (dict(cost.download), cost.guessed) == ({}, ())
    # of target stages one checkpoint is on disk at a time
    targets = [prices.of(stage).disk for stage in plan.stages if stage.kind == "target"]
    assert cost.kinds["target"]["disk"] == max(targets)


def test_the_benchmark_is_priced_without_its_data() -> None:
    content = {
        "models": [{"name": "FacebookAI/xlm-roberta-large", "revision": "c" * 40}], "targets": ["xnli"],
        "languages": ["en", "sw"], "training": {"precision": "bf16"},
    }  # fmt: skip
    plan = build_plan(parse_grid(content))
    cost = price(Prices(plan, DEVICES["h100"]), plan.stages)
    assert cost.guessed == ("xnli",)
    steps = 3 * -(-392_702 // 32)
    pieces = steps * 32 * 128
    assert cost.kinds["target"]["pieces"] == pieces
    per_piece = 3 * 24 * (2 * 12 * 1024**2 + 4 * 128 * 1024)  # 12·d² weights a layer, and attention
    assert cost.kinds["target"]["flops"] == pieces * per_piece
    assert cost.kinds["target"]["seconds"] == pytest.approx(pieces * per_piece / (989.4e12 * 0.35))
    assert cost.download["FacebookAI/xlm-roberta-large"] == pytest.approx(2.24e9, rel=0.01)
    assert 8 * 2**30 < cost.memory < 40 * 2**30


def test_the_command_prints_what_a_plan_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = str(make_world(tmp_path))
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["plan", grid, *data, "--device-spec", "h100"]) == 0
    shown = capsys.readouterr().out
    assert "tokens" in shown and "FLOPs" in shown
    assert "peak memory: " in shown and "of 80 GiB" in shown and "process 512 MiB" in shown
    assert "assumed, not measured" in shown
    assert main(["plan", grid, *data, "--device-spec", "h100", "--json", "-"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost"]
    assert cost["device"] == "h100"
    assert sum(cost["peak_memory_by_component"].values()) == cost["peak_memory_bytes"]
    assert main(["plan", grid, *data, "--device-spec", "h10"]) == 2
    assert "unknown device 'h10'.\n  Did you mean 'h100'" in capsys.readouterr().err
    assert main(["plan", grid, *data, "--device-spec", "here"]) == 2
    assert "Give --probe 20." in capsys.readouterr().err
    assert main(["plan", grid, *data, "--device-spec", "h100", "--probe", "9"]) == 2
    assert "--probe measures this machine" in capsys.readouterr().err


@pytest.mark.slow
def test_a_probe_measures_a_few_steps_of_the_largest_stage(tmp_path: Path) -> None:
    request, plan = plan_of(tmp_path)
    found = find_cost(request, plan.stages, "here", 6)
    probed = found.probed
    assert probed is not None
    assert "→ animals" in probed.stage or "→ pets" in probed.stage
    assert probed.training > 0 and probed.evaluation > 0
    assert probed.peak > 100 * 2**20
    trained = found.cost.kinds["target"]
    assert trained["seconds"] == pytest.approx(trained["flops"] / probed.training)
    assert found.cost.kinds["evaluate"]["seconds"] > 0
    text = found.text()
    assert "on this machine, whose peak was" in text
    assert found.to_json()["probe"]["peak_memory_bytes"] == probed.peak
    with pytest.raises(CrossliftError, match="no training data of the plan are at hand"):
        find_cost(Request({**request.content, "targets": ["sib200"], "intermediate": ["none"], "languages": ["en"]}),
                  plan.stages, "here", 6)  # fmt: skip
