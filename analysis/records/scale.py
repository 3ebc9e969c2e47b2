"""Scores in points: fractions are multiplied by 100, where nothing else than fractions can be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import RecordError
from .cells import to_points

if TYPE_CHECKING:
    import pandas as pd

#: What scores of one scale share.
SCALE = ("study", "target_task", "model", "metric")


def in_points(frame: pd.DataFrame, name: str, percent: bool) -> tuple[pd.DataFrame, list[str]]:
    """Scores and their standard errors in points.

    A table whose scores never exceed 1 is one of fractions. Where some tasks, models or metrics have fractions and
    others points, nothing is converted and nothing is pooled.

    Parameters
    ----------
    frame
        With numbers in ``score``, if it has that column.
    name
        Of the table.
    percent
        Whether the cells had percent signs.

    Raises
    ------
    RecordError
        If scales are mixed, with one group of each named.
    """
    score = frame["score"]
    top = score.max()
    if percent or not top > 0.0:
        return frame, []
    if top > 1.0:
        _refuse_mixed(frame, name)
        return frame, []
    notices = [f"scores are fractions (largest {top:g}): multiplied by 100 to make points"]
    changed = frame.assign(score=score.map(to_points, na_action="ignore"))
    for column in ("std_error", "gain"):
        if column in frame.columns and frame[column].notna().any() and frame[column].abs().max() <= 1.0:
            changed[column] = frame[column].map(to_points, na_action="ignore")
            notices.append(f"so is '{column}' (largest {frame[column].abs().max():g})")
    return changed, ["; ".join(notices)]


def _refuse_mixed(frame: pd.DataFrame, name: str) -> None:
    keys = [column for column in SCALE if column in frame.columns and frame[column].notna().any()]
    if not keys:
        return
    groups = frame.loc[frame["score"].notna()].groupby([frame[key].astype("str").fillna("") for key in keys])["score"]
    fractions, points = [], []
    for key, scores in groups:
        label = ", ".join(str(part) for part in key if part) if isinstance(key, tuple) else str(key)
        if 0.0 < scores.max() <= 1.0 and (scores.round(1) != scores).any():
            fractions.append((label, len(scores), scores.max()))
        elif scores.max() > 1.0:
            points.append((label, len(scores), scores.max()))
    if fractions and points:
        (small, n, largest), (large, m, top) = fractions[0], points[0]
        raise RecordError(
            f"{name} mixes scales: '{small}' has fractions ({n} scores, largest {largest:g}), '{large}' has points "
            f"({m} scores, largest {top:g}).",
            "Multiply the fractions by 100, or put them into a file of their own: a file of fractions is converted.",
        )
