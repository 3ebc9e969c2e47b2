"""Logs of inspect-ai in JSON: one evaluation a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .results import Results, language_of_task, metric_name, number, results

KIND = "a log of inspect-ai"


def matches(content: Any) -> bool:
    """Tell the file by its keys."""
    return isinstance(content, dict) and isinstance(content.get("eval"), dict) and "task" in content["eval"]


def read(content: Any, path: Path) -> Results:
    """A row a metric; the language is an argument of the task, or in its name."""
    about = content["eval"]
    if content.get("status") not in (None, "success"):
        return results([], KIND, path.name, [f"its status is '{content.get('status')}'."])
    given = about.get("task_args") or {}
    task = str(about["task"]).rsplit("/", 1)[-1]
    language = next((str(given[key]) for key in ("language", "lang", "subset") if key in given), "")
    if not language:
        found = language_of_task(task)
        if found is None:
            return results([], KIND, path.name, [f"its task '{task}' says no language."])
        language, task = found
    outcome = content.get("results") or {}
    rows = []
    for scorer in outcome.get("scores") or []:
        metrics = scorer.get("metrics") or {}
        for key, entry in metrics.items():
            metric, score = metric_name(key), number(entry.get("value"))
            if metric is not None and score is not None:
                rows.append({
                    "study": "inspect-ai", "source": path.name, "model": about.get("model"), "method": "baseline",
                    "target_task": task, "language": language, "metric": metric, "score": score,
                    "std_error": number((metrics.get("stderr") or {}).get("value")),
                    "n_items": number(outcome.get("completed_samples")),
                })  # fmt: skip
    return results(rows, KIND, path.name)
