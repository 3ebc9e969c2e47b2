"""The robustness strip: one slope under every model that was tried, a point and an interval a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .look import look
from .style import BLACK, BLUE, GREY, ORANGE, size
from .words import canvas_of, label_axes, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .inputs import StripRow

#: Height of a row in inches at the base size of text, of one whose label is broken, and of the axis under the rows.
ROW, BROKEN, REST = 0.2, 0.27, 0.75
#: Characters of a label beyond which it is broken at the width of a text.
_LINE = 46
#: Inches between a label and what is on its left.
GAP = 0.1


def strip_height(rows: Sequence[StripRow]) -> float:
    """Height of a strip in inches at the base size of text."""
    drawn = [row for row in rows if row.computed]
    broken = look().panels == 1 or look().wide or any(len(row.label) > _LINE for row in drawn)
    return REST + (BROKEN if broken else ROW) * len(drawn)


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
    ax.set_yticks([])
    ax.set_ylim(-0.7, len(drawn) - 0.3)
    ax.spines["left"].set_visible(False)
    ax.axvline(0.0, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
    for i, row in enumerate(drawn):
        y = len(drawn) - 1 - i
        colour = BLUE if i == 0 else ORANGE if row.name == "pooled" else BLACK
        ax.plot([row.conf_low, row.conf_high], [y, y], color=colour, linewidth=2.0 if i == 0 else 1.1,
                solid_capstyle="butt", gid=f"interval {row.name}")  # fmt: skip
        face = colour if row.direction else "white"
        ax.plot([row.estimate], [y], marker="o", markersize=5.0 if i == 0 else 4.0, color=colour, markerfacecolor=face,
                linestyle="none", gid=f"estimate {row.name}")  # fmt: skip
        # Out of the layout: long labels would narrow the other panel.
        label = ax.text(-0.03, y, row.label, transform=ax.get_yaxis_transform(), ha="right", va="center",
                        fontsize=size(7.5), linespacing=1.0, gid=f"label {row.name}")  # fmt: skip
        label.set_in_layout(False)
    label_axes(ax, xlabel)
    break_labels(ax)
    return ax


def break_labels(ax: Axes) -> None:
    """Break labels that would not fit between the Axes and what is on their left; again after what moves the Axes."""
    made = canvas_of(ax)
    made.draw_without_rendering()
    here = ax.get_window_extent()
    beside = [other.get_window_extent().x1 for other in made.axes if other is not ax]
    left = max([edge for edge in beside if edge < here.x0], default=0.0)
    room = (here.x0 - 0.03 * here.width - left) / made.dpi - GAP
    for label in ax.texts:
        if str(label.get_gid()).startswith("label "):
            label.set_text(wrapped(" ".join(label.get_text().split()), label, room))
