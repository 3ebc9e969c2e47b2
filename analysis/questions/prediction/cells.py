"""Cells to predict: those requested, or every combination of language, task and model without a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError, unknown_name
from ...languages.codes import AVERAGE, resolve
from ...outcomes.axes import find_axis
from ...outcomes.build import Options
from ...outcomes.covariates import add_factors
from .features import NUMERIC, Features

if TYPE_CHECKING:
    import pandas as pd

#: Features of a language and of a model; all others describe the training of a task.
OF_LANGUAGE, OF_MODEL = ("typology", "log_corpus"), ("log_params",)
KEYS = ("language", "target_task", "model", "intermediate_task")


def cells(
    frame: pd.DataFrame,
    outcome: str,
    features: Features,
    options: Options,
    languages: Sequence[str] = (),
    tasks: Sequence[str] = (),
    models: Sequence[str] = (),
    sizes: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per cell, with every feature and the mean of its rows if it was observed (``observed``).

    A dimension that is not requested takes all its values; if nothing is requested, only cells without rows are
    returned. A size means a new model with that many parameters. A moderator that is constant by language or by model
    takes that value; features of a task's training take the median of the rows of the same task and model, else of the
    task, else of all.

    Raises
    ------
    UnknownNameError
        If a task or model is not among the rows, or a language has no code.
    CrossliftError
        If a model and a size are both given, or no cell is left.
    """
    import pandas as pd

    if models and sizes:
        raise CrossliftError("--model names a model that was run, --size a new one of that size.", "Give one of them.")
    if sizes and "log_params" not in features.numeric:
        raise CrossliftError("these rows have no model sizes (or only one), so predictions by size are impossible.",
                             "Leave --size out, or add params_m.")  # fmt: skip
    asked = bool(languages or tasks or models or sizes)
    known = frame["language"][frame["language"] != AVERAGE].unique()
    axis = find_axis("size")
    new = {f"a new {axis.label(z)} model": z for z in (axis.parse(text) for text in sizes)}
    choices = {
        "language": [resolve(code).iso for code in languages] or sorted(known),
        "target_task": [_among(frame, "target_task", name) for name in tasks] or _levels(frame, "target_task"),
        "model": list(new) or [_among(frame, "model", name) for name in models] or _levels(frame, "model"),
        "intermediate_task": _levels(frame, "intermediate_task"),
    }
    rows = pd.MultiIndex.from_product(list(choices.values()), names=list(choices)).to_frame(index=False)
    trained = frame.groupby(["model", "intermediate_task"], dropna=False).ngroups
    if not new and trained:  # a model keeps the intermediate tasks it was run with
        pairs = frame[["model", "intermediate_task"]].astype("str").fillna("").drop_duplicates()
        rows = rows.merge(pairs, on=["model", "intermediate_task"])
    seen = frame.assign(**{name: frame[name].astype("str").fillna("") for name in KEYS})
    observed = seen.groupby(list(KEYS))[outcome].agg(observed="mean", rows="size").reset_index()
    rows = rows.merge(observed, on=list(KEYS), how="left").fillna({"rows": 0})
    if not asked:
        rows = rows[rows["rows"] == 0]
    if len(rows) == 0:
        raise CrossliftError("every language, task and model has been run together: every cell is observed.",
                             "Name one: --language CODE, --size 13B.")  # fmt: skip
    return _filled(rows.reset_index(drop=True), seen, features, options, new)


def _filled(
    rows: pd.DataFrame, seen: pd.DataFrame, features: Features, options: Options, new: dict[str, float]
) -> pd.DataFrame:
    """The features of each cell."""
    import pandas as pd

    by_model = seen.drop_duplicates("model").set_index("model")
    rows["params_m"] = rows["model"].map(by_model["params_m"]).astype(float)
    rows["family"] = rows["model"].map(by_model["family"])
    for name, z in new.items():
        rows.loc[rows["model"] == name, "params_m"] = 1000.0 * 2.0**z
    rows = add_factors(rows, options.source, options.measure, options.recipe, options.corpus, options.source_data)
    for name in features.numeric:
        if name in (*OF_LANGUAGE, *OF_MODEL):
            continue
        owner = _owner(seen, name)
        if owner is not None:
            value = rows[owner].map(seen.groupby(owner)[name].median()).astype(float)
            if name not in NUMERIC:  # a user's own column cannot be guessed for another language
                rows[name] = value
                continue
        else:
            value = pd.Series(np.nan, index=rows.index)
        for keys in (["target_task", "model"], ["target_task"]):
            own = seen.groupby(keys)[name].median().rename("middle").reset_index()
            value = value.fillna(rows[keys].merge(own, on=keys, how="left")["middle"])
        rows[name] = value.fillna(float(seen[name].median()))
    return rows


def _owner(seen: pd.DataFrame, name: str) -> str | None:
    """The column within whose levels the feature is constant: language or model; ``None`` if neither."""
    if name == "nearest_pivot":  # over the mixtures in the data
        return "language"
    if name in NUMERIC:
        return None
    for owner in ("language", "model"):
        values = seen.groupby(owner)[name].nunique()
        if values.max() == 1 and values.sum() > 1:
            return owner
    return None


def _levels(frame: pd.DataFrame, name: str) -> list[str]:
    return sorted(frame[name].astype("str").fillna("").unique())


def _among(frame: pd.DataFrame, column: str, name: str) -> str:
    """The level that a name means, ignoring case."""
    levels = [str(level) for level in frame[column].dropna().unique()]
    for level in levels:
        if level.casefold() == name.casefold():
            return level
    raise unknown_name(column.replace("_", " "), name, levels)


def outside(rows: pd.DataFrame, frame: pd.DataFrame, features: Features) -> list[str]:
    """Numeric features of each cell that lie outside the rows' range, joined; empty if all are inside."""
    notes = [[] for _ in range(len(rows))]  # type: list[list[str]]
    for name in features.numeric:
        low, high = frame[name].min(), frame[name].max()
        for i, value in enumerate(rows[name]):
            if np.isnan(value) and name not in NUMERIC:
                notes[i].append(f"{name} not known: median used")
            if value < low or value > high:
                notes[i].append(f"{name} outside the data")
    return ["; ".join(note) for note in notes]
