"""Rows in groups by the values of columns, as ``--by`` asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..core.errors import CrossliftError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def check_by(frame: pd.DataFrame, by: Sequence[str]) -> None:
    """Refuse a column that the rows do not have, or in which every value is missing.

    Raises
    ------
    CrossliftError
        With the nearest names.
    """
    for name in by:
        if name not in frame.columns:
            columns = [str(column) for column in frame.columns]
            raise CrossliftError(
                f"--by '{name}' is not a column of the rows.",
                did_you_mean(name, columns) or f"Columns: {', '.join(columns)}.",
            )
        if frame[name].isna().all():
            raise CrossliftError(f"--by '{name}': none of the {len(frame)} rows has a value in that column.",
                                 "'analyze validate FILE' shows which columns are filled.")  # fmt: skip


def without_group(frame: pd.DataFrame, by: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The reason and number of rows that have no value in one of the columns; empty if there is none."""
    missing = int(frame[list(by)].isna().any(axis=1).sum()) if by else 0
    return ((f"no value for --by {','.join(by)}", missing),) if missing else ()


def groups(frame: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each group by its name, with its rows renumbered; rows without a value are in no group."""
    known = frame[frame[list(by)].notna().all(axis=1)]
    for key, rows in known.groupby(list(by), sort=True, observed=True):
        yield ", ".join(str(part) for part in key), rows.reset_index(drop=True)
