"""Adjusted means by size: outcomes with languages and tasks set to their averages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...mixed.inference.average_predictions import average_predictions
from ...outcomes.axes import Axis
from .model import TERM, CurveModel
from .nonlinear_fit import FormFit
from .predict import NEW, SHARED, Target

if TYPE_CHECKING:
    import pandas as pd


def adjusted_means(frame: pd.DataFrame, model: CurveModel, fit: FormFit, axis: Axis, average: Target) -> pd.DataFrame:
    """Means by size of each row's outcome minus the effects of its language, task and family.

    The effect of the model (language) is kept, so points scatter around the curve as models do.

    Returns
    -------
    DataFrame
        ``z``, ``adjusted``, ``rows``.
    """
    import pandas as pd

    result = model.fit(frame, fit.form, fit.parameter, axis, reml=True)
    z = frame[axis.column].to_numpy(dtype=float)
    origin = float(z.min())
    others = model.rows(frame, fit.form, fit.parameter, axis)
    for name in (axis.level, *SHARED):
        if name in others.columns:
            others[name] = NEW
    for name in [column for column in others.columns if ":" in column]:
        others[name] = NEW
    rest = frame[model.outcome].to_numpy(dtype=float) - result.predict(others, new_levels="average")
    sizes, which = np.unique(z, return_inverse=True)
    cells = average.cells.copy()
    rows = pd.concat([cells] * len(sizes), ignore_index=True)
    rows[TERM] = fit.form.basis(np.repeat(sizes, len(cells)), fit.parameter, origin)
    weights = np.kron(np.eye(len(sizes)), average.weights)
    curve = average_predictions(result, rows, weights)["estimate"].to_numpy()
    return (
        pd.DataFrame({"z": z, "adjusted": curve[which] + rest})
        .groupby("z", sort=True)
        .agg(adjusted=("adjusted", "mean"), rows=("adjusted", "size"))
        .reset_index()
    )
