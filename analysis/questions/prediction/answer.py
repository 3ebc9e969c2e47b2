"""The prediction as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.text import count, number

if TYPE_CHECKING:
    import pandas as pd

#: Columns that name a cell, each with the words before its value.
_NAMES = {"language": "in", "target_task": "on", "model": "with", "intermediate_task": "after"}


def cell_sentence(cells: pd.DataFrame, outcome: str) -> str:
    """What is predicted for the cells: one with its interval, several by their range."""
    if not len(cells):
        return f"No {outcome} is left to predict."
    where = _where(cells)
    if len(cells) == 1:
        row: Any = cells.iloc[0]
        return (
            f"Predicted {outcome}{where}: {number(row['estimate'], 1)} points (95% interval of one new outcome "
            f"{number(row['conf_low'], 1)} to {number(row['conf_high'], 1)})."
        )
    low, high = cells["estimate"].min(), cells["estimate"].max()
    return (
        f"Predicted {outcome}{where}: {number(low, 1)} to {number(high, 1)} points over {count(len(cells))} cells "
        f"(95% intervals of one new outcome from {number(cells['conf_low'].min(), 1)} to "
        f"{number(cells['conf_high'].max(), 1)})."
    )


def _where(cells: pd.DataFrame) -> str:
    """What all cells share."""
    parts = []
    for name, word in _NAMES.items():
        values = cells[name].dropna().unique()
        if len(values) == 1 and str(values[0]) not in ("", "none"):
            parts.append(f" {word} {_language(str(values[0])) if name == 'language' else values[0]}")
    return "".join(parts)


def _language(code: str) -> str:
    from ...languages.codes import resolve

    return resolve(code).name
