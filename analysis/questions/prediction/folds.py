"""Cross-validation over languages, or over whole families."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...core.confidence import CONFIDENCE
from ...core.errors import DesignError
from .features import Features
from .methods import METHODS

if TYPE_CHECKING:
    import pandas as pd

#: Unit that is left out, and its column.
SCHEMES = {"language": "language", "family": "language_family"}
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
) -> pd.DataFrame:
    """Predict the rows of each language (family) from the rows of all others.

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
    folds = sorted(set(groups))
    if len(folds) < FEWEST_FOLDS:
        raise DesignError(
            f"the rows are in {len(folds)} {'families' if scheme == 'family' else 'languages'}: too few to leave "
            "one out.",
            f"At least {FEWEST_FOLDS} are needed.",
        )
    y = frame[outcome].to_numpy(dtype=float)
    n = len(frame)
    found = {name: np.full((n, 3), np.nan) for name in methods}
    for i, fold in enumerate(folds):
        say(i, len(folds))
        out = groups == fold
        train, test = frame[~out].reset_index(drop=True), frame[out].reset_index(drop=True)
        for name in methods:
            predicted = METHODS[name](train, test, outcome, features, seed)
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


def _widths(error: np.ndarray, groups: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    """Half-width of each row's interval: errors of the same task in other folds, or of all tasks if there are none."""
    result = np.empty(len(error))
    for group in np.unique(groups):
        inside = groups == group
        for task in np.unique(tasks[inside]):
            same = ~inside & (tasks == task)
            result[inside & (tasks == task)] = np.quantile(error[same if same.any() else ~inside], CONFIDENCE)
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
    rows = predictions.assign(
        absolute=miss.abs(), squared=miss**2, inside=inside, wide=predictions["conf_high"] - predictions["conf_low"]
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
