"""The Markdown table that the lm-evaluation-harness prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..condition import Condition
from ..harness_names import split_languages
from ..headers import fold
from .results import Results, in_points

if TYPE_CHECKING:
    import pandas as pd

_METRICS = {"acc": "acc", "accuracy": "acc", "acc_norm": "acc_norm", "exact_match": "em", "em": "em", "f1": "f1"}


def matches(table: pd.DataFrame) -> bool:
    """Tell the table by its headings."""
    return {"task", "metric", "value"} <= {fold(str(name)) for name in table.columns}


def read(table: pd.DataFrame) -> Results:
    """A row a task and metric whose name says the language; a task's further rows leave its name out."""
    import pandas as pd

    names = {fold(str(name)): name for name in table.columns}
    tasks = table[names["task"]].map(lambda cell: cell.strip(" -") if isinstance(cell, str) else None).ffill()
    languages = split_languages({str(task): "" for task in tasks.dropna().unique()})
    rows, silent, other = [], [], []
    for i, task in enumerate(tasks):
        metric = str(table[names["metric"]].iloc[i])
        if task not in languages:
            silent.append(str(task))
            continue
        if metric not in _METRICS:
            other.append(metric)
            continue
        code, plain = languages[task]
        shots = table[names["nshot"]].iloc[i] if "nshot" in names else None
        error = table[names["stderr"]].iloc[i] if "stderr" in names else None
        rows.append({
            "study": "lm-evaluation-harness", "method": "baseline", "target_task": plain, "language": code,
            "metric": _METRICS[metric], "score": _number(table[names["value"]].iloc[i]), "std_error": _number(error),
            "condition": str(Condition.of(f"{shots}-shot")) if isinstance(shots, str) else None,
        })  # fmt: skip
    notices = [f"left out {len(silent)} tasks whose names say no language: {', '.join(dict.fromkeys(silent))}."] * bool(
        silent
    )
    notices += [f"left out metrics that are no share: {', '.join(dict.fromkeys(other))}."] * bool(other)
    columns = ["study", "method", "target_task", "language", "metric", "score", "std_error", "condition"]
    return Results(in_points(pd.DataFrame(rows, columns=columns)), tuple(notices))


def _number(cell: object) -> float | None:
    try:
        return float(str(cell))
    except ValueError:
        return None
