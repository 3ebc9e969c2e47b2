"""A data directory, a tiny model and a grid: a real sweep in a few seconds. Also a program, to be killed.

Usage: ``python -m tests.runner.executors.world DIRECTORY``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from runner.cli.main import main
from tests.runner.models import tiny_model
from tests.runner.training.small import texts

TASKS = """
[{name}]
file = "{name}.tsv"
kind = "classification"
fields = {{ text = "text" }}
label = "animal"
language_column = "lang"
train_language = "en"
domain = "animals"
"""


def make_world(place: Path, **change: Any) -> Path:
    """Write data, model and grid; returns the grid."""
    data = place / "data"
    data.mkdir(parents=True)
    for name, languages in (("animals", ("en", "de", "sw")), ("pets", ("en",))):
        rows = ["lang\tsplit\ttext\tanimal"]
        for code in languages:
            for split, n in (("train", 60), ("test", 40)):
                if split == "test" or code == "en":
                    found = texts(n, len(code + split + name) + ord(code[0]))
                    labels: Any = found.labels
                    rows += [f"{code}\t{split}\t{t}\t{('cat', 'dog')[v]}"
                             for t, v in zip(found.fields["text"], labels, strict=True)]  # fmt: skip
        (data / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    (data / "tasks.toml").write_text("".join(TASKS.format(name=name) for name in ("animals", "pets")))
    tiny_model(place / "model")
    grid = {
        "models": [str(place / "model")], "intermediate": ["none", "pets:40"], "targets": ["animals"], "seeds": "1-2",
        "training": {"epochs": 3, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0}, **change,
    }  # fmt: skip
    path = place / "grid.yaml"
    path.write_text(yaml.safe_dump(grid))
    return path


def run_world(place: Path, *more: str) -> int:
    """``runner run`` on it, in one process."""
    options = ["--store", str(place / "store"), "--data-dir", str(place / "data"), "--device", "cpu"]
    return main(["run", str(place / "grid.yaml"), *options, "--workers", "1", "--threads", "1", *more])


if __name__ == "__main__":
    raise SystemExit(run_world(Path(sys.argv[1])))
