"""Gains that depend on a number of each language."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.records.check import check_records

LANGUAGES = ["de", "fr", "es", "it", "ru", "bg", "hi", "ur", "fi", "hu", "tr", "ar", "zh", "vi", "sw", "th", "ja", "ko"]


def own(i: int) -> float:
    """A value of each language that has nothing to do with distance."""
    return float(np.sin(7.0 * i))


def gains(slope: float = -3.0, **columns: object) -> pd.DataFrame:
    """Gains of 18 languages, two tasks and two models that depend on ``own`` by ``slope``."""
    rng = np.random.default_rng(1)
    rows = []
    for i, language in enumerate(LANGUAGES):
        level = rng.normal()
        for task in ("xnli", "pawsx"):
            for model in ("A", "B"):
                cell = {"model": model, "target_task": task, "language": language, "own": own(i)}
                cell |= {"size in k": len(task)}
                rows.append({**cell, **columns, "method": "baseline", "score": 50.0})
                gain = 5.0 + slope * own(i) + level * 0.3 + rng.normal() * 0.3
                rows.append({**cell, **columns, "method": "intermediate", "score": 50.0 + gain})
    return check_records(pd.DataFrame(rows), "test").frame
