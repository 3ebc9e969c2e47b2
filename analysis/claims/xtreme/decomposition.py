"""The average gain task by task: what is printed, what the tasks that are not must have given, and what is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ..numbers.intervals import Interval, mean
from ..registry import Claim, registry
from .partial_averages import Tables, bundled_tables, summed
from .printed_scores import PRINTED, TASKS

if TYPE_CHECKING:
    import pandas as pd

PRINTED_KIND, REQUIRED_KIND, MEAN_KIND = "printed", "required", "mean of printed tasks"


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Data of the figure.

    Attributes
    ----------
    frame
        Columns ``task`` (as printed), ``kind`` (``printed``, ``required`` or ``mean of printed tasks``),
        ``publication``, ``low``, ``high`` (gain in points). Required ranges are for
        each missing task if all gain alike.
    claimed
        What the claimed average can have been before it was rounded.
    caption
        What the figure rests on.
    """

    frame: pd.DataFrame
    claimed: Interval
    caption: str


def decompose(claim: Claim | None = None, tables: Tables | None = None, metric: str = "mean") -> Decomposition:
    """Take an average gain over XTREME's nine tasks apart.

    ``metric`` is that of question answering: ``mean`` (of F1 and EM), ``f1`` or ``em``; a publication that prints only
    F1 is shown by F1. Required ranges are those of the first publication.

    Raises
    ------
    ValueError
        If no gain is printed.
    """
    import pandas as pd

    claim = claim or registry().claims["average-gain"]
    tables = tables or bundled_tables()
    main = summed(tables.first, tables, metric, False)
    if not main.gains:
        raise ValueError("no gain is printed")
    rows: list[tuple[str, str, str, float, float]] = []
    publications = []
    for cells, own in ((tables.first, metric), (tables.second, "f1")):
        gains = {task: gain for task in TASKS if (gain := cells.gain(task, own)) is not None}
        publications += [f"{cells.publication} ({_WORDS[own]})"] if gains else []
        rows += [_row(PRINTED[task], PRINTED_KIND, cells.publication, gain) for task, gain in gains.items()]
    if main.missing:
        each = main.needed(claim.interval).times(Fraction(1, len(main.missing)))
        rows += [_row(PRINTED[task], REQUIRED_KIND, tables.first.publication, each) for task in main.missing]
    average = mean(list(main.gains.values()))
    rows.append(_row("mean", MEAN_KIND, tables.first.publication, average))
    frame = pd.DataFrame(rows, columns=["task", "kind", "publication", "low", "high"])
    missing = " and ".join(PRINTED[task] for task in main.missing)
    lines = [
        "XLM-R Large on XTREME's test data, with the best intermediate task for each target task.",
        f"{'; '.join(publications)}.",
        "A bar is as wide as rounding leaves its gain.",
    ]
    if main.missing:
        missing = " and ".join(PRINTED[task] for task in main.missing)
        lines[-1] += f" {missing}, if alike, must each have gained so much for a mean of {claim.value:g}."
    return Decomposition(frame, claim.interval, "\n".join(lines))


_WORDS = {"mean": "question answering by the mean of F1 and EM", "f1": "by F1", "em": "by EM"}


def _row(task: str, kind: str, publication: str, gain: Interval) -> tuple[str, str, str, float, float]:
    return task, kind, publication, float(gain.low), float(gain.high)
