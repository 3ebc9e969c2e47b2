"""Comparisons that several reports need: a mean over few units, and two arms cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from ..core.errors import CrossliftError
from ..mixed import MixedResult, fit_mixed
from ..outcomes.pairing import difference
from ..records import bundled as datasets
from .numbers import Value

if TYPE_CHECKING:
    import pandas as pd

#: Names of the sets that the runner's own sweeps are bundled as.
OWN_SWEEP = "crosslift_mini"
#: A factor with fewer levels does not get a variance.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Arms:
    """Mean difference of two arms over cells that both have, from a model with crossed intercepts."""

    value: Value
    cells: int
    languages: int
    result: MixedResult | None
    dropped: tuple[tuple[str, int], ...]


def own_sweeps() -> list[str]:
    """Bundled sets that come from the runner; none where none is bundled."""
    return [entry.name for entry in datasets.record_sets() if entry.own]


def mean_value(values: Sequence[float], unit: str, digits: int = 2) -> Value:
    """Mean with a t interval over few independent units.

    Raises
    ------
    CrossliftError
        If there are fewer than two.
    """
    numbers = np.asarray(values, dtype=float)
    if len(numbers) < 2:
        raise CrossliftError(f"{len(numbers)} value does not give an interval.", "Give two or more.")
    df = len(numbers) - 1
    error = float(numbers.std(ddof=1) / np.sqrt(len(numbers)))
    half = float(student.ppf(0.975, df)) * error
    mean = float(numbers.mean())
    p = 2 * float(student.sf(abs(mean / error), df)) if error > 0 else 0.0
    return Value(mean, mean - half, mean + half, digits, unit, float(df), p)


def crossed_mean(frame: pd.DataFrame, outcome: str, unit: str) -> tuple[Value, MixedResult | None]:
    """Mean outcome with crossed intercepts for languages, tasks, models and studies, where they have enough levels.

    With no factor of ``FEWEST`` levels it is the plain mean over languages.
    """
    groups = [
        name
        for name in ("language", "target_task", "model", "intermediate_task", "study")
        if frame[name].notna().all() and FEWEST <= frame[name].nunique() < len(frame)
    ]
    if not groups:
        return mean_value(frame.groupby("language")[outcome].mean().to_list(), unit), None
    cell = ["language:target_task"] if {"language", "target_task"} <= set(groups) else []
    cells = frame.groupby(["language", "target_task"]).ngroups
    if cell and not frame["language"].nunique() < cells < len(frame):
        cell = []
    result = fit_mixed(f"{outcome} ~ 1 + " + " + ".join(f"(1|{name})" for name in [*groups, *cell]), frame)
    return Value.of_row(result.fixed.iloc[0].to_dict(), unit), result


def against_direct(records: pd.DataFrame) -> Arms | None:
    """Intermediate training minus direct fine-tuning where one cell holds both; ``None`` where none does.

    A cell is a study, model, task, metric, split, condition, language and seed.
    """
    method = records["method"]
    direct = records[(method == "direct") & records["score"].notna()]
    treated = records[(method == "intermediate") & records["score"].notna()]
    if direct.empty or treated.empty:
        return None
    paired = difference(treated, direct)
    if paired.frame.empty:
        return None
    value, result = crossed_mean(paired.frame, "gain", "points")
    return Arms(value, len(paired.frame), int(paired.frame["language"].nunique()), result, paired.dropped)
