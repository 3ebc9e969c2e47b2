"""Statistics of HELM: ``stats.json`` of a run, with ``run_spec.json`` beside it where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .results import Results, metric_name, number, results

KIND = "a file of statistics of HELM"


def matches(content: Any) -> bool:
    """Tell the file by its entries."""
    return (
        isinstance(content, list)
        and bool(content)
        and isinstance(content[0], dict)
        and isinstance(content[0].get("name"), dict)
        and "name" in content[0]["name"]
    )


def read(content: Any, path: Path) -> Results:
    """A row a metric and language that the items were translated into."""
    spec = path.with_name("run_spec.json")
    about = json.loads(spec.read_text(encoding="utf-8")) if spec.is_file() else {}
    model = (about.get("adapter_spec") or {}).get("model")
    folder = path.parent.name  # TASK:argument=value,…
    task = str(about.get("name") or (folder if ":" in folder else "")).split(":")[0] or None
    rows, silent = [], 0
    for entry in content:
        name, metric = entry["name"], metric_name(str(entry["name"]["name"]))
        language = (name.get("perturbation") or {}).get("language")
        score = number(entry.get("mean"))
        if metric is None or score is None:
            continue
        if not language:
            silent += 1
            continue
        rows.append({"study": "helm", "source": path.name, "model": model, "method": "baseline", "target_task": task,
                     "language": language, "metric": metric, "split": name.get("split"), "score": score})  # fmt: skip
    notices = [f"left out {silent} scores that say no language."] if silent else []
    return results(rows, KIND, path.name, notices)
