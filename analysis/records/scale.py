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
    """Refuse fractions beside points.

    A task and metric without any score above 1 is one of fractions, where others have points. One model's scores of a
    task in which others are above 1 may be points near zero, unless they have more decimals than the points have:
    0.663 beside 59.7, but not 0.158 beside 14.946.
    """
    keys = [column for column in SCALE if column in frame.columns and frame[column].notna().any()]
    if not keys:
        return
    stated = frame.loc[frame["score"].notna(), [*keys, "score"]].astype(dict.fromkeys(keys, "str")).fillna("")
    task = [key for key in keys if key != "model"]
    top_of_task = stated.groupby(task)["score"].transform("max") if task else stated["score"].max()
    stated = stated.assign(whole=top_of_task <= 1.0)
    fractions, points = [], []
    for key, rows in stated.groupby(keys):
        scores = rows["score"]
        label = ", ".join(str(part) for part in key if part)
        found = (label, len(scores), scores.max(), _decimals(scores), bool(rows["whole"].iloc[0]))
        if 0.0 < scores.max() <= 1.0 and _decimals(scores) > 1:
            fractions.append(found)
        elif scores.max() > 1.0:
            points.append(found)
    finest = max((decimals for *_, decimals, _ in points), default=0)
    clear = [found for found in fractions if points and (found[4] or found[3] > finest)]
    if clear:
        (small, n, largest, *_), (large, m, top, *_) = clear[0], points[0]
        raise RecordError(
            f"{name} mixes scales: '{small}' has fractions ({n} scores, largest {largest:g}), '{large}' has points "
            f"({m} scores, largest {top:g}).",
            "Multiply the fractions by 100, or put them into a file of their own: a file of fractions is converted.",
        )


def _decimals(scores: pd.Series[float]) -> int:
    """The most decimals that a score is written with."""
    return max(len(repr(float(score)).partition(".")[2].rstrip("0")) for score in scores.unique())
