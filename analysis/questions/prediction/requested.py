"""Rows of a file to predict, such as the test rows of a shared task, and how well each method predicts those scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.confidence import CONFIDENCE
from ...core.errors import CrossliftError, RecordError
from ...outcomes.build import Options, build_outcome
from ...records.read import Source, read_inputs
from .cells import KEYS
from .features import Features, add_columns
from .methods import METHODS, Predicted

if TYPE_CHECKING:
    import pandas as pd

#: Name of these rows where schemes of cross-validation are told apart.
REQUESTED = "rows to predict"
#: Column with the number of the row in the file, from 1.
ROW = "row"


@dataclass(frozen=True, slots=True)
class Requested:
    """Rows to predict.

    Attributes
    ----------
    source
        The file.
    rows
        Rows with every feature: those whose outcome the file states (``observed``), then the others; ``row`` is their
        number in the file.
    dropped, notices
        Rows of the file that are left out, with reasons, and what was converted on the way.
    """

    source: Source
    rows: pd.DataFrame
    dropped: tuple[tuple[str, int], ...]
    notices: tuple[str, ...]


def read_rows(name: str | pd.DataFrame, mapping: Mapping[str, str], options: Options, features: Features) -> Requested:
    """Read rows to predict: a table as ``--data`` takes, with or without scores.

    Raises
    ------
    CrossliftError
        If the file cannot be used, or has no row to predict.
    """
    import pandas as pd

    read = read_inputs((name,), mapping, scored=False)
    records = read.records.assign(**{ROW: np.arange(1, len(read.records) + 1)})
    stated = records["score"].notna()
    if options.outcome == "gain":
        stated |= records["gain"].notna()
        # A baseline without its gain is part of no row to predict.
        records = records[stated | (records["method"] != "baseline")]
        stated = stated[records.index]
    tables, dropped, notices = [], [], list(read.notices)
    for own, asked in ((records[stated], options), (_blank(records[~stated]), replace(options, outcome="score"))):
        if len(own) == 0:
            continue
        try:
            built = build_outcome(own.reset_index(drop=True), asked)
        except RecordError:
            raise
        except CrossliftError as error:  # none of these rows is one of the outcome
            dropped.append((error.message, len(own)))
            continue
        observed = built.frame[asked.outcome] if asked is options else np.nan
        tables.append(built.frame.assign(observed=observed))
        dropped += built.dropped
        notices += built.notices
    if not tables:
        raise CrossliftError("the rows to predict have none of the outcome.",
                             f"Left out: {'; '.join(f'{reason}: {rows}' for reason, rows in dropped)}.")  # fmt: skip
    rows = add_columns(pd.concat(tables, ignore_index=True))
    for name_ in features.numeric:
        if name_ not in rows.columns:
            rows[name_] = np.nan
    rows = rows.assign(**{key: rows[key].astype("str").fillna("") for key in KEYS}, rows=rows["observed"].notna() * 1)
    return Requested(read.sources[0], rows, tuple(dropped), tuple(dict.fromkeys(notices)))


def _blank(records: pd.DataFrame) -> pd.DataFrame:
    """Rows without an outcome, with a score that stands for what is not known."""
    return records.assign(score=0.0)


def score_methods(
    requested: Requested,
    cells: pd.DataFrame,
    frame: pd.DataFrame,
    outcome: str,
    features: Features,
    folds: pd.DataFrame,
    seed: int,
) -> pd.DataFrame:
    """Predictions of every method for the rows with an outcome, in the form of those out of fold.

    Parameters
    ----------
    requested, cells
        Rows to predict, and the mixed model's predictions of them.
    frame, outcome, features
        The rows that are predicted from.
    folds
        Predictions out of fold; errors on the same task there give the intervals of methods that have none, which are
        missing without them.
    seed
        For gradient boosting.
    """
    import pandas as pd

    known = requested.rows["observed"].notna().to_numpy()
    rows = requested.rows[known].reset_index(drop=True)
    tables = []
    for name, method in METHODS.items() if known.any() else ():
        if name == "mixed model":
            own = cells[known]
            found = Predicted(*(own[limit].to_numpy() for limit in ("estimate", "conf_low", "conf_high")))
        else:
            estimate = method(frame, rows, outcome, features, seed).estimate
            half = _half_widths(folds, name, rows["target_task"])
            found = Predicted(estimate, estimate - half, estimate + half)
        tables.append(
            pd.DataFrame(
                {"scheme": REQUESTED, "method": name, "row": rows[ROW], "fold": rows["language"],
                 "target_task": rows["target_task"], "observed": rows["observed"], "predicted": found.estimate,
                 "conf_low": found.conf_low, "conf_high": found.conf_high}
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _half_widths(folds: pd.DataFrame, method: str, tasks: pd.Series[str]) -> np.ndarray:
    """The 95% quantile of a method's errors out of fold on each row's task, or on all if it has none there."""
    if len(folds) == 0:
        return np.full(len(tasks), np.nan)
    own = folds[(folds["method"] == method) & (folds["scheme"] == folds["scheme"].iloc[0])]
    error = (own["predicted"] - own["observed"]).abs()
    by_task = error.groupby(own["target_task"]).quantile(CONFIDENCE)
    return tasks.map(by_task).fillna(float(error.quantile(CONFIDENCE))).to_numpy(dtype=float)
