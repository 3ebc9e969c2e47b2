"""Printed output and figures of scaling curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number, p_value
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..questions.scaling.curve import Curve
    from ..questions.scaling.run import ScaleFit
    from .screen import Screen

#: Sentences that an answer opens with; others follow its tables.
OPENING = 3


def print_scale(found: ScaleFit, out: Screen) -> None:
    """Print the answer of each curve with its tables, the groups, and what went in."""
    for i, curve in enumerate(found.curves):
        if i:
            out.print()
        _print_curve(curve, out)
    if found.request.by:
        out.heading("Groups")
        out.print(_slopes(found))
        for group, rows, reason in found.skipped:
            out.print(f"  {group} ({rows} rows): no curve; {reason}")
    print_input(out, found.sources, found.dropped)
    warnings = [f"{curve.group}: {line}" if curve.group else line for curve in found.curves for line in curve.warnings]
    print_remarks(out, found.notices, dict.fromkeys(warnings))


def _print_curve(curve: Curve, out: Screen) -> None:
    from ..questions.scaling.answer import sentences

    if curve.group:
        out.print(f"Curve: {curve.group}", style="bold")
    lines = sentences(curve)
    print_answer(out, lines[:OPENING])
    out.print()
    out.print(_forms(curve))
    if len(curve.holdout.table):
        out.print()
        out.print(_holdout(curve))
    if len(curve.predictions):
        out.print()
        out.print(_predictions(curve))
    if lines[OPENING:]:
        out.print()
    for line in lines[OPENING:]:
        out.print(f"  {line}")
    ends = f"{curve.axis.label(curve.sizes[0])} to {curve.axis.label(curve.sizes[-1])}"
    models = f"{curve.models} model{'s' if curve.models != 1 else ''}"
    out.print(f"\n  {count(curve.rows)} {curve.outcome}s · {len(curve.sizes)} sizes, {ends} · {models}")
    out.print(f"  model: {curve.model.formula}")


def _forms(curve: Curve) -> Table:
    rows = []
    for row in curve.table.to_dict("records"):
        shown = [row["estimate"], row["conf_low"], row["conf_high"]]
        if row["form"] == "threshold":
            cells = [curve.axis.label(value) for value in shown]
        else:
            cells = [number(value, 3) for value in shown]
        low = f"≤ {cells[1]}" if row["open_low"] else cells[1]
        high = f"≥ {cells[2]}" if row["open_high"] else cells[2]
        symbol = {"alpha": "α ", "threshold": "at "}.get(row["parameter"], "")
        rows.append((row["form"], f"{symbol}{cells[0]}" if symbol else "–", low if symbol else "–",
                     high if symbol else "–", number(row["log_likelihood"], 2), str(row["parameters"]),
                     number(row["aic"], 2), number(row["delta"], 2), number(row["weight"], 3),
                     f"{row['starts']}/{row['optima']}"))  # fmt: skip
    columns = ("form", "parameter", "95% low", "95% high", "log lik.", "par.", "AIC", "ΔAIC", "weight", "starts/minima")
    notes = ("maximum likelihood on the same rows; AIC counts the nonlinear parameter, whose interval is by profile",)
    return Table(columns, tuple(rows), notes=notes)


def _holdout(curve: Curve) -> Table:
    held = curve.holdout
    rows = tuple(
        (row["form"], number(row["mae"], 2), number(row["rmse"], 2), number(row["bias"], 2),
         "–" if row["coverage"] != row["coverage"] else f"{row['coverage']:.0%}", number(row["predicted"], 1),
         number(row["conf_low"], 1), number(row["conf_high"], 1))
        for row in held.table.to_dict("records")
    )  # fmt: skip
    which = curve.axis.label(held.largest)
    if held.smallest < held.largest:
        which = f"{curve.axis.label(held.smallest)} and larger"
    title = f"  Left out: {which}, {held.rows} rows, observed mean {number(held.observed, 1)}"
    note = f"errors in points over {held.matched or held.rows} rows"
    if held.matched:
        note += " with the same cell at a smaller size"
    lost = tuple(f"{rows} of its rows not predicted: {reason}" for reason, rows in held.dropped)
    columns = ("form", "MAE", "RMSE", "bias", "cover 95%", "mean", "95% low", "95% high")
    return Table(columns, rows, title, (note, *lost))


def _predictions(curve: Curve) -> Table:
    rows = tuple(
        (row["size"], row["position"], row["target"], row["form"], number(row["estimate"], 1),
         number(row["conf_low"], 1), number(row["conf_high"], 1))
        for row in curve.predictions.sort_values(["z", "target"], kind="stable").to_dict("records")
    )  # fmt: skip
    new = {"model": "of a new model of that size", "language": "in a new language of that corpus"}.get(curve.axis.level)
    notes = (f"95% prediction intervals{f' {new}' if new else ''}; beyond and below are extrapolation",)
    return Table(("size", "position", "for", "form", "points", "95% low", "95% high"), rows, notes=notes)


def _slopes(found: ScaleFit) -> Table:
    rows = tuple(
        (row["group"], count(row["rows"]), str(row["sizes"]), number(row["estimate"], 2), number(row["conf_low"], 2),
         number(row["conf_high"], 2), p_value(row["p_value"]), p_value(row["p_adjusted"]), row["best"])
        for row in found.slopes.to_dict("records")
    )  # fmt: skip
    columns = ("group", "rows", "sizes", "per doubling", "95% low", "95% high", "p", f"p ({found.request.adjust})",
               "best form")  # fmt: skip
    return Table(columns, rows)


def draw(found: ScaleFit) -> Figure:
    """One panel per group, with the same limits."""
    from ..plots.scale import held_out, plot_scale, predicted_by_best
    from ..plots.style import figure, panels
    from ..plots.words import caption_below, legend_of_panels

    def one(curve: Curve, ax: Axes, **more: Any) -> None:
        plot_scale(curve.line, curve.points, ax, curve.axis, curve.best.form.name, f"{curve.outcome} (points)",
                   held_out(curve), predicted=predicted_by_best(curve), **more)  # fmt: skip

    if len(found.curves) == 1:
        with figure(height=4.0) as (made, ax):
            one(found.curves[0], ax, caption=f"{caption(found.curves[0])}. {_SHADED}")
        return made
    with panels(len(found.curves), shared=True) as (made, axes):
        # The canvas grows with its caption before ticks and labels are fitted to it.
        caption_below(axes[0], "\n".join([*(f"{curve.group}: {caption(curve)}." for curve in found.curves), _SHADED]))
        for curve, ax in zip(found.curves, axes, strict=True):
            ax.set_title(curve.group)
            one(curve, ax, legend=False)
        legend_of_panels(axes)
    return made


_SHADED = "Shaded: no data, extrapolation."


def caption(curve: Curve) -> str:
    """Basis of the figure: rows, sizes, method and degrees of freedom."""
    best = curve.best.form.words
    models = f"{curve.models} model{'s' if curve.models != 1 else ''}"
    words = (
        f"{count(curve.rows)} {curve.outcome}s, {len(curve.sizes)} sizes, {models}; band: {best}, REML, "
        f"Satterthwaite ({number(curve.slope.df, 1)} degrees of freedom for the slope)"
    )
    if curve.best.form.parameter:
        words += ", nonlinear parameter averaged over its profile likelihood"
    return words
