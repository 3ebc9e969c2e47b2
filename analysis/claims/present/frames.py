"""Verdicts as tidy tables, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..documents.calibration import calibration
from ..language.check import TableClaim
from ..verdicts import Outcome, Reading

if TYPE_CHECKING:
    import pandas as pd


def verdicts_frame(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per claim of the registry.

    Columns ``claim``, ``statement``, ``kind``, ``value``, ``unit``, ``verdict``, ``recomputed``, ``reason`` and
    ``rows`` (of documents that state it).
    """
    import pandas as pd

    columns = ["claim", "statement", "kind", "value", "unit", "verdict", "recomputed", "reason", "rows"]
    rows = [
        (
            item.claim.id,
            item.claim.statement,
            item.claim.kind,
            item.claim.value,
            item.claim.unit,
            item.verdict,
            item.check.recomputed,
            item.reason,
            len(item.claim.stated),
        )
        for item in outcomes
    ]
    return pd.DataFrame(rows, columns=columns)


def table_claims_frame(items: Sequence[TableClaim]) -> pd.DataFrame:
    """One row per claim about a table: ``claim``, ``verdict``, ``claimed``, ``recomputed`` and ``reason``."""
    import pandas as pd

    columns = ["claim", "verdict", "claimed", "recomputed", "reason"]
    return pd.DataFrame([[getattr(item, name) for name in columns] for item in items], columns=columns)


def readings_frame(items: Sequence[Outcome] | Sequence[TableClaim]) -> pd.DataFrame:
    """One row per reading: ``claim``, ``reading``, ``status``, ``low``, ``high`` and ``needs``.

    The ends are NaN where nothing is recomputed.
    """
    import pandas as pd

    rows = [
        (name, reading.name, reading.status, *_ends(reading), reading.needs)
        for item in items
        for name, readings in [_named(item)]
        for reading in readings
    ]
    return pd.DataFrame(rows, columns=["claim", "reading", "status", "low", "high", "needs"])


def calibration_frame(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per verdict: ``rows``, ``verified``, and mean and range of the confidences of the documents' rows."""
    from dataclasses import asdict

    import pandas as pd

    return pd.DataFrame([asdict(item) for item in calibration(outcomes)])


def _named(item: Outcome | TableClaim) -> tuple[str, Sequence[Reading]]:
    return (item.claim, item.readings) if isinstance(item, TableClaim) else (item.claim.id, item.check.readings)


def _ends(reading: Reading) -> tuple[float, float]:
    found = reading.recomputed
    return (float("nan"), float("nan")) if found is None else (float(found.low), float(found.high))
