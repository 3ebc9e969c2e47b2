"""Gain against the amount of intermediate data, over either baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..compare import FEWEST
from ..describe import value_table
from ..numbers import Value
from .rows import OVER, Fits, Section, Sweep, at_depths, basis, crossed, fit_runs, left_out, means, targets_of

if TYPE_CHECKING:
    from ...mixed import MixedResult

_STEP = "points per doubling"
FEWEST_AMOUNTS = 3


def amounts(sweep: Sweep) -> tuple[Section, pd.DataFrame] | None:
    """Slopes over the amount by target and baseline, and the mean gain at each amount for a figure.

    For the intermediate task with the most amounts; ``None`` if none has ``FEWEST_AMOUNTS``. The frame has
    ``target_task``, ``baseline``, ``examples``, ``estimate``, ``low`` and ``high``.
    """
    sizes = sweep.gains["plain"].frame.groupby("intermediate_task")["intermediate_examples"].nunique().sort_index()
    task = str(sizes.idxmax())
    if sizes[task] < FEWEST_AMOUNTS:
        return None
    fits, values, entries, points = Fits(), dict[str, Value](), dict[str, tuple[Value, str]](), []
    used: dict[str, list[pd.DataFrame]] = {name: [] for name in OVER}
    for baseline, over in OVER.items():
        frame = sweep.gains[baseline].frame
        frame = frame[frame["intermediate_task"] == task]
        for target in targets_of(frame):
            rows = crossed(frame[frame["target_task"] == target], "model", "intermediate_examples")
            if rows["intermediate_examples"].nunique() < FEWEST_AMOUNTS:
                continue
            used[baseline].append(rows)
            words = f"{target}, over {over}"
            for name, (value, part) in _slopes(rows, words, fits).items():
                entries[f"{words}{name}"] = (value, basis(part))
            values[f"{target}_{baseline}"] = entries[words][0]
            at = means(rows.assign(amount=rows["intermediate_examples"].map("{:08.0f}".format)), "amount", words, fits)
            points += [
                {"target_task": target, "baseline": baseline, "examples": float(amount), "estimate": value.estimate,
                 "low": value.low, "high": value.high}
                for amount, value in at.items()
            ]  # fmt: skip
    sentences = [
        f"on {target} {{sweep_{target}_plain.estimate}} ({{sweep_{target}_plain.interval}}) over {OVER['plain']}"
        + (
            f" and {{sweep_{target}_steps.estimate}} ({{sweep_{target}_steps.interval}}) over {OVER['steps']}"
            if f"{target}_steps" in values
            else ""
        )
        for target in sorted({name.rsplit("_", 1)[0] for name in values})
    ]
    where = at_depths(sweep, used["plain"])
    words = f"A doubling of the examples of {task}{where} changes the gain, in points, " + "; ".join(sentences) + "."
    unknown = sweep.gains["plain"].frame.drop_duplicates("language")["low"].isna().sum()
    notes = left_out(sweep, used, "not every amount was run on their target at their depth", task)
    if unknown:
        notes += (
            f"{unknown} languages without a resource class are left out of differences of low-resource languages.",
        )
    table = value_table(entries, _STEP, f"Growth of the gain of {task} with its examples", notes)
    section = Section(" ".join([words, *sweep.caveats]), values, table, fits, basis(pd.concat(used["plain"])))
    return section, pd.DataFrame(points)


def _slopes(rows: pd.DataFrame, words: str, fits: Fits) -> dict[str, tuple[Value, pd.DataFrame]]:
    """The slope, and its difference for low-resource languages and for those in CC-100, if there are both kinds."""
    depths = rows["model"].nunique()
    models, cells = (" + model" if depths > 1 else ""), 1 + depths
    result, once = fit_runs(rows, f"doublings{models}", cells, differs="doublings")
    fits.add(result, f"Slope on {words}", once)
    found = {"": (_term(result, "doublings"), rows)}
    for column, label in (
        ("low", ": low-resource languages, difference"),
        ("seen", ": languages in CC-100, difference"),
    ):
        part = rows.dropna(subset=[column])
        kinds = part.groupby(column)["language"].nunique()
        if len(kinds) < 2 or kinds.min() < FEWEST:
            continue
        result, once = fit_runs(part, f"doublings*{column}{models}", cells, differs="doublings", kind=column)
        fits.add(result, f"Slope on {words}{label}", once)
        found[label] = (_term(result, f"doublings:{column}"), part[part[column] == 1.0])
    return found


def _term(result: MixedResult, name: str) -> Value:
    weights = np.zeros((1, len(result.names)))
    weights[0, result.names.index(name)] = 1.0
    return Value.of_row(result.contrast(weights).iloc[0].to_dict(), _STEP)
