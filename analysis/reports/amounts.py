"""Scores of languages without data of their own against the amount and kind of other data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError
from ..core.text import Table, count, number
from ..languages.codes import resolve
from ..mixed import MixedResult, fit_mixed
from ..outcomes.build import Outcome
from ..outcomes.mixtures import CONFIGURATIONS, add_mixtures, configurations
from ..records import bundled as datasets
from .describe import value_table
from .numbers import Value

if TYPE_CHECKING:
    import pandas as pd

_STEP = "points per doubling"
#: A factor with fewer levels does not get a variance.
FEWEST = 3
#: A task with fewer rows is not fitted on its own.
FEWEST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Amounts:
    """What :func:`amount_rows` found: words, names of low-resource languages, a table of amounts, reasons."""

    words: str
    low: tuple[str, ...]
    table: Table
    dropped: tuple[tuple[str, int], ...]
    method: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """Slopes in points per doubling of examples; ``low`` is the difference of low-resource languages."""

    amount: Value
    related: Value | None
    source: Value | None
    low: Value | None
    result: MixedResult
    configurations: int
    languages: int
    table: Table


def amount_rows(outcome: Outcome, low: int) -> tuple[pd.DataFrame, Amounts]:
    """Rows with ``log_other``, ``log_related``, ``log_source``, ``configuration``, ``low`` and ``cell``.

    Rows with the make-up of their mixture bundled get it; others need ``intermediate_examples``, which is then the
    amount.

    Raises
    ------
    CrossliftError
        If neither is available, or the amount does not vary.
    """
    frame = outcome.frame
    known = set(datasets.load(CONFIGURATIONS)["config_id"])
    bundled = configurations(frame["condition"]).isin(list(known))
    dropped = list(outcome.dropped)
    if bundled.any():
        if not bundled.all():
            dropped.append(("make-up of the training mixture not known", int((~bundled).sum())))
        rows = add_mixtures(frame[bundled])
        words = (
            "The mixtures are what models were fine-tuned on for the target task itself, with no intermediate stage: "
            "the data "
            "show the effect of other languages' data, not that of an intermediate task."
        )
        method = (
            "Amounts enter as base-2 logarithms of one plus thousands of examples: in English, in other languages "
            "than English "
            "and the one scored, and in those of its family."
        )
    else:
        stated = frame["intermediate_examples"].notna() & (frame["intermediate_examples"] > 0)
        if not stated.any():
            raise CrossliftError(
                "no row states how much data was used: this report needs 'intermediate_examples', or the bundled "
                "mixtures.",
                "Add a column of that name: examples of the intermediate stage, 0 without one.",
            )
        if not stated.all():
            dropped.append(("intermediate_examples not stated, or zero", int((~stated).sum())))
        rows = frame[stated].copy()
        rows["log_other"] = np.log2(1.0 + rows["intermediate_examples"] / 1000.0)
        rows["configuration"] = rows["intermediate_task"].fillna("") + " " + rows["intermediate_examples"].astype(str)
        words = "The amount is that of the intermediate stage, as the data state it."
        method = "Amounts enter as base-2 logarithms of one plus thousands of examples of the intermediate stage."
    if rows["log_other"].nunique() < FEWEST:
        raise CrossliftError(f"the amount of data takes {rows['log_other'].nunique()} values: a slope needs more.")
    classes = {code: resolve(code).joshi_class for code in rows["language"].unique()}
    few = {code for code, held in classes.items() if held is not None and held <= low}
    rows = rows.assign(
        low=rows["language"].isin(list(few)).astype(float),
        cell=rows["language"] + ":" + rows["target_task"].fillna("") + ":" + rows["model"].fillna(""),
    ).reset_index(drop=True)
    names = tuple(sorted(resolve(code).name for code in few))
    return rows, Amounts(words, names, _amount_table(rows), tuple(dropped), method)


def by_task(rows: pd.DataFrame) -> dict[str, Kinds]:
    """:func:`kind_slopes` of each target task with enough rows."""
    return {
        str(name): kind_slopes(own, pooled=False)
        for name, own in rows.groupby("target_task", sort=True)
        if len(own) >= FEWEST_ROWS and own["log_other"].nunique() >= FEWEST and own["cell"].nunique() >= FEWEST
    }


def kind_slopes(rows: pd.DataFrame, pooled: bool = True) -> Kinds:
    """Fit scores on the amounts, with slopes that vary between cells of language, task and model, and between tasks.

    Parameters
    ----------
    rows
        As :func:`amount_rows` returns them.
    pooled
        Over tasks, with the difference of low-resource languages; else of one task.
    """
    kinds = [name for name in ("log_other", "log_related", "log_source") if name in rows and np.ptp(rows[name]) > 0.0]
    varying = [name for name in kinds if name != "log_source"]
    lows = pooled and 0.0 < float(rows["low"].mean()) < 1.0
    fixed = " + ".join(kinds) + (" + low + log_other:low" if lows else "")
    random = [f"(1 + {' + '.join(varying)}||cell)"]
    if FEWEST <= rows["configuration"].nunique() < len(rows):
        random.append("(1|configuration)")
    if pooled and rows["target_task"].nunique() >= FEWEST:
        random.append("(1 + log_other||target_task)")
    if lows and rows["language"].nunique() < rows["cell"].nunique():
        random.append("(1 + log_other||language)")
    result = fit_mixed(f"score ~ {fixed} + " + " + ".join(random), rows)
    found = {row["term"]: Value.of_row(row, _STEP) for row in result.fixed.to_dict("records")}
    basis = f"{count(len(rows))} scores, {rows['language'].nunique()} languages"
    entries = {"other languages' data": (found["log_other"], basis)}
    if lows:
        few = f"{int(rows.loc[rows['low'] == 1.0, 'language'].nunique())} low-resource languages"
        entries["low-resource languages: difference"] = (found["log_other:low"], few)
        weights = np.zeros((1, len(result.names)))
        weights[0, [result.names.index("log_other"), result.names.index("log_other:low")]] = 1.0
        entries["low-resource languages: slope"] = (
            Value.of_row(result.contrast(weights).iloc[0].to_dict(), _STEP),
            few,
        )
    return Kinds(
        found["log_other"],
        found.get("log_related"),
        found.get("log_source"),
        found.get("log_other:low"),
        result,
        int(rows["configuration"].nunique()),
        int(rows["language"].nunique()),
        value_table(entries, _STEP),
    )


def _amount_table(rows: pd.DataFrame) -> Table:
    body = []
    for name, own in rows.groupby("target_task", sort=True):
        thousands = 2.0 ** own["log_other"] - 1.0
        low, middle, high = (number(float(thousands.quantile(q)), 1) for q in (0.05, 0.5, 0.95))
        body.append((str(name), count(len(own)), str(own["configuration"].nunique()), low, middle, high))
    heads = ("task", "scores", "mixtures", "5% of scores have at most", "half", "95%")
    return Table(heads, tuple(body), "Thousands of examples in other languages than English")
