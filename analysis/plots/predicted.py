"""Predicted against observed, out of fold, by target task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .style import BLACK, BLUE, GREY, ORANGE, size
from .words import label_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Up to this many rows each row is drawn with its interval; beyond that, means by language are drawn.
FEW = 150


def by_fold(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of each fold: ``fold``, ``observed``, ``predicted``, ``conf_low``, ``conf_high``.

    The limits are means of single rows' limits: the width of one outcome's interval, not that of the mean.
    """
    return rows.groupby("fold", sort=True)[["observed", "predicted", "conf_low", "conf_high"]].mean().reset_index()


def plot_predicted(rows: pd.DataFrame, ax: Axes, outcome: str, title: str = "", caption: str = "") -> Axes:
    """Draw one task.

    Parameters
    ----------
    rows
        One row per prediction of one method: ``fold``, ``observed``, ``predicted``, ``conf_low``, ``conf_high``.
    ax
        Axes to draw on.
    outcome
        Its name, for the axes.
    title, caption
        The task, and what the panel rests on: drawn under the title.
    """
    many = len(rows) > FEW
    drawn = by_fold(rows) if many else rows
    inside = (drawn["conf_low"] <= drawn["observed"]) & (drawn["observed"] <= drawn["conf_high"])
    values = drawn[["observed", "predicted"]].to_numpy(dtype=float)
    low, high = float(values.min()), float(values.max())
    edge = 0.06 * (high - low)
    # Beyond both ends: panels share their limits, and the line runs through all of them.
    ax.axline((low, low), slope=1.0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1,
              label="predicted = observed")  # fmt: skip
    for where, colour, marker, words in ((inside, BLUE, "o", "observed inside the interval"),
                                         (~inside, ORANGE, "X", "outside")):  # fmt: skip
        own = drawn[where]
        if len(own):
            ax.vlines(own["observed"], own["conf_low"], own["conf_high"], color=colour, alpha=0.35, linewidth=0.9)
            ax.scatter(own["observed"], own["predicted"], s=14.0 if marker == "o" else 22.0, color=colour,
                       marker=marker, linewidth=0, zorder=3, label=words)  # fmt: skip
    ax.update_datalim([(low - edge, low - edge), (high + edge, high + edge)])
    ax.autoscale_view()
    label_axes(ax, f"observed {outcome} (points)", f"predicted {outcome} (points)")
    if title:
        ax.set_title(title, color=BLACK, pad=size(14.0) if caption else None)
    if caption:
        ax.annotate(caption, xy=(0.5, 1.0), xytext=(0.0, size(4.0)), xycoords="axes fraction",
                    textcoords="offset points", ha="center", va="bottom", fontsize=size(7.0), color=GREY)  # fmt: skip
    return ax
