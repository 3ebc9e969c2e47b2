"""A curve in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.text import number, p_words
from .predict import ALL, NEW_LANGUAGE

if TYPE_CHECKING:
    from .curve import Curve
    from .nonlinear_fit import FormFit

_WHERE = {
    "observed": "an observed size",
    "between": "interpolated between observed sizes",
    "beyond": "extrapolated beyond the largest observed size",
    "below": "extrapolated below the smallest observed size",
}


def sentences(curve: Curve) -> list[str]:
    """Sentences about slope, forms, hold-out, moderators and predictions."""
    return [
        slope_sentence(curve),
        form_sentence(curve),
        holdout_sentence(curve),
        *(item.sentence for item in curve.moderations),
        *prediction_sentences(curve),
    ]


def slope_sentence(curve: Curve) -> str:
    """The log-linear slope, worded as in ``fit``."""
    slope, axis = curve.slope, curve.axis
    ends = f"{axis.label(curve.sizes[0])} to {axis.label(curve.sizes[-1])}"
    unit = "" if axis.counted else f" {axis.unit}"
    basis = (
        f"95% interval {number(slope.conf_low, 2)} to {number(slope.conf_high, 2)}; {p_words(slope.p_value)}, "
        f"{number(slope.df, 1)} degrees of freedom, {len(curve.sizes)} sizes from {ends}{unit}"
    )
    if slope.conf_low <= 0.0 <= slope.conf_high:
        return (
            f"The data do not settle whether the {curve.outcome} changes with {axis.words} on a straight line: "
            f"{number(slope.estimate, 2)} points per doubling ({basis})."
        )
    verb = "rises" if slope.estimate > 0 else "falls"
    return (
        f"The {curve.outcome} {verb} by {number(abs(slope.estimate), 2)} points per doubling of {axis.words} ({basis})."
    )


def form_sentence(curve: Curve) -> str:
    """Which form is best, by how much, and its parameter."""
    best, others = curve.best, curve.fits[1:]
    if not others:
        return f"Only the {best.form.words} form could be fitted."
    behind = " and ".join(f"the {fit.form.words} by {number(fit.aic - best.aic, 1)}" for fit in others)
    if len(curve.alike) > 1:
        return f"Lowest AIC: {best.form.words}, ahead of {behind}; the data cannot distinguish forms within 2.{_parameter(curve, best)}"  # noqa: E501
    return (
        f"By AIC the {best.form.words} describes the observed sizes best, ahead of {behind}.{_parameter(curve, best)}"
    )


def _parameter(curve: Curve, fit: FormFit) -> str:
    if fit.form.name == "power":
        low = "near 0" if fit.open_low else number(fit.conf_low, 2)
        high = "without upper limit" if fit.open_high else number(fit.conf_high, 2)
        return f" Its exponent α is {number(fit.parameter, 2)} (95% profile interval {low} to {high})."
    if fit.form.name == "threshold":
        low = "the smallest size" if fit.open_low else curve.axis.label(fit.conf_low)
        high = "the second-largest size" if fit.open_high else curve.axis.label(fit.conf_high)
        return f" Its threshold is at {curve.axis.label(fit.parameter)} (95% profile interval {low} to {high})."
    return ""


def holdout_sentence(curve: Curve) -> str:
    """Whether the curve predicted the size left out."""
    held = curve.holdout
    which = curve.axis.label(held.largest)
    if held.smallest < held.largest:
        which = f"the sizes from {curve.axis.label(held.smallest)} on"
    if held.reason:
        return f"Leaving out {which}: not done; {held.reason}"
    rows = held.table.set_index("form")
    own = [name for name in rows.index if name != "previous size"]
    parts = []
    for name in own:
        row = rows.loc[name]
        parts.append(
            f"{name} {number(row['predicted'], 1)} ({number(row['conf_low'], 1)} to {number(row['conf_high'], 1)})"
        )
    missed = [name for name in own if held.missed(name)]
    verdict = "every interval contains it"
    if missed:
        verdict = f"the interval of {missed[0]} does not contain it"
    if len(missed) > 1:
        verdict = f"the intervals of {' and '.join(missed)} do not contain it"
    sentence = (
        f"Without {which} the forms predict for it a mean {curve.outcome} of {', '.join(parts)}; observed "
        f"{number(held.observed, 1)}: {verdict}."
    )
    if "previous size" not in rows.index:
        return sentence
    errors = dict(zip(rows.index, rows["mae"], strict=True))
    naive, best = float(errors["previous size"]), min(own, key=lambda name: float(errors[name]))
    least = float(errors[best])
    if least < naive:
        return (
            f"{sentence} By cell the best form, {best}, is off by {number(least, 1)} points; the previous size's "
            f"{curve.outcome} is off by {number(naive, 1)}."
        )
    return (
        f"{sentence} By cell no form beats the previous size's {curve.outcome} (mean absolute error "
        f"{number(naive, 1)}; best form, {best}: {number(least, 1)})."
    )


def prediction_sentences(curve: Curve) -> list[str]:
    """One sentence per requested size: predictions of the best form for the average and a new language."""
    table = curve.predictions
    if not len(table):
        return []
    lines = []
    unit = "" if curve.axis.counted else f" {curve.axis.unit}"
    best = table[table["form"] == curve.best.form.name]
    for z, rows in best.groupby("z", sort=True):
        by = rows.set_index("target")
        size, where = str(rows["size"].iloc[0]), str(rows["position"].iloc[0])

        def interval(target: str, by: object = by) -> str:
            row = by.loc[target]  # type: ignore[attr-defined]
            return (
                f"{number(row['estimate'], 1)} points ({number(row['conf_low'], 1)} to {number(row['conf_high'], 1)})"
            )

        line = (
            f"{size}{unit} ({_WHERE[where]}): {curve.outcome} of {interval(ALL)} over the observed languages and tasks"
        )
        if NEW_LANGUAGE in by.index:
            line += f", {interval(NEW_LANGUAGE)} in a new language"
        named = [f"{interval(str(name))} in {name}" for name in by.index if name not in (ALL, NEW_LANGUAGE)]
        line += "".join(f", {part}" for part in named) + "; 95% prediction intervals."
        if where in ("beyond", "below"):
            same = table[(table["z"] == z) & (table["target"] == ALL)]["estimate"]
            line += (
                f" The forms predict {number(same.min(), 1)} to {number(same.max(), 1)}: extrapolation, not evidence."
            )
        lines.append(line)
    return lines
