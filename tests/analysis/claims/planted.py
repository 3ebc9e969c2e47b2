"""Invented XTREME rows for the checks of claims: each test says which errors it plants."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.claims.registry import Claim
from analysis.claims.xtreme.partial_averages import Tables
from analysis.claims.xtreme.printed_scores import MODEL, QUESTIONS, TASKS, Cells, cells_of

CLAIM = Claim("planted", "The average gain is 5.4.", "average gain", 5.4, "points", 1, settled_by="a table")
BASE = dict(zip(TASKS, (79.2, 86.4, 72.6, 65.4, 76.6, 71.6, 65.1, 66.1, 57.3), strict=True))
EMPTY = Cells("none", {})


def cells(
    gains: Mapping[str, float | tuple[float, float]],
    base: Mapping[str, float] = BASE,
    digits: int = 1,
    extra: Mapping[str, float] | None = None,
) -> Cells:
    """A table of rows with and without intermediate task; a pair of gains is of F1 and EM."""
    rows = []
    for task, gain in gains.items():
        both = gain if isinstance(gain, tuple) else (gain, gain)
        metrics = ("f1", "em") if task in QUESTIONS else ("acc",)
        for metric, lift in zip(metrics, both, strict=False):
            for method, score in (("baseline", base[task]), ("intermediate", base[task] + lift)):
                rows.append((method, task, metric, round(score, digits)))
    rows += [("baseline", task, "acc", score) for task, score in (extra or {}).items()]
    frame = pd.DataFrame(rows, columns=["method", "target_task", "metric", "score"])
    return cells_of(frame.assign(model=MODEL), "planted")


def tables(first: Cells, baseline: Cells = EMPTY) -> Tables:
    """Tables with one publication."""
    return Tables(first, EMPTY, baseline)
