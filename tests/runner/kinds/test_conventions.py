"""Conventions of retrieval: direction and layer, in the plan, the record, the identity, and the vectors themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from analysis.core.errors import CrossliftError
from runner.cli.main import main
from runner.kinds.conventions import find_layer
from runner.models.backbone import load_backbone
from runner.models.catalog import find_model
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.training.batches import pad
from runner.training.bench import Bench
from tests.runner.models import tiny_model

SMALL: dict[str, Any] = {"models": ["me5-small@3"], "targets": ["tatoeba"], "languages": ["deu_Latn"]}


@pytest.mark.parametrize(
    ("setting", "depth", "layer"),
    [
        ("xtreme", 12, 7), ("xtreme", 24, 13), ("jiant", 24, 14), ("last", 24, 24), (0, 24, 0), (14, 24, 14),
        ("xtreme", 6, 4), ("xtreme", 1, 1),
    ],
)  # fmt: skip
def test_layers_by_convention(setting: str | int, depth: int, layer: int) -> None:
    assert find_layer(setting, depth) == layer


def test_a_layer_that_a_model_lacks_is_said() -> None:
    with pytest.raises(CrossliftError, match="layer 7 is asked for; the model has 3. Give 0 to 3, or last."):
        find_layer(7, 3)


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({}, "rule=from-english; layer=xtreme"),
        ({"retrieval": "jiant"}, "rule=to-english; layer=jiant"),
        ({"retrieval": "jiant", "layer": "last"}, "rule=to-english; layer=last"),
        ({"layer": 2}, "rule=from-english; layer=2"),
    ],
)
def test_the_convention_is_in_the_record_and_the_identity(change: dict[str, Any], condition: str) -> None:
    (cell,) = build_plan(parse_grid({**SMALL, **change})).cells
    assert cell.record["condition"] == condition
    assert "; ".join(f"{name}={cell.inputs[name]}" for name in ("rule", "layer")) == condition
    (other,) = build_plan(parse_grid({**SMALL, "layer": 1})).cells
    assert other.id != cell.id


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"retrieval": "xtrem"}, "unknown retrieval 'xtrem'. Did you mean 'xtreme'?"),
        ({"layer": "lst"}, "unknown layer 'lst'. Did you mean 'last'?"),
        ({"layer": -1}, "unknown layer '-1'."),
    ],
)
def test_what_a_grid_cannot_ask_for(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossliftError) as caught:
        parse_grid({**SMALL, **change})
    assert words in str(caught.value)


def test_representations_are_those_of_the_layer(tmp_path: Path) -> None:
    tiny_model(tmp_path / "model")
    bench = Bench(load_backbone(find_model(str(tmp_path / "model"))))
    ids = [torch.tensor(bench.backbone.tokenizer("cat dog")["input_ids"]).numpy()]
    batch = pad(ids, None, torch.arange(1).numpy(), bench.backbone.pad)
    with torch.no_grad():
        states = bench.backbone.module(torch.as_tensor(batch.ids), output_hidden_states=True).hidden_states
        assert len(states) == bench.depth + 1
        for layer, wanted in enumerate(states):
            assert torch.equal(bench.forward(batch, layer)[0], wanted)
        assert torch.equal(bench.forward(batch)[0], states[-1])


def test_mined_pairs_are_kept_from_the_threshold_of_the_validation_split(tmp_path: Path) -> None:
    """Corpora without training, scored at two layers: a sweep of retrieval from grid to record."""
    words = [f"cat {'dog ' * (i % 5)}{'cat ' * (i // 5)}" for i in range(20)]
    rows = [("de", split, text, text) for split in ("dev", "test") for text in words]
    rows += [("de", split, f"dog {text} dog", "") for split in ("dev", "test") for text in words[:5]]
    data = tmp_path / "data"
    data.mkdir()
    pd.DataFrame(rows, columns=["lang", "split", "text", "eng"]).to_csv(data / "m.tsv", sep="\t", index=False)
    (data / "tasks.toml").write_text(
        '[mined]\nfile = "m.tsv"\nkind = "retrieval"\nmetrics = ["f1", "f1_crossfit"]\nlanguage_column = "lang"\n'
        'validation = "dev"\nfields = { source = "text", target = "eng" }\n'
    )
    tiny_model(tmp_path / "model")
    for layer in (1, "last"):
        grid = {"models": [str(tmp_path / "model")], "targets": ["mined"], "layer": layer}
        (tmp_path / "grid.yaml").write_text(yaml.safe_dump(grid))
        options = ["--store", str(tmp_path / "store"), "--data-dir", str(data), "--device", "cpu", "--workers", "1"]
        assert main(["run", str(tmp_path / "grid.yaml"), *options]) == 0
    cells = [json.loads(path.read_text()) for path in sorted((tmp_path / "store" / "cells").glob("*.json"))]
    records = [record for cell in cells for record in cell["records"]]
    assert {record["condition"] for record in records} == {
        "rule=from-english; layer=1", "rule=from-english; layer=last",
    }  # fmt: skip
    assert [record["metric"] for record in records] == ["f1", "f1_crossfit"] * 2
    # Both sides are the same text, so every pair that is kept is right; the dev split keeps all of them.
    assert [record["score"] for record in records if record["metric"] == "f1"] == [100.0, 100.0]
    assert {cell["manifest"]["layer"] for cell in cells} == {
        1,
        json.loads((tmp_path / "model/config.json").read_text())["num_hidden_layers"],
    }
