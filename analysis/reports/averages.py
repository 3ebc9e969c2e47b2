"""Paired published averages over languages: what a paper without tables by language still shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..languages.codes import AVERAGE
from ..outcomes.pairing import pair_gains

if TYPE_CHECKING:
    import pandas as pd


def average_gains(records: pd.DataFrame, metric: str | None = None) -> pd.DataFrame:
    """Gains of averages over languages by study and target task; aggregates over tasks are left out.

    Returns
    -------
    frame
        ``study``, ``target_task``, ``metric``, ``score_without``, ``score_with``, ``gain``; empty if nothing pairs.
    """
    flags = records["flags"].fillna("")
    rows = records[(records["language"] == AVERAGE) & ~flags.str.contains("aggregate|translate-train")]
    rows = rows[rows["score"].notna()]
    if metric is not None:
        rows = rows[rows["metric"] == metric]
    columns = ["study", "target_task", "metric", "score_without", "score_with", "gain"]
    return pair_gains(rows).frame.reindex(columns=columns).sort_values(["target_task", "study"]).reset_index(drop=True)
