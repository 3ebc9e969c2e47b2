"""Cross-validation over languages, or over whole families."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Booleans, Integers
from ...core.confidence import CONFIDENCE
from ...core.errors import DesignError
from ...core.parallel import run_tasks
from .features import Features
from .methods import METHODS, MixedFolds, Predicted

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed import MixedResult

#: Unit that is left out, and its column.
SCHEMES = {"language": "language", "family": "language_family"}
PLURAL = {"language": "languages", "family": "families"}
MIXED = "mixed model"
#: Rows times folds up to which each language (family) is left out alone, and sets of them beyond.
FULL, PARTS = 2_000_000, 10
#: Fewest languages or families for an evaluation.
FEWEST_FOLDS = 3


def cross_validate(
    frame: pd.DataFrame,
    outcome: str,
    features: Features,
    scheme: str,
    seed: int = 1,
    methods: Sequence[str] = tuple(METHODS),
    say: Callable[[int, int], None] = lambda done, total: None,
    whole: MixedResult | None = None,
) -> pd.DataFrame:
    """Predict the rows of each language (family) from the rows of all others.

    Tables of many rows and many languages are left out in :func:`parts` of several languages each.

    ``whole`` is the mixed model of all rows, if it has been fitted.

    A method without its own limits gets the 95% quantile of its absolute errors on the same task in the other folds, so
    no fold enters its own interval.

    Returns
    -------
    DataFrame
        One row per method and row of ``frame``: ``scheme``, ``method``, ``row``, ``fold``, ``target_task``,
        ``observed``, ``predicted``, ``conf_low``, ``conf_high``.

    Raises
    ------
    DesignError
        If there are fewer than three folds.
    """
    import pandas as pd

    groups = frame[SCHEMES[scheme]].astype(str).to_numpy()
    if len(set(groups)) < FEWEST_FOLDS:
        raise DesignError(
            f"the rows are in {len(set(groups))} {PLURAL[scheme]}: too few to leave one out.",
            f"At least {FEWEST_FOLDS} are needed.",
        )
    part = parts(groups)
    y = frame[outcome].to_numpy(dtype=float)
    n = len(frame)
    mixed = MixedFolds(frame, outcome, features, whole) if MIXED in methods else None
    fold = Fold(frame, outcome, features, seed, tuple(methods), mixed)
    found = {name: np.full((n, 3), np.nan) for name in methods}
    left_out = [part == i for i in range(part.max() + 1)]
    for out, predictions in zip(left_out, run_tasks(fold, left_out, say), strict=True):
        for name, predicted in zip(methods, predictions, strict=True):
            found[name][out, 0] = predicted.estimate
            if predicted.conf_low is not None and predicted.conf_high is not None:
                found[name][out, 1], found[name][out, 2] = predicted.conf_low, predicted.conf_high
    tasks = frame["target_task"].astype(str).to_numpy()
    tables = []
    for name in methods:
        own = found[name]
        if np.isnan(own[:, 1]).all():
            half = _widths(np.abs(own[:, 0] - y), groups, tasks)
            own[:, 1], own[:, 2] = own[:, 0] - half, own[:, 0] + half
        tables.append(
            pd.DataFrame(
                {"scheme": scheme, "method": name, "row": np.arange(n), "fold": groups, "target_task": tasks,
                 "observed": y, "predicted": own[:, 0], "conf_low": own[:, 1], "conf_high": own[:, 2]}
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True, slots=True)
class Fold:
    """Every method's predictions of some rows from the others."""

    frame: pd.DataFrame
    outcome: str
    features: Features
    seed: int
    methods: tuple[str, ...]
    mixed: MixedFolds | None

    def __call__(self, out: Booleans) -> list[Predicted]:
        """Predictions of the rows ``out``, one for each method."""
        train, test = self.frame[~out].reset_index(drop=True), self.frame[out].reset_index(drop=True)
        found = []
        for name in self.methods:
            if name == MIXED and self.mixed is not None:
                found.append(self.mixed.predict(out, train, test, self.seed))
            else:
                found.append(METHODS[name](train, test, self.outcome, self.features, self.seed))
        return found


def parts(groups: np.ndarray) -> Integers:
    """The part of each row: its language (family), or one of ``PARTS`` sets of them where that is too many fits.

    Sets have about equally many rows: the largest language goes first, each into the smallest set so far.
    """
    names, codes, rows = np.unique(groups, return_inverse=True, return_counts=True)
    if len(groups) * len(names) <= FULL or len(names) <= PARTS:
        return np.asarray(codes, dtype=np.intp)
    part, filled = np.empty(len(names), dtype=np.intp), np.zeros(PARTS)
    for i in np.argsort(-rows, kind="stable"):
        part[i] = filled.argmin()
        filled[part[i]] += rows[i]
    return part[codes]


def in_parts(frame: pd.DataFrame, scheme: str) -> str:
    """What to say of an evaluation that leaves out several languages (families) at a time; empty otherwise."""
    groups = frame[SCHEMES[scheme]].astype(str).to_numpy()
    units, count = len(set(groups)), int(parts(groups).max()) + 1
    if count == units:
        return ""
    return (
        f"{units} {PLURAL[scheme]} are left out in {count} sets of about equally many rows: one at a time, every "
        f"method would be fitted {units} times to {len(frame):,} rows."
    )


def _widths(error: np.ndarray, groups: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    """Half-width of each row's interval: errors of the same task in other folds, or of all tasks if there are none."""
    result = np.empty(len(error))
    _, group = np.unique(groups, return_inverse=True)
    for task in np.unique(tasks):
        rows = np.flatnonzero(tasks == task)
        own, of = error[rows], group[rows]
        for code in np.unique(of):
            others = own[of != code]
            result[rows[of == code]] = np.quantile(others if len(others) else error[group != code], CONFIDENCE)
    return result


def errors(predictions: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Errors of each scheme and method (and task, for ``by=("target_task",)``).

    Returns
    -------
    DataFrame
        ``scheme``, ``method``, the columns of ``by``, ``rows``, ``folds``, ``mae``, ``mae_fold`` (mean over folds of
        their mean absolute errors, so that a language counts once), ``rmse``, ``coverage``, ``width`` (mean, points).
    """
    miss = predictions["predicted"] - predictions["observed"]
    inside = predictions["observed"].between(predictions["conf_low"], predictions["conf_high"])
    covered = inside.astype(float).where(predictions["conf_low"].notna())  # a method may have no limits
    rows = predictions.assign(
        absolute=miss.abs(), squared=miss**2, inside=covered, wide=predictions["conf_high"] - predictions["conf_low"]
    )
    keys = ["scheme", *by, "method"]
    table = rows.groupby(keys, sort=False).agg(
        rows=("absolute", "size"), folds=("fold", "nunique"), mae=("absolute", "mean"), rmse=("squared", "mean"),
        coverage=("inside", "mean"), width=("wide", "mean"),
    )  # fmt: skip
    table["rmse"] = np.sqrt(table["rmse"])
    by_fold = rows.groupby([*keys, "fold"], sort=False)["absolute"].mean()
    table.insert(3, "mae_fold", by_fold.groupby(keys, sort=False).mean())
    return table.reset_index()
