"""What readers of results share: rows and what to say of them, scores in points, sizes, names of tasks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.errors import RecordError
from ..cells import to_points
from ..headers import METRIC_WORDS, fold
from ..task_names import known_task

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Results:
    """Rows for :func:`analysis.records.check.check_records`, scores in points, and what was left out or guessed."""

    rows: pd.DataFrame
    notices: tuple[str, ...] = ()


def results(
    rows: Iterable[Mapping[str, Any]], kind: str, name: str, notices: Iterable[str] = (), fractions: bool = True
) -> Results:
    """The rows of a file, with scores and errors of a task and metric in points where all of them are fractions.

    ``fractions`` tells whether files of the kind have any.

    Raises
    ------
    RecordError
        If there is none: with the kind of the file and what was left out.
    """
    import pandas as pd

    kept = list(rows)
    said = tuple(notices)
    if not kept:
        reason = " ".join(said) or "no score of a language is in it."
        raise RecordError(f"'{name}' is {kind}, and nothing in it can be used: {reason}")
    return Results(in_points(pd.DataFrame(kept)) if fractions else pd.DataFrame(kept), said)


def in_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Shares as points, by task and metric; some tasks give F1 and exact match in points already."""
    if "std_error" not in frame.columns:
        frame = frame.assign(std_error=None)
    for _, rows in frame.groupby([frame["target_task"].fillna(""), frame["metric"].fillna("")]).groups.items():
        if frame.loc[rows, "score"].max() <= 1.0:
            for column in ("score", "std_error"):
                frame.loc[rows, column] = frame.loc[rows, column].map(
                    lambda value: value if value is None or value != value else to_points(value)
                )
    return frame


def number(value: object) -> float | None:
    """A finite number, or nothing: results hold ``null``, ``NaN`` and ``"N/A"`` where there is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def metric_name(text: str) -> str | None:
    """The metric of a key such as ``test_macro_f1``, ``eval_accuracy`` or ``acc_norm``; ``None`` if it is none here."""
    key = text.removeprefix("test_").removeprefix("eval_").removeprefix("val_")
    if key in ("acc_norm", "main_score"):
        return key
    return METRIC_WORDS.get(fold(key))


def language_of_task(name: str) -> tuple[str, str] | None:
    """Code of the language in the name of a task, and the task without it."""
    known = known_task(name)
    if known is not None:
        return known.code, known.task
    from ..harness_names import split_languages

    return split_languages({name: name.rsplit("_", 1)[-1]}).get(name)
