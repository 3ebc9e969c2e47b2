"""Hold-out of the largest size: each form is refitted without it and predicts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError
from ...mixed.inference.average_predictions import average_predictions
from ...outcomes.axes import Axis
from ...records.schema import EVALUATION
from .forms import Form
from .mixture_curves import Mixture, mixture_of
from .model import TERM, CurveModel, curve_model
from .nonlinear_fit import FormFit, fit_form

if TYPE_CHECKING:
    import pandas as pd

#: Up to this many sizes, one is left out; of more, the largest tenth.
FEW = 12
#: Fewest remaining sizes for a curve.
LEFT = 3


@dataclass(frozen=True, slots=True)
class Holdout:
    """Predictions of the largest size by curves fitted without it.

    Attributes
    ----------
    smallest, largest
        Range of the sizes left out, base-2 logarithms; equal if it is one size.
    table
        One row per form: ``form``, ``rows``, ``mae``, ``rmse``, ``bias`` (predicted minus observed), ``coverage`` of
        95% intervals of single rows, and the mean over all rows left out: ``predicted``, ``conf_low``,
        ``conf_high``. The row ``previous size`` predicts each cell by its outcome at the next smaller size.
    rows, matched
        Rows left out, and those of them whose cell has a smaller size: errors are over the latter, so that all forms
        are judged on the same rows (over all if none is matched).
    observed
        Observed mean over all rows left out.
    dropped
        Rows of the largest size that could not be predicted, and why.
    reason
        Why there is no hold-out; the table is then empty.
    """

    smallest: float
    largest: float
    table: pd.DataFrame
    rows: int
    matched: int
    observed: float
    dropped: tuple[tuple[str, int], ...] = ()
    reason: str = ""

    def missed(self, form: str) -> bool:
        """True if the form's interval for the mean does not contain the observed mean."""
        row = self.table.set_index("form").loc[[form]].iloc[0].to_dict()
        return not row["conf_low"] <= self.observed <= row["conf_high"]


def leave_largest_out(frame: pd.DataFrame, outcome: str, axis: Axis, forms: Sequence[Form]) -> Holdout:
    """Fit every form without the largest size and predict it."""
    import pandas as pd

    z = frame[axis.column].to_numpy(dtype=float)
    sizes = np.unique(z)
    out = max(1, len(sizes) // 10) if len(sizes) > FEW else 1
    cut = sizes[-out]
    nothing = pd.DataFrame()
    if len(sizes) - out < LEFT:
        return Holdout(cut, sizes[-1], nothing, 0, 0, np.nan, (), f"only {len(sizes) - out} sizes would remain")
    train, test = frame[z < cut].reset_index(drop=True), frame[z >= cut].reset_index(drop=True)
    try:
        model = curve_model(train, outcome, axis)
        fits = [fit_form(train, model, form, axis, interval=False, fewest=LEFT) for form in forms]
    except CrossliftError as error:
        return Holdout(cut, sizes[-1], nothing, 0, 0, np.nan, (), error.message)
    dropped = []
    for name in fits[0].result.design.fixed_variables:
        if name != TERM:
            unseen = ~test[name].isin(train[name].unique())
            if unseen.any():
                dropped.append((f"{name} without a smaller size", int(unseen.sum())))
                test = test[~unseen].reset_index(drop=True)
    if len(test) == 0:
        return Holdout(cut, sizes[-1], nothing, 0, 0, np.nan, tuple(dropped), "none of its rows could be predicted")
    naive = previous_size(train, test, outcome, axis)
    judged = ~np.isnan(naive) if not np.isnan(naive).all() else np.ones(len(test), dtype=bool)
    y = test[outcome].to_numpy(dtype=float)
    records = []
    for fit in fits:
        single, mean = _predict(fit, train, test, model, axis)
        low, high = single.interval()
        mean_low, mean_high = mean.interval()
        records.append(
            {
                "form": fit.form.name,
                "rows": int(judged.sum()),
                **_errors((single.mean - y)[judged]),
                "coverage": float(((low <= y) & (y <= high))[judged].mean()),
                "predicted": float(mean.mean[0]),
                "conf_low": float(mean_low[0]),
                "conf_high": float(mean_high[0]),
            }
        )
    if not np.isnan(naive).all():
        records.append({"form": "previous size", "rows": int(judged.sum()), **_errors((naive - y)[judged]),
                        "coverage": np.nan, "predicted": float(np.nanmean(naive)), "conf_low": np.nan,
                        "conf_high": np.nan})  # fmt: skip
    matched = int((~np.isnan(naive)).sum())
    return Holdout(cut, sizes[-1], pd.DataFrame(records), len(test), matched, float(y.mean()), tuple(dropped))


def previous_size(train: pd.DataFrame, test: pd.DataFrame, outcome: str, axis: Axis) -> np.ndarray:
    """Outcome of each row's cell at the largest size in ``train``; NaN if the cell is not in it.

    A cell is everything that identifies an evaluation except its size; several rows of a cell are averaged.
    """
    own = {"size": ("model",), "examples": ("intermediate_examples",), "corpus": ("language",)}[axis.name]
    keys = [name for name in (*EVALUATION, "family") if name not in own]

    def cells(rows: pd.DataFrame) -> pd.Series[str]:
        return rows[keys].astype("str").fillna("").agg("\x1f".join, axis=1)

    smaller = train.assign(cell=cells(train))
    last = smaller.groupby("cell")[axis.column].transform("max")
    value = smaller[smaller[axis.column] == last].groupby("cell")[outcome].mean()
    return cells(test).map(value).to_numpy(dtype=float)


def _predict(
    fit: FormFit, train: pd.DataFrame, test: pd.DataFrame, model: CurveModel, axis: Axis
) -> tuple[Mixture, Mixture]:
    """Predict single outcomes, and the mean over the rows left out."""
    rows = test[list(model.columns)].copy()
    z, origin = test[axis.column].to_numpy(dtype=float), float(train[axis.column].min())
    single, mean = [], []
    for value in fit.values:
        result = model.fit(train, fit.form, float(value), axis, reml=True, df="satterthwaite")
        rows[TERM] = fit.form.basis(z, float(value), origin)
        own = result.predictions(rows, new_levels="average", outcome=True)
        single.append((own["estimate"].to_numpy(), own["std_error"].to_numpy(), own["df"].to_numpy()))
        whole = average_predictions(result, rows, np.ones((1, len(rows))))
        mean.append((whole["estimate"].to_numpy(), whole["std_error"].to_numpy(), whole["df"].to_numpy()))
    return mixture_of(single, fit.weights), mixture_of(mean, fit.weights)


def _errors(error: np.ndarray) -> dict[str, float]:
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
    }
