"""Results of lighteval: ``results_DATE.json`` with tasks named ``SUITE|TASK|SHOTS``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..condition import Condition
from .results import Results, language_of_task, metric_name, number, results

KIND = "a file of results of lighteval"
#: How a multilingual task is posed, which its name ends in.
_FORMS = re.compile(r"_(cf|mcf|hybrid)$")
_CODE = re.compile(r"^(?P<task>.+)_(?P<code>[a-z]{3}(?:_[A-Z][a-z]{3})?)$")


def matches(content: Any) -> bool:
    """Tell the file by its keys."""
    return isinstance(content, dict) and isinstance(content.get("results"), dict) and "config_general" in content


def read(content: Any, path: Path) -> Results:
    """A row a task and metric; averages are left out."""
    general = content.get("config_general") or {}
    rows, averages, silent = [], [], []
    for name, entry in content["results"].items():
        parts = name.split("|")
        if name == "all" or ":_average" in name:
            averages.append(name)
            continue
        task = parts[1] if len(parts) > 2 else parts[0]
        shots = parts[2] if len(parts) > 2 else parts[1] if len(parts) > 1 else ""
        found = _language(task)
        if found is None:
            silent.append(task)
            continue
        for key, value in entry.items():
            metric, score = metric_name(key), number(value)
            if metric is None or key.endswith("_stderr") or score is None:
                continue
            rows.append({
                "study": "lighteval", "source": path.name, "method": "baseline",
                "model": general.get("model_name") or (general.get("model_config") or {}).get("model_name"),
                "target_task": found[1], "language": found[0], "metric": metric, "score": score,
                "std_error": number(entry.get(f"{key}_stderr")),
                "condition": str(Condition.of(f"{shots}-shot")) if shots else None,
            })  # fmt: skip
    notices = [f"left out averages: {', '.join(averages)}."] if averages else []
    notices += [f"left out {len(silent)} tasks whose names say no language: {', '.join(silent[:5])}."] if silent else []
    return results(rows, KIND, path.name, notices)


def _language(task: str) -> tuple[str, str] | None:
    """Lighteval writes the language as ISO 639-3 before the form: ``belebele_swh_Latn_cf``."""
    form = _FORMS.search(task)
    found = _CODE.match(_FORMS.sub("", task)) if form else None
    if form and found:
        return found["code"], f"{found['task']}_{form[1]}"
    return language_of_task(task)
