"""Results of MTEB: a JSON file a task, ``results/MODEL/REVISION/TASK.json`` or one beside ``model_meta.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .results import Results, metric_name, number, results

KIND = "a result of MTEB"
_METRICS = ("accuracy", "f1", "main_score")


def matches(content: Any) -> bool:
    """Tell the file by its keys."""
    return isinstance(content, dict) and "task_name" in content and isinstance(content.get("scores"), dict)


def read(content: Any, path: Path) -> Results:
    """A row a language, split and metric: accuracy and F1 where there are, else the main score."""
    run = {"study": "mteb", "source": path.name, "target_task": content["task_name"], "method": "baseline",
           **_model(path), "revision": content.get("dataset_revision")}  # fmt: skip
    rows, several = [], 0
    for split, entries in content["scores"].items():
        for entry in entries:
            languages = entry.get("languages") or [entry.get("hf_subset", "")]
            if len(languages) != 1:
                several += 1
                continue
            metrics = [name for name in _METRICS[:2] if number(entry.get(name)) is not None] or [_METRICS[2]]
            for name in metrics:
                score = number(entry.get(name))
                if score is not None:
                    rows.append({**run, "split": split, "language": languages[0], "metric": metric_name(name),
                                 "score": score})  # fmt: skip
    notices = [f"left out {several} entries of several languages."] if several else []
    return results(rows, KIND, path.name, notices)


def _model(path: Path) -> dict[str, Any]:
    meta = path.with_name("model_meta.json")
    if meta.is_file():
        about = json.loads(meta.read_text(encoding="utf-8"))
        size = number(about.get("n_parameters"))
        return {"model": about.get("name"), "params_m": size / 1e6 if size else None}
    folders = path.resolve().parents
    if len(folders) > 2 and "__" in folders[1].name:  # results/ORGANISATION__MODEL/REVISION/TASK.json
        return {"model": folders[1].name.replace("__", "/")}
    return {"model": None}
