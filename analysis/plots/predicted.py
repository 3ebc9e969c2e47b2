"""Predicted against observed, out of fold, by target task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import BLACK, BLUE, GREY, ORANGE

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
        The task, and what the panel rests on.
    """
    many = len(rows) > FEW
    drawn = by_fold(rows) if many else rows
    inside = (drawn["conf_low"] <= drawn["observed"]) & (drawn["observed"] <= drawn["conf_high"])
    low = float(min(drawn["observed"].min(), drawn["predicted"].min()))
    high = float(max(drawn["observed"].max(), drawn["predicted"].max()))
    edge = 0.06 * (high - low)
    ends = np.array([low - edge, high + edge])
    ax.plot(ends, ends, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1, label="predicted = observed")
    for where, colour, words in ((inside, BLUE, "observed inside the interval"), (~inside, ORANGE, "outside")):
        own = drawn[where]
        if len(own):
            ax.vlines(own["observed"], own["conf_low"], own["conf_high"], color=colour, alpha=0.35, linewidth=0.9)
            ax.scatter(own["observed"], own["predicted"], s=14.0, color=colour, linewidth=0, zorder=3, label=words)
    ax.set_xlim(*ends)
    unit = f"{outcome} (points" + (", mean by language)" if many else ")")
    ax.set_xlabel(f"observed {unit}")
    ax.set_ylabel(f"predicted {unit}")
    if title:
        ax.set_title(title, color=BLACK, pad=30.0 if caption else None)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3, fontsize=7.0, handlelength=1.4,
              columnspacing=1.0)  # fmt: skip
    if caption:
        ax.annotate(caption, xy=(0.5, 1.02), xycoords="axes fraction", ha="center", va="bottom", fontsize=7.0,
                    color=GREY)  # fmt: skip
    return ax
