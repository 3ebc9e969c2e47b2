"""Predictions of a curve: for the average over observed languages and tasks, for one language, or for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.errors import UnknownNameError
from ...languages.codes import resolve
from ...mixed.inference.average_predictions import average_predictions
from ...outcomes.axes import Axis
from ...outcomes.default_model import FEWEST_LEVELS, RUNS
from .mixture_curves import mixture_of
from .model import TERM, CurveModel
from .nonlinear_fit import FormFit

if TYPE_CHECKING:
    import pandas as pd

#: Factors whose levels have one size each: predictions are for a new level.
SHARED = ("baseline", *RUNS)
NEW = "(new)"
ALL, NEW_LANGUAGE = "average", "new language"


@dataclass(frozen=True, slots=True)
class Target:
    """A target of predictions: a label, and the cells it averages over with their weights."""

    label: str
    cells: pd.DataFrame
    weights: Floats


def targets(frame: pd.DataFrame, model: CurveModel, axis: Axis, languages: Sequence[str] = ()) -> list[Target]:
    """The average over observed cells, a new language (if languages vary), and each requested language.

    The model (or the language, on a corpus axis) is always a new one of its size.

    Raises
    ------
    UnknownNameError
        If a requested language is not among the rows.
    """
    new = {axis.level, *SHARED}
    names = [name for name in model.columns if name != model.outcome and name not in new]
    grouped = frame.assign(**{"number of rows": 1}).groupby(names, sort=True, observed=True) if names else None
    if grouped is None:
        import pandas as pd

        cells, weights = pd.DataFrame(index=[0]), np.ones(1)
    else:
        counts = grouped.size().reset_index(name="number of rows")
        weights = counts.pop("number of rows").to_numpy(dtype=float)
        cells = counts
    for name in model.columns:
        if name == axis.level:
            cells[name] = NEW
        elif name in SHARED:
            # All languages are tested after the same training run.
            among = ("language", "target_task") if name == "baseline" else ("target_task",)
            keys = [key for key in among if key in cells.columns]
            cells[name] = NEW + cells[keys].astype(str).agg(":".join, axis=1) if keys else NEW
    found = [Target(ALL, cells, weights)]
    if axis.level == "language" or "language" not in cells.columns:
        return found
    if frame["language"].nunique() >= FEWEST_LEVELS:
        found.append(Target(NEW_LANGUAGE, cells.assign(language=NEW), weights))
    for code in languages:
        iso = resolve(code).iso
        own = (cells["language"] == iso).to_numpy()
        if not own.any():
            known = ", ".join(sorted(frame["language"].unique()))
            raise UnknownNameError(
                f"there are no rows in the language '{code}'.",
                f"Languages: {known}. The row '{NEW_LANGUAGE}' of the table is for a language that is not among them.",
            )
        found.append(Target(iso, cells[own].reset_index(drop=True), weights[own]))
    return found


def predict_curve(
    fit: FormFit,
    frame: pd.DataFrame,
    model: CurveModel,
    axis: Axis,
    wanted: Sequence[Target],
    z: Floats,
    origin: float | None = None,
) -> pd.DataFrame:
    """Predictions of every target at every size, with 95% prediction intervals.

    Variances are by REML, t quantiles by Satterthwaite; the nonlinear parameter is averaged over its profile
    likelihood.

    Returns
    -------
    DataFrame
        ``target``, ``z``, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``.
    """
    import pandas as pd

    start = float(frame[axis.column].min()) if origin is None else origin
    parts, labels = [], []
    for target in wanted:
        for at in z:
            parts.append((target, float(at)))
            labels.append(target.label)
    rows = pd.concat([target.cells for target, _ in parts], ignore_index=True)
    at_rows = np.repeat([at for _, at in parts], [len(target.cells) for target, _ in parts])
    weights = np.zeros((len(parts), len(rows)))
    begin = 0
    for i, (target, _) in enumerate(parts):
        weights[i, begin : begin + len(target.cells)] = target.weights
        begin += len(target.cells)
    found = []
    for value in fit.values:
        result = model.fit(frame, fit.form, float(value), axis, reml=True, df="satterthwaite")
        rows[TERM] = fit.form.basis(at_rows, float(value), start)
        own = average_predictions(result, rows, weights)
        found.append((own["estimate"].to_numpy(), own["std_error"].to_numpy(), own["df"].to_numpy()))
    mixture = mixture_of(found, fit.weights)
    low, high = mixture.interval()
    return pd.DataFrame(
        {
            "target": labels,
            "z": [at for _, at in parts],
            "estimate": mixture.mean,
            "std_error": mixture.std_dev,
            "conf_low": low,
            "conf_high": high,
        }
    )


def position(z: float, sizes: Floats) -> str:
    """``observed``, ``between`` observed sizes, or ``beyond`` or ``below`` all of them."""
    if np.isclose(sizes, z, atol=0.02).any():
        return "observed"
    if z > sizes[-1]:
        return "beyond"
    return "below" if z < sizes[0] else "between"
