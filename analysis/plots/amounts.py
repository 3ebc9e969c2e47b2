"""Mean gain against the amount of intermediate data, by target and baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import BLACK, BLUE, GREY, ORANGE
from .words import label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_COLOURS = (BLUE, ORANGE, BLACK, GREY)
_MARKERS = ("o", "s", "^", "D")
_LABELS = {"plain": "over no intermediate stage", "steps": "over as many steps on the target"}


def plot_amounts(points: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one line for each target and baseline: filled and solid over the plain one, open and dashed over steps.

    Parameters
    ----------
    points
        ``target_task``, ``baseline``, ``examples``, ``estimate``, ``low`` and ``high``, in points.
    ax
        Axes to draw on; the amount is on a logarithmic scale.
    """
    targets = sorted(points["target_task"].unique())
    lines = list(points.groupby(["target_task", "baseline"], sort=True))
    for i, ((target, baseline), rows) in enumerate(lines):
        marker = _MARKERS[targets.index(target) % len(_MARKERS)]
        colour, open_ = _COLOURS[targets.index(target) % len(_COLOURS)], baseline != "plain"
        shift = 1.0 + 0.03 * (i - (len(lines) - 1) / 2)  # side by side, so that intervals do not hide each other
        x, y = rows["examples"].to_numpy(dtype=float) * shift, rows["estimate"].to_numpy(dtype=float)
        ax.errorbar(
            x, y, yerr=np.abs(rows[["low", "high"]].to_numpy(dtype=float).T - y), color=colour, capsize=2, fmt=marker,
            markersize=5, markerfacecolor="white" if open_ else colour, linestyle="--" if open_ else "-",
            linewidth=1.2, label=f"{target}, {_LABELS.get(str(baseline), baseline)}",
        )  # fmt: skip
    ax.axhline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ax.set_xscale("log", base=2)
    amounts = sorted(points["examples"].unique())
    ax.set_xticks(amounts, [f"{amount:,.0f}" for amount in amounts])
    ax.minorticks_off()
    legend_above(ax, 2)
    label_axes(ax, "Examples of the intermediate task (logarithmic)", "Mean gain over languages (points)")
    return ax
