"""Outcome against size: every form, the best one's prediction interval, and where extrapolation begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..outcomes.axes import Axis
from ..questions.scaling.curve import Curve
from ..questions.scaling.forms import FORMS
from .style import BLACK, BLUE, GREY, ORANGE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

GREEN = "#009E73"
_COLOURS = {"log": ORANGE, "power": BLUE, "threshold": GREEN}
_DASHES = {"log": (0, (5, 2)), "power": "-", "threshold": (0, (1, 1.2))}
# Tick labels closer than this share of the axis would collide.
APART = 0.075


def plot_scale(
    line: pd.DataFrame,
    points: pd.DataFrame,
    ax: Axes,
    axis: Axis,
    best: str,
    ylabel: str,
    held: pd.DataFrame | None = None,
    caption: str = "",
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
    ax.scatter(points["z"], points["adjusted"], s=sizes, color=BLACK, alpha=0.8, linewidth=0, zorder=4,
               label="adjusted mean, area by rows")  # fmt: skip
    if held is not None and len(held):
        _held(held, ax, right - left)
    _ticks(ax, axis, points["z"].to_numpy(), left, right)
    ax.set_xlabel(f"{axis.words} ({axis.unit}, logarithmic)")
    ax.set_ylabel(ylabel)
    ax.set_xlim(left - 0.03 * (right - left), right)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3, fontsize=7.8, handlelength=2.0,
              columnspacing=1.2)  # fmt: skip
    if caption:
        ax.annotate(caption, xy=(0.0, -0.35), xycoords="axes fraction", va="top", fontsize=7.2, color=GREY,
                    annotation_clip=False)  # fmt: skip
    return ax


def held_out(curve: Curve) -> pd.DataFrame:
    """The predictions of the largest size that :func:`plot_scale` draws; empty if several sizes were left out."""
    table = curve.holdout.table
    if not len(table) or curve.holdout.smallest < curve.holdout.largest:
        return table.iloc[:0]
    return table[table["form"] != "previous size"].assign(z=curve.holdout.largest)


def _held(held: pd.DataFrame, ax: Axes, span: float) -> None:
    """Hollow marks next to the largest size, a little apart so that their intervals can be read."""
    for i, row in enumerate(held.to_dict("records")):
        x = float(row["z"]) - span * 0.012 * (len(held) - i)
        away = np.array([[row["predicted"] - row["conf_low"]], [row["conf_high"] - row["predicted"]]])
        ax.errorbar([x], [row["predicted"]], yerr=away, fmt="o", markersize=4.5, markerfacecolor="white",
                    color=_COLOURS[str(row["form"])], elinewidth=0.9, capsize=2.0, zorder=3,
                    label="predicted without the largest size" if i == 0 else None)  # fmt: skip


def _ticks(ax: Axes, axis: Axis, sizes: np.ndarray, left: float, right: float) -> None:
    """Ticks at the sizes themselves where they are few, else at powers of two; none so close that labels collide."""
    places = sizes if len(sizes) <= 12 else np.arange(np.ceil(left), np.floor(right) + 1.0)
    if right > sizes.max() and len(sizes) <= 12:
        places = np.append(places, right)
    kept: list[float] = []
    for place in sorted(places, key=lambda z: (z not in (sizes.max(), right), z)):
        if all(abs(place - other) >= APART * (right - left) for other in kept):
            kept.append(float(place))
    kept.sort()
    ax.set_xticks(kept, [axis.label(z) for z in kept])
