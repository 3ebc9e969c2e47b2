"""``runner run`` with a model in shards and a data set that are downloaded, by the hub's own clients."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from analysis.store.layout import read_store
from tests.conftest import ROOT, skip_or_fail
from tests.runner.hub_data import configure, save
from tests.runner.hub_server import COMMIT, serve
from tests.runner.models import tiny_model
from tests.runner.training.small import texts

TASKS = f"""
[beasts]
hub = "acme/beasts"
commit = "{COMMIT}"
config = "{{language}}"
kind = "classification"
fields = {{ text = "text" }}
label = "label"
train_language = "en"
train_examples = 60
[beasts.languages]
de = 40
sw = 40
"""
FILES = (("en", "train", 60), ("de", "test", 40), ("sw", "test", 40))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    root = tmp_path_factory.mktemp("hub")
    _model(root / "models/acme/tiny")
    _dataset(root / "datasets/acme/beasts")
    with serve(root) as served:
        yield served


def _model(place: Path) -> None:
    from transformers import AutoModel

    place.mkdir(parents=True)
    tiny_model(place)
    model = AutoModel.from_pretrained(place)
    (place / "model.safetensors").unlink()
    model.save_pretrained(place, max_shard_size="20KB")
    assert len(list(place.glob("model-*-of-*.safetensors"))) > 3


def _dataset(place: Path) -> None:
    try:
        import datasets
    except ImportError:
        skip_or_fail("the package datasets is not installed")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["cat", "dog"])})
    files: dict[str, dict[str, str]] = {}
    for code, split, n in FILES:
        found = texts(n, n + ord(code[0]))
        assert found.labels is not None
        rows = [
            {"text": text, "label": int(label)} for text, label in zip(found.fields["text"], found.labels, strict=True)
        ]
        save(place, code, split, rows, features, files)
    configure(place, files)


def sweep(place: Path, address: str, model: str = "acme/tiny", tasks: str = TASKS, **more: str) -> tuple[int, str]:
    """Run the grid with the hub at ``address``; what it wrote comes back with its exit status."""
    (place / "tasks.toml").write_text(tasks, encoding="utf-8")
    grid = {
        "models": [f"{model}@{COMMIT}"], "intermediate": ["none"], "targets": ["beasts"], "seeds": "1",
        "training": {"epochs": 5, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0},
    }  # fmt: skip
    (place / "grid.yaml").write_text(yaml.safe_dump(grid), encoding="utf-8")
    options = ["--store", str(place / "store"), "--data-dir", str(place), "--device", "cpu", "--workers", "1"]
    settings = {"HF_ENDPOINT": address, "HF_HOME": str(place / "cache"), "PYTHONPATH": str(ROOT), **more}
    names = ("HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    command = [sys.executable, "-m", "runner.cli.main", "run", str(place / "grid.yaml"), *options]
    done = subprocess.run(
        command, env=inherited | settings, cwd=place, capture_output=True, text=True, timeout=240, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_model_and_a_data_set_are_downloaded_once(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    address, requests = hub
    status, words = sweep(tmp_path, address)
    assert status == 0, words
    assert "Generating" not in words  # no bars of other packages between the lines of the sweep
    cells = read_store(tmp_path / "store").cells
    assert {record["language"] for cell in cells for record in cell.records} == {"de", "sw"}
    assert min(record["score"] for cell in cells for record in cell.records) > 80.0
    shards = [line for line in requests if line.startswith("GET") and "/model-0" in line]
    assert len(shards) == len(set(shards)) > 3 and all(f"/resolve/{COMMIT}/" in line for line in shards)
    assert not any("/main/" in line for line in requests)  # never what a name alone means
    parquet = {line.rsplit("/", 2)[-2] for line in requests if line.startswith("GET") and line.endswith(".parquet")}
    assert parquet == {"en", "de", "sw"}

    (tmp_path / "again").mkdir()
    before = len(requests)
    status, words = sweep(tmp_path / "again", address, HF_HOME=str(tmp_path / "cache"), HF_HUB_OFFLINE="1")
    assert status == 0 and "cache" not in words, words
    assert len(requests) == before
    again = read_store(tmp_path / "again" / "store").cells
    assert [cell.records for cell in again] == [cell.records for cell in cells]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "acme/tinny"}, "model 'acme/tinny' could not be loaded: acme/tinny is not a local folder"),
        ({"tasks": TASKS.replace("acme/beasts", "acme/beast")}, "'acme/beast' (en, commit 0123456789ab) cannot be"),
        ({"tasks": TASKS.replace("0123456789ab", "a123456789ab")}, "'acme/beasts' (en, commit a123456789ab) cannot be"),
    ],
)
def test_what_the_hub_does_not_have(
    hub: tuple[str, list[str]], tmp_path: Path, change: dict[str, str], words: str
) -> None:
    status, said = sweep(tmp_path, hub[0], **change)
    assert status == 1
    assert words in said and "stage failed" in said
    assert ".." not in said.replace("...", "") and "Traceback" not in said
