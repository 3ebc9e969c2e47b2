"""Estimates with intervals, one per row, named at the left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .style import BLACK, BLUE, GREY, size
from .words import label_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .inputs import Estimated


def plot_slopes(values: Mapping[str, Estimated], ax: Axes, xlabel: str) -> Axes:
    """Draw estimates from top to bottom; those whose interval excludes zero are filled.

    Parameters
    ----------
    values
        By name; each with an interval.
    ax
        Axes to draw on.
    xlabel
        With units.
    """
    y = list(range(len(values)))
    items = list(values.values())
    colours = [BLUE if item.settled else GREY for item in items]
    ax.axvline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ax.hlines(
        y, [item.low or 0.0 for item in items], [item.high or 0.0 for item in items], colors=colours, linewidth=1.4
    )
    ax.scatter([item.estimate for item in items], y, s=24, zorder=3, edgecolors=colours, linewidth=1.1,
               c=[BLUE if item.settled else "white" for item in items])  # fmt: skip
    ax.set_yticks(y, list(values), fontsize=size(8.0))
    ax.set_ylim(len(items) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    label_axes(ax, xlabel)
    ax.grid(axis="x", color=BLACK, alpha=0.08, linewidth=0.6)
    return ax
