"""Does scale help some languages more than others? The curve's rise at a low and a high value of a moderator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError, did_you_mean
from ...core.text import number, p_words
from ...outcomes.axes import Axis
from .model import TERM, CurveModel
from .nonlinear_fit import FormFit

if TYPE_CHECKING:
    import pandas as pd

#: Quantiles of the moderator over its levels that represent low and high.
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Rise:
    """Points from the smallest to the largest size, at one value of the moderator."""

    at: float
    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class Moderation:
    """How much a moderator changes the rise from the smallest to the largest size.

    Attributes
    ----------
    low, high
        The rise at the moderator's 10% and 90% quantile over languages (over rows if not a language property).
    difference
        The rise at ``high`` minus that at ``low``, with its test; ``p_adjusted`` over all moderators.
    levels
        Languages (or rows) that the difference rests on.
    reason
        Why the moderation is missing.
    """

    moderator: str
    form: str
    low: Rise
    high: Rise
    difference: float
    conf_low: float
    conf_high: float
    df: float
    p_value: float
    p_adjusted: float
    rows: int
    levels: int
    sentence: str

    def adjusted(self, p: float) -> Moderation:
        """The moderation with its p-value adjusted over several moderators."""
        return replace(self, p_adjusted=p)


def moderate(frame: pd.DataFrame, model: CurveModel, fit: FormFit, axis: Axis, moderator: str) -> Moderation:
    """Interact the curve with a numeric column (REML, Satterthwaite; the nonlinear parameter at its estimate).

    Raises
    ------
    CrossliftError
        If the column is missing, not numeric, or constant.
    """
    column = check_moderator(frame, moderator)
    formula = model.formula.replace(f"~ {TERM}", f"~ {TERM}*{moderator}", 1)
    whole = replace(model, formula=formula, columns=tuple(dict.fromkeys((*model.columns, moderator))))
    rows = frame[column.notna()].reset_index(drop=True)
    result = whole.fit(rows, fit.form, fit.parameter, axis, reml=True, df="satterthwaite")
    z = rows[axis.column].to_numpy(dtype=float)
    origin = float(z.min())
    ends = fit.form.basis(np.array([origin, z.max()]), fit.parameter, origin)
    span = float(ends[1] - ends[0])
    by_language = rows.groupby("language")[moderator].agg(["nunique", "first"])
    whole_language = bool((by_language["nunique"] == 1).all())
    values = (by_language["first"] if whole_language else rows[moderator]).to_numpy(dtype=float)
    at = np.quantile(values, [LOW, HIGH])
    names = list(result.names)
    product = next(name for name in names if set(name.split(":")) == {TERM, moderator})
    weights = np.zeros((3, len(names)))
    weights[:2, names.index(TERM)] = span
    weights[:2, names.index(product)] = span * at
    weights[2, names.index(product)] = span * (at[1] - at[0])
    found = result.contrast(weights)
    rises = [Rise(float(at[i]), *(float(found[key].iloc[i]) for key in ("estimate", "conf_low", "conf_high")))
             for i in range(2)]  # fmt: skip
    last = found.iloc[2]
    levels = int(rows["language"].nunique()) if whole_language else len(rows)
    sentence = _sentence(model.outcome, axis, moderator, rises, last, z, levels, whole_language)
    p = float(last["p_value"])
    return Moderation(moderator, fit.form.name, rises[0], rises[1], float(last["estimate"]), float(last["conf_low"]),
                      float(last["conf_high"]), float(last["df"]), p, p, len(rows), levels, sentence)  # fmt: skip


def check_moderator(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    """The column, or an error that says what is wrong with it.

    Raises
    ------
    CrossliftError
        If it is missing, not numeric, or constant.
    """
    import pandas as pd

    if name not in frame.columns:
        columns = [str(column) for column in frame.columns]
        raise CrossliftError(
            f"'{name}' is not a column that can moderate the curve.",
            did_you_mean(name, columns) or f"Columns: {', '.join(columns)}.",
        )
    column = frame[name]
    if not pd.api.types.is_numeric_dtype(column):
        raise CrossliftError(f"'{name}' is not numeric: a moderator changes the slope per unit.",
                             f"For curves by group use --by {name}.")  # fmt: skip
    if column.nunique() < 2:
        raise CrossliftError(f"'{name}' has fewer than two values in these rows: it cannot moderate the curve.")
    return column


def _sentence(
    outcome: str,
    axis: Axis,
    moderator: str,
    rises: list[Rise],
    last: pd.Series[float],
    z: np.ndarray,
    levels: int,
    whole_language: bool,
) -> str:
    low, high = rises
    plain = "typological distance" if moderator == "typology" else moderator

    def part(rise: Rise) -> str:
        return f"{number(rise.estimate, 1)} points at {number(rise.at, 2)} ({number(rise.conf_low, 1)} to {number(rise.conf_high, 1)})"  # noqa: E501

    basis = f"{levels} {'languages' if whole_language else 'rows'}"
    sentence = (
        f"From {axis.label(float(z.min()))} to {axis.label(float(z.max()))} the {outcome} changes by {part(low)} and "
        f"{part(high)} of {plain}: a difference of {number(last['estimate'], 1)} points (95% interval "
        f"{number(last['conf_low'], 1)} to {number(last['conf_high'], 1)}; {p_words(last['p_value'])}, "
        f"{number(last['df'], 1)} degrees of freedom, {basis})."
    )
    if last["conf_low"] <= 0.0 <= last["conf_high"]:
        return f"{sentence} The data do not settle whether scale does more for one than for the other."
    if moderator != "typology" or outcome == "gap":
        return sentence
    if last["estimate"] > 0:
        closing = "their lift catches up" if outcome == "gain" else "it closes the gap between near and far"
        return f"{sentence} Scale does more for distant languages: {closing}."
    widening = "its lift goes to near ones" if outcome == "gain" else "it widens the gap between near and far"
    return f"{sentence} Scale does less for distant languages: {widening}."
