"""Outcome against size: every form, the best one's prediction interval, and where extrapolation begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..outcomes.axes import Axis
from ..questions.scaling.curve import Curve
from ..questions.scaling.forms import FORMS
from ..questions.scaling.predict import ALL
from .size_ticks import size_ticks
from .style import BLACK, BLUE, GREEN, GREY, ORANGE, size
from .words import caption_below, label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_COLOURS = {"log": ORANGE, "power": BLUE, "threshold": GREEN}
_DASHES = {"log": (0, (5, 2)), "power": "-", "threshold": (0, (1, 1.2))}
_MARKERS = {"log": "s", "power": "o", "threshold": "^"}


def plot_scale(
    line: pd.DataFrame,
    points: pd.DataFrame,
    ax: Axes,
    axis: Axis,
    best: str,
    ylabel: str,
    held: pd.DataFrame | None = None,
    caption: str = "",
    predicted: pd.DataFrame | None = None,
    legend: bool = True,
) -> Axes:
    """Draw the curves of one group.

    Parameters
    ----------
    line
        ``form``, ``z``, ``estimate``, ``conf_low``, ``conf_high``: :attr:`analysis.questions.scaling.curve.Curve.line`.
    points
        ``z``, ``adjusted``, ``rows``.
    ax
        Axes to draw on.
    axis
        What ``z`` is.
    best
        The form whose interval is drawn.
    ylabel
        With units.
    held
        Predictions of the largest size by curves fitted without it: ``form``, ``z``, ``predicted``, ``conf_low``,
        ``conf_high``.
    caption
        What the figure rests on.
    predicted
        Predictions of the best form at the sizes that were asked for: ``z``, ``estimate``, ``conf_low``, ``conf_high``.
    legend
        Explain the marks; several panels share one legend.
    """
    first, last = float(points["z"].min()), float(points["z"].max())
    left, right = float(line["z"].min()), float(line["z"].max())
    label: str | None = "extrapolation"
    for low, high in ((left, first), (last, right)):
        if high > low:
            ax.axvspan(low, high, color=GREY, alpha=0.13, linewidth=0, label=label, zorder=0)
            label = None
    for name, own in line.groupby("form", sort=False):
        form = str(name)
        if form == best:
            ax.fill_between(own["z"], own["conf_low"], own["conf_high"], color=_COLOURS[form], alpha=0.16, linewidth=0,
                            label="95% prediction interval, new model" if axis.level == "model" else
                            "95% prediction interval")  # fmt: skip
        ax.plot(own["z"], own["estimate"], color=_COLOURS[form], linestyle=_DASHES[form],
                linewidth=2.0 if form == best else 1.3, label=FORMS[form].words)  # fmt: skip
    sizes = 12.0 + 30.0 * np.sqrt(points["rows"] / points["rows"].max())
    ax.scatter(points["z"], points["adjusted"], s=sizes * size(1.0) ** 2, color=BLACK, alpha=0.8, linewidth=0, zorder=4,
               label="adjusted mean, area by rows")  # fmt: skip
    if held is not None and len(held):
        _held(held, ax, right - left)
    asked: list[float] = []
    if predicted is not None and len(predicted):
        asked = [float(z) for z in predicted["z"]]
        away = np.abs(predicted[["conf_low", "conf_high"]].to_numpy(dtype=float).T - predicted["estimate"].to_numpy())
        ax.errorbar(predicted["z"], predicted["estimate"], yerr=away, fmt="D", markersize=4.5, color=_COLOURS[best],
                    markerfacecolor="white", elinewidth=1.2, capsize=3.0, zorder=5, label="predicted")  # fmt: skip
    left, right = min([left, *asked]), max([right, *asked])
    edge = 0.03 * (right - left)
    ax.set_xlim(left - edge, right + (edge if asked else 0.0))
    if legend:
        legend_above(ax, 3)
    label_axes(ax, f"{axis.words} ({axis.printed_unit}, logarithmic)", ylabel)
    caption_below(ax, caption)
    size_ticks(ax, axis, [*points["z"], *asked], left, right)
    return ax


def held_out(curve: Curve) -> pd.DataFrame:
    """The predictions of the largest size that :func:`plot_scale` draws; empty if several sizes were left out."""
    table = curve.holdout.table
    if not len(table) or curve.holdout.smallest < curve.holdout.largest:
        return table.iloc[:0]
    return table[table["form"] != "previous size"].assign(z=curve.holdout.largest)


def predicted_by_best(curve: Curve) -> pd.DataFrame:
    """The predictions that :func:`plot_scale` draws: of the best form, for all rows together."""
    table = curve.predictions
    if not len(table):
        return table
    return table[(table["form"] == curve.best.form.name) & (table["target"] == ALL)]


def _held(held: pd.DataFrame, ax: Axes, span: float) -> None:
    """Hollow marks at the largest size, side by side so that their intervals can be read."""
    for i, row in enumerate(held.to_dict("records")):
        x = float(row["z"]) + span * 0.012 * (i - (len(held) - 1) / 2)
        away = np.array([[row["predicted"] - row["conf_low"]], [row["conf_high"] - row["predicted"]]])
        ax.errorbar([x], [row["predicted"]], yerr=away, fmt=_MARKERS[str(row["form"])], markersize=4.5,
                    markerfacecolor="white", color=_COLOURS[str(row["form"])], elinewidth=0.9, capsize=2.0, zorder=3,
                    label="predicted without the largest size" if i == 0 else None)  # fmt: skip
