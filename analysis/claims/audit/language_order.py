"""Rows whose languages do not go up and down as those of every other model do: columns in another order, perhaps.

Models differ in level, but what is hard for one is hard for the others: centred scores over languages correlate highly
between models on the same task and metric. A row of which that is not true may have its languages in another order than
the header says. An average cannot show this, as it does not depend on the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...languages.codes import AVERAGE
from .printed_tables import Block, bundled_blocks

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: Fewer rows or languages show no common profile.
FEWEST_ROWS, FEWEST_LANGUAGES = 6, 6
#: A row is suspect if less than this share of its variance over languages is shared with the others, …
LEAST_SHARED = 0.6
#: … where this share of the other rows has this much in common with the rest.
MOST, SHARED = 0.75, 0.85
_ROW = ("study", "source", "model", "method", "intermediate_task", "split", "condition", "seed")


@dataclass(frozen=True, slots=True)
class Profile:
    """One suspect row.

    Attributes
    ----------
    data, lines
        Where it is printed.
    model, target_task, metric
        Of what.
    languages
        How many languages it is compared in.
    correlation
        With the median of the other rows.
    others, rows
        Median of that correlation over the other rows, and their number.
    """

    data: str
    lines: tuple[int, ...]
    model: str
    target_task: str
    metric: str
    languages: int
    correlation: float
    others: float
    rows: int

    def text(self) -> str:
        """One line for a reader."""
        return (
            f"{' '.join(filter(None, (self.model, self.target_task, self.metric)))}, {self.data}, lines "
            f"{min(self.lines)}–{max(self.lines)}: over {self.languages} languages its correlation with {self.rows} "
            f"other rows is {self.correlation:.2f}, theirs {self.others:.2f}"
        )


def check_profiles(blocks: Iterable[Block] | None = None, others: Iterable[Block] = ()) -> tuple[Profile, ...]:
    """Compare the rows of some tables by language; of the bundled ones if none are given.

    ``others`` are compared with, not reported.

    Rows are compared within a task, metric, split and method. Each is correlated with the median of the others (over
    the languages that it has). Suspect is one that shares less than ``LEAST_SHARED`` of its variance with it, where
    ``MOST`` of the other rows share at least ``SHARED`` of theirs: where rows differ anyway, none stands out.
    """
    import pandas as pd

    checked = tuple(bundled_blocks() if blocks is None else blocks)
    parts = [
        block.frame[block.frame["language"] != AVERAGE].assign(data=block.name, checked=block in checked)
        for block in (*checked, *others)
    ]
    if not parts:
        return ()
    frame = pd.concat(parts, ignore_index=True)
    frame["row"] = _join(frame, ("data", *_ROW))
    groups = frame.groupby([frame[name].fillna("") for name in ("target_task", "metric", "split", "method")])
    return tuple(found for _, group in groups for found in _suspects(group))


def _suspects(group: pd.DataFrame) -> Iterator[Profile]:
    import numpy as np

    sizes = group.groupby("row")["language"].transform("nunique")
    group = group[sizes >= FEWEST_LANGUAGES]
    if group["row"].nunique() < FEWEST_ROWS:
        return
    wide = group.pivot_table(index="row", columns="language", values="score", aggfunc="first")
    scores = wide.to_numpy(dtype=float)
    correlations = np.array([_with_others(scores, i) for i in range(len(scores))])
    known = np.isfinite(correlations)
    names = list(wide.index)
    reported = set(group.loc[group["checked"], "row"])
    checked = np.array([name in reported for name in names])
    for i in np.flatnonzero(known & checked & (correlations < np.sqrt(LEAST_SHARED))):
        rest = correlations[known & (np.arange(len(correlations)) != i)]
        if len(rest) >= FEWEST_ROWS - 1 and (rest >= np.sqrt(SHARED)).mean() >= MOST:
            own = group[group["row"] == names[i]]
            first = own.iloc[0]
            yield Profile(
                data=str(first["data"]),
                lines=tuple(int(line) for line in own["line"]),
                model=str(first["model"]),
                target_task=str(first["target_task"]),
                metric=first["metric"] if isinstance(first["metric"], str) else "",
                languages=int(own["language"].nunique()),
                correlation=float(correlations[i]),
                others=float(np.median(rest)),
                rows=len(rest),
            )


def _with_others(scores: NDArray[np.float64], i: int) -> float:
    """Correlation of a row with the median of the other rows, each centred over the languages of this one."""
    import numpy as np

    own = ~np.isnan(scores[i])
    others = np.delete(scores, i, axis=0)[:, own]
    others = others[~np.isnan(others).any(axis=1)]
    if len(others) < FEWEST_ROWS - 1:
        return float("nan")
    profile = np.median(others - others.mean(axis=1, keepdims=True), axis=0)
    row = scores[i][own]
    if row.std() == 0 or profile.std() == 0:
        return float("nan")
    return float(np.corrcoef(row, profile)[0, 1])


def _join(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    parts = [frame[column].astype("str").fillna("") for column in columns]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + "\x1f" + part
    return joined
