"""One curve: all forms, their comparison, the hold-out, moderators and predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import DesignError
from ...core.multiplicity import adjust
from ...outcomes.axes import Axis
from .adjusted_means import adjusted_means
from .forms import FORMS, Form
from .holdout import Holdout, leave_largest_out
from .model import TERM, CurveModel, curve_model, truncated
from .moderators import Moderation, check_moderator, moderate
from .near_chance import NearChance, near_chance
from .nonlinear_fit import FormFit, fit_form
from .predict import ALL, position, predict_curve, targets

if TYPE_CHECKING:
    import pandas as pd

#: AIC difference from the best above which a form counts as worse (Burnham & Anderson 2002, section 2.6).
TOLD_APART = 2.0
GRID = 25
#: How far a figure extends beyond the sizes, as a share of their range, unless larger sizes are requested.
BEYOND = 0.1


@dataclass(frozen=True, slots=True)
class Slope:
    """Points per doubling by the log-linear form (REML, Satterthwaite); ``p_adjusted`` over groups of ``--by``."""

    estimate: float
    std_error: float
    df: float
    p_value: float
    p_adjusted: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Results for the outcome against one size, in one group of rows.

    Attributes
    ----------
    group
        The group of ``--by``; empty for all rows.
    sizes
        Base-2 logarithms, sorted, shape ``(s,)``.
    fits, lacking
        The fitted forms, best AIC first, and those that could not be fitted, with reasons.
    predictions
        Predictions at the requested sizes: ``form``, ``target``, ``z``, ``size``, ``estimate``, ``std_error``,
        ``conf_low``, ``conf_high``, ``position``.
    line, points
        Data of the figure: every form over a grid, and adjusted means by size.
    """

    group: str
    axis: Axis
    outcome: str
    rows: int
    models: int
    sizes: np.ndarray
    model: CurveModel
    slope: Slope
    fits: tuple[FormFit, ...]
    lacking: tuple[tuple[str, str], ...]
    holdout: Holdout
    moderations: tuple[Moderation, ...]
    chance: tuple[NearChance, ...]
    predictions: pd.DataFrame
    line: pd.DataFrame
    points: pd.DataFrame
    dropped: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]

    @property
    def best(self) -> FormFit:
        """The form of lowest AIC."""
        return self.fits[0]

    @property
    def alike(self) -> tuple[FormFit, ...]:
        """Forms that the data cannot distinguish from the best, including the best."""
        return tuple(fit for fit in self.fits if fit.aic - self.best.aic < TOLD_APART)

    @property
    def table(self) -> pd.DataFrame:
        """The comparison: one row per form, best first; ``weight`` is the Akaike weight."""
        import pandas as pd

        delta = np.array([fit.aic - self.best.aic for fit in self.fits])
        weight = np.exp(-0.5 * delta)
        records = [
            {
                "form": fit.form.name,
                "parameter": fit.form.parameter,
                "estimate": fit.parameter,
                "conf_low": fit.conf_low,
                "conf_high": fit.conf_high,
                "open_low": fit.open_low,
                "open_high": fit.open_high,
                "log_likelihood": fit.log_likelihood,
                "parameters": fit.parameters,
                "aic": fit.aic,
                "delta": change,
                "weight": share,
                "starts": fit.starts,
                "optima": fit.optima,
            }
            for fit, change, share in zip(self.fits, delta, weight / weight.sum(), strict=True)
        ]
        return pd.DataFrame(records)

    def adjusted(self, p: float) -> Curve:
        """The curve with its slope's p-value adjusted over several groups."""
        return replace(self, slope=replace(self.slope, p_adjusted=p))


def fit_curve(
    frame: pd.DataFrame,
    outcome: str,
    axis: Axis,
    at: Sequence[float],
    languages: Sequence[str] = (),
    moderators: Sequence[str] = (),
    adjustment: str = "holm",
    group: str = "",
    say: Callable[[str], None] = lambda words: None,
) -> Curve:
    """Fit and compare every form on rows that have a size.

    Parameters
    ----------
    frame
        Rows with ``outcome`` and the axis's column (:func:`analysis.outcomes.axes.with_axis`).
    at
        Sizes to predict, base-2 logarithms in the axis's unit.
    languages
        Languages to predict for, in addition to the average and a new language.
    moderators
        Numeric columns that may change the curve; their p-values are adjusted together by ``adjustment``.
    """
    import pandas as pd

    for name in moderators:
        check_moderator(frame, name)
    model = curve_model(frame, outcome, axis)
    wanted = targets(frame, model, axis, languages)
    z = frame[axis.column].to_numpy(dtype=float)
    sizes = np.unique(z)
    fits: list[FormFit] = []
    lacking: list[tuple[str, str]] = []
    for form in FORMS.values():
        say(f"fitting: {form.words}")
        try:
            fits.append(fit_form(frame, model, form, axis))
        except DesignError as error:
            if not form.parameter:
                raise
            lacking.append((form.name, error.message))
    fits.sort(key=lambda fit: fit.aic)
    say("leaving out the largest size")
    held = leave_largest_out(frame, outcome, axis, [fit.form for fit in fits])
    moderations, problems = _moderations(frame, model, fits[0], axis, moderators, adjustment, say)
    say("predicting")
    asked = np.array(sorted(set(at)))
    end = max([sizes[-1] + BEYOND * (sizes[-1] - sizes[0]), *asked])
    grid = np.linspace(min([sizes[0], *asked]), end, GRID)
    lines, tables = [], []
    for fit in fits:
        lines.append(_named(predict_curve(fit, frame, model, axis, wanted[:1], grid), fit.form))
        if len(asked):
            tables.append(_named(predict_curve(fit, frame, model, axis, wanted, asked), fit.form))
    predictions = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    if len(predictions):
        predictions.insert(3, "size", [axis.label(value) for value in predictions["z"]])
        predictions["position"] = [position(value, sizes) for value in predictions["z"]]
    linear = next(fit for fit in fits if not fit.form.parameter)
    warnings = [*problems, *_warnings(frame, fits, lacking, predictions, sizes, axis)]
    return Curve(
        group=group,
        axis=axis,
        outcome=outcome,
        rows=len(frame),
        models=int(frame["model"].nunique()),
        sizes=sizes,
        model=model,
        slope=_slope(frame, model, linear, axis),
        fits=tuple(fits),
        lacking=tuple(lacking),
        holdout=held,
        moderations=moderations,
        chance=near_chance(frame, outcome, axis),
        predictions=predictions,
        line=pd.concat(lines, ignore_index=True),
        points=adjusted_means(frame, model, fits[0], axis, wanted[0]),
        dropped=fits[0].result.dropped,
        warnings=tuple(warnings),
    )


def _named(frame: pd.DataFrame, form: Form) -> pd.DataFrame:
    frame.insert(0, "form", form.name)
    return frame


def _slope(frame: pd.DataFrame, model: CurveModel, linear: FormFit, axis: Axis) -> Slope:
    result = model.fit(frame, linear.form, np.nan, axis, reml=True, df="satterthwaite")
    row: dict[Any, Any] = result.fixed.set_index("term").loc[[TERM]].iloc[0].to_dict()
    keys = ("estimate", "std_error", "df", "p_value", "p_value", "conf_low", "conf_high")
    return Slope(*(float(row[key]) for key in keys))


def _moderations(
    frame: pd.DataFrame,
    model: CurveModel,
    fit: FormFit,
    axis: Axis,
    moderators: Sequence[str],
    adjustment: str,
    say: Callable[[str], None],
) -> tuple[tuple[Moderation, ...], list[str]]:
    found, problems = [], []
    for name in moderators:
        say(f"moderated by {name}")
        try:
            found.append(moderate(frame, model, fit, axis, name))
        except DesignError as error:
            problems.append(f"no interaction with '{name}': {error.message}")
    p = adjust([item.p_value for item in found], adjustment)
    return tuple(item.adjusted(float(value)) for item, value in zip(found, p, strict=True)), problems


def _warnings(
    frame: pd.DataFrame,
    fits: Sequence[FormFit],
    lacking: Sequence[tuple[str, str]],
    predictions: pd.DataFrame,
    sizes: np.ndarray,
    axis: Axis,
) -> list[str]:
    """Caveats of the curve."""
    best, lines = fits[0], []
    alike = [fit for fit in fits if fit.aic - best.aic < TOLD_APART]
    if len(alike) > 1:
        words = ", ".join(fit.form.words for fit in alike)
        spread = ""
        if len(predictions):
            last = predictions[(predictions["target"] == ALL) & (predictions["z"] == predictions["z"].max())]
            last = last[last["form"].isin([fit.form.name for fit in alike])]
            low, high = last["estimate"].min(), last["estimate"].max()
            spread = f" At {last['size'].iloc[0]} they predict {low:.1f} to {high:.1f} points."
        lines.append(
            f"the data cannot distinguish these forms: {words} (AIC within {TOLD_APART:g}).{spread} Which of them "
            "holds beyond the observed sizes is not known."
        )
    for fit in fits:
        if fit.at_bound:
            if fit.form.name == "power":
                at = "a straight line" if fit.parameter <= fit.low_bound else "a step after the smallest size"
            else:
                at = "a line from the smallest size" if fit.parameter <= fit.low_bound else "a step at the largest size"
            lines.append(f"the {fit.form.words} ended at the edge of its search: on these rows it is {at}.")
    for _, reason in lacking:
        lines.append(reason)
    if len(sizes) <= 6:
        lines.append(f"the curve rests on {len(sizes)} sizes: adding or removing one can change which form is best.")
    if axis.name == "size" and truncated(frame).all():
        lines.append(
            "all sizes are truncations of one checkpoint: the curve is about the layers kept, not about "
            "models pretrained at these sizes."
        )
    lines += best.result.warnings
    return lines
