"""Two scores of each row, joined: before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .style import BLUE, GREY, ORANGE, size
from .words import label_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_paired(data: pd.DataFrame, ax: Axes, xlabel: str) -> Axes:
    """Draw ``score_without`` (open) and ``score_with`` (filled), one line per row.

    Parameters
    ----------
    data
        ``target_task``, ``study``, ``score_without``, ``score_with``; drawn from top to bottom.
    ax
        Axes to draw on.
    xlabel
        With units.
    """
    y = list(range(len(data)))
    colour = [BLUE if after >= before else ORANGE
              for before, after in zip(data["score_without"], data["score_with"], strict=True)]  # fmt: skip
    ax.hlines(y, data["score_without"], data["score_with"], colors=colour, linewidth=1.6)
    ax.scatter(data["score_without"], y, facecolors="white", edgecolors=colour, s=28, linewidth=1.2, zorder=3)
    ax.scatter(data["score_with"], y, c=colour, s=28, zorder=3)
    for i, (before, after) in enumerate(zip(data["score_without"], data["score_with"], strict=True)):
        change = f"{after - before:+.1f}".replace("-", "−")
        ax.annotate(change, (max(before, after), i), xytext=(8, 0), textcoords="offset points", va="center",
                    fontsize=size(8.0), color=GREY)  # fmt: skip
    names = [f"{task}  ({study.split('_')[0]})" for task, study in zip(data["target_task"], data["study"], strict=True)]
    ax.set_yticks(y, names, fontsize=size(8.0))
    ax.set_ylim(len(data) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.12)
    label_axes(ax, xlabel)
    ax.grid(axis="x", color=GREY, alpha=0.15, linewidth=0.6)
    return ax
