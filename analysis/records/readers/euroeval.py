"""Results of EuroEval: one JSON object a line, one data set each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..condition import Condition
from .results import Results, metric_name, number, results

KIND = "a file of results of EuroEval"


def matches(lines: Sequence[Any]) -> bool:
    """Tell the file by its keys."""
    return bool(lines) and {"dataset", "task", "languages", "results"} <= set(lines[0])


def read(lines: Sequence[Any], path: Path) -> Results:
    """A row a data set and metric; the scores are points. Scores below zero, which MCC can have, are left out."""
    rows, several, negative = [], 0, 0
    for line in lines:
        languages = line.get("languages") or []
        if len({code[:2] for code in languages} - {"nb", "nn", "no"}) + bool({"nb", "nn", "no"} & set(languages)) != 1:
            several += 1
            continue
        language = languages[0] if len(languages) == 1 else "no" if "no" in languages else languages[0]
        size = number(line.get("num_model_parameters"))
        total = line["results"].get("total") or {}
        for key, value in total.items():
            metric, score = metric_name(key), number(value)
            if metric is None or key.endswith("_se") or score is None:
                continue
            if score < 0:
                negative += 1
                continue
            rows.append({
                "study": "euroeval", "source": line["dataset"], "model": line.get("model"), "method": "baseline",
                "params_m": size / 1e6 if size and size > 0 else None, "target_task": line["task"],
                "language": language, "metric": metric, "score": score, "std_error": number(total.get(f"{key}_se")),
                "split": "validation" if line.get("validation_split") else "test",
                "condition": str(Condition.of("few-shot" if line.get("few_shot") else "zero-shot")),
                "revision": line.get("euroeval_version"),
            })  # fmt: skip
    notices = [f"left out {several} data sets of several languages."] if several else []
    notices += [f"left out {negative} scores below zero."] if negative else []
    return results(rows, KIND, path.name, notices, fractions=False)
