"""The robustness strip: one slope under every model that was tried, a point and an interval a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .style import BLACK, BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .inputs import StripRow

#: Height of a row in inches.
ROW = 0.22


def plot_robustness(rows: Sequence[StripRow], ax: Axes, xlabel: str) -> Axes:
    """Draw the rows that could be computed, the first one on top.

    Parameters
    ----------
    rows
        The answer's own first; it is drawn filled and blue, pooled least squares orange, all others in black.
    ax
        Axes to draw on.
    xlabel
        With the unit of the slope.
    """
    drawn = [row for row in rows if row.computed]
    for i, row in enumerate(drawn):
        y = len(drawn) - 1 - i
        colour = BLUE if i == 0 else ORANGE if row.name == "pooled" else BLACK
        ax.plot([row.conf_low, row.conf_high], [y, y], color=colour, linewidth=2.0 if i == 0 else 1.1,
                solid_capstyle="butt", gid=f"interval {row.name}")  # fmt: skip
        face = colour if row.direction else "white"
        ax.plot([row.estimate], [y], marker="o", markersize=5.0 if i == 0 else 4.0, color=colour, markerfacecolor=face,
                linestyle="none", gid=f"estimate {row.name}")  # fmt: skip
        # Out of the layout: long labels would narrow the other panel.
        ax.text(-0.03, y, row.label, transform=ax.get_yaxis_transform(), ha="right", va="center", fontsize=7.5,
                gid=f"label {row.name}").set_in_layout(False)  # fmt: skip
    ax.axvline(0.0, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
    ax.set_yticks([])
    ax.set_ylim(-0.7, len(drawn) - 0.3)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(xlabel)
    return ax
