"""SumEval's JSON: a list of configurations, each with what it was trained on and its scores by language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..condition import Condition
from .results import Results, number, results

KIND = "a file of SumEval"


def matches(content: Any) -> bool:
    """Tell the file by its keys."""
    return isinstance(content, list) and bool(content) and isinstance(content[0], dict) and (
        {"train_config", "eval_results"} <= set(content[0])
    )  # fmt: skip


def read(content: Any, path: Path) -> Results:
    """A row a configuration and language; training in several languages is ``mul``."""
    rows = []
    for place, entry in enumerate(content):
        trained = {code: size for code, size in entry["train_config"].items() if number(size)}
        for language, value in entry["eval_results"].items():
            score = number(value)
            if score is not None:
                rows.append({
                    "study": "sumeval", "source": path.name, "target_task": path.stem,
                    "train_language": next(iter(trained)) if len(trained) == 1 else "mul",
                    "train_examples": sum(trained.values()), "language": language, "score": score, "metric": None,
                    "condition": str(Condition.of(f"configuration {place}")),
                })  # fmt: skip
    return results(rows, KIND, path.name)
