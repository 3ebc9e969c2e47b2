"""The rows that can be pooled: those with a sampling variance, their covariance, and their groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...core.errors import CrossliftError, unknown_name
from ...outcomes.pairing import covariance
from .groups import stated

if TYPE_CHECKING:
    import pandas as pd

    from ...outcomes.build import Outcome

#: Default groups of the forest plot: tasks, with their languages.
BY = ("target_task", "language")
#: Groups within groups that are pooled without being asked for, each by a model of its own.
MANY = 1000


def with_variance(
    outcome: Outcome,
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    """Rows with a known sampling variance; the others are counted by reason."""
    frame, name = outcome.frame, outcome.options.outcome
    variance = frame["variance"].astype(float) if "variance" in frame.columns else frame[name] * float("nan")
    source = frame["variance_source"] if "variance_source" in frame.columns else variance.astype("str")
    source = source.where(variance.notna(), "unknown")
    dropped = list(outcome.dropped)
    unknown, zero = variance.isna().to_numpy(), (variance <= 0).to_numpy()
    if unknown.any():
        dropped.append((f"{name} without a known sampling variance (no std_error, no n_items of a share, one seed)",
                        int(unknown.sum())))  # fmt: skip
    if zero.any():
        dropped.append((f"{name} with a sampling variance of zero", int(zero.sum())))
    counts = tuple((str(key), int(rows)) for key, rows in source.value_counts().sort_index().items())
    kept = frame[~unknown & ~zero].reset_index(drop=True)
    if len(kept) == 0:
        unsaid = frame["n_items"].notna().any() and frame["metric"].isna().all()
        raise CrossliftError(
            f"none of {len(frame)} {name}s has a known sampling variance.",
            "They have n_items, and no metric: --set metric=acc says that the scores are accuracies."
            if unsaid
            else "Add a column std_error or n_items, or several seeds; 'analyze fit' needs none.",
        )
    return kept, tuple(dropped), counts


def sampling_covariance(rows: pd.DataFrame) -> Any:
    """Sampling covariance of the rows, sparse; effects that share a score share its error."""
    return covariance(rows).tocsr()


def check_column(rows: pd.DataFrame, option: str, name: str, several: bool) -> None:
    """Refuse a name that is not a column of the rows; with ``several``, also a column with one level."""
    if name not in rows.columns:
        raise unknown_name(f"column of {option}", name, [str(column) for column in rows.columns])
    if several and rows[name].nunique() < 2:
        raise CrossliftError(f"'{name}' has {rows[name].nunique()} level among the {len(rows)} effects.")


def ungrouped(rows: pd.DataFrame, by: Sequence[str], outcome: str) -> list[str]:
    """Rows without a group, by the column in which the value is missing."""
    missing = {name: int((~stated(rows, [name])[name]).sum()) for name in by}
    return [
        f"{count} of {len(rows)} {outcome}s have no '{name}': they are in the pooled {outcome}, but not in any group."
        for name, count in missing.items()
        if count
    ]


def grouping(rows: pd.DataFrame, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns to group by: those requested, else tasks and languages if they have several levels.

    Languages within tasks are left out where that would be more than ``MANY`` groups.
    """
    if asked is not None:
        return asked
    found = tuple(name for name in BY if rows[name].nunique(dropna=True) >= 2)
    return found[:1] if len(found) > 1 and rows.groupby(list(found)).ngroups > MANY else found


def inner_groups(rows: pd.DataFrame, asked: tuple[str, ...] | None) -> list[str]:
    """What to say where languages within tasks are left out."""
    by = grouping(rows, asked)
    found = tuple(name for name in BY if rows[name].nunique(dropna=True) >= 2)
    if asked is not None or by == found:
        return []
    count = rows.groupby(list(found)).ngroups
    return [f"{count:,} groups of {' and '.join(BY)} are not pooled one by one: --by {','.join(BY)} does it."]
