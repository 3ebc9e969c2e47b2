"""Which baseline a gain is taken against: the plain one, or one that trained for as many steps.

A sweep may evaluate two baselines for an intermediate stage: *plain*, without that stage, and *steps*, whose training
on the target task went on for as many optimiser steps as the stage took. Both are in its records: the second has
``control`` ``steps``, its ``matched_steps``, and ``control=steps:N`` in ``condition``, so that pairing finds the plain
one. An intermediate row is one row either way, and :func:`against` says which of the two it is paired with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import CrossliftError, unknown_name
from ..records.condition import Condition

if TYPE_CHECKING:
    import pandas as pd

BASELINES = ("plain", "steps")
CONTROL, STEPS = "control", "matched_steps"


def against(records: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Records whose intermediate rows pair with one kind of baseline.

    With ``steps`` each intermediate row that states its ``matched_steps`` shares its ``condition`` with the baseline
    that trained for as many, and no longer with the plain one; ``plain`` changes nothing.

    Raises
    ------
    UnknownNameError
        If there is no such baseline.
    """
    if baseline not in BASELINES:
        raise unknown_name("baseline", baseline, BASELINES)
    if baseline == "plain" or STEPS not in records.columns:
        return records
    steps = _steps(records)
    matched = (records["method"] == "intermediate") & (steps > 0)
    if CONTROL in records.columns:
        matched |= records[CONTROL] == "steps"
    if not matched.any():
        return records
    conditions = [
        str(Condition.parse(condition).with_steps(int(count))) if hit else condition
        for condition, count, hit in zip(records["condition"], steps, matched, strict=True)
    ]
    return records.assign(condition=_like(records["condition"], conditions))


def require_control(records: pd.DataFrame) -> pd.Series[bool]:
    """Rows that gains over as many steps leave out: intermediate ones whose steps are not stated.

    Raises
    ------
    CrossliftError
        If no baseline of the records trained for as many steps.
    """
    if not {CONTROL, STEPS} <= set(records.columns) or not (records[CONTROL] == "steps").any():
        raise CrossliftError(
            "no baseline was trained for as many steps as an intermediate stage.",
            "Leave --baseline out, or give a sweep of a grid with control: steps.",
        )
    return (records["method"] == "intermediate") & ~(_steps(records) > 0)


def _steps(records: pd.DataFrame) -> pd.Series[float]:
    """Steps as numbers, 0 where none are stated. They are not a field of the schema, so files give them as text."""
    import pandas as pd

    return pd.to_numeric(records[STEPS], errors="coerce").fillna(0.0)


def _like(column: pd.Series[str], values: list[object]) -> pd.Series[str]:
    import pandas as pd

    return pd.Series(values, index=column.index, dtype=column.dtype)
