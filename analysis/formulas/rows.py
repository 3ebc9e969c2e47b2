"""Choose rows by a condition, such as ``target_task == 'xnli' and typology < 0.6``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.arrays import Booleans
from ..core.errors import did_you_mean
from .evaluate import Evaluation, holds
from .parser import parse_expression

if TYPE_CHECKING:
    import pandas as pd


def rows_where(
    frame: pd.DataFrame, condition: str, literal: Callable[[str, str], str] | None = None
) -> tuple[Booleans, tuple[str, ...]]:
    """Rows of ``frame`` for which ``condition`` holds, shape ``(n,)``, and warnings about the condition.

    A missing value equals nothing, is in no list and is neither smaller nor larger than anything: ``x == 1`` leaves its
    row out, ``x != 1`` and ``not x == 1`` keep it. ``isna(x)`` and ``notna(x)`` test for it. ``literal`` gives what a
    text that a column is compared with stands for, by column and text.

    Raises
    ------
    FormulaError
        If the condition cannot be read, names an unknown column, or calls an unknown function.
    """
    columns = {str(name): frame[name] for name in frame.columns}
    evaluation = Evaluation(columns, len(frame), condition, literal=literal)
    kept = holds(evaluation.value(parse_expression(condition)), len(frame), condition)
    return kept, tuple(
        f"no row has '{text}' in '{column}'. {did_you_mean(text, known)}".strip()
        for column, text, known in dict.fromkeys(evaluation.unseen)
    )
