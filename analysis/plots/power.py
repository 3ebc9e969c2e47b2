"""Power and minimum detectable effect over one factor of a design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .style import BLACK, BLUE, ORANGE
from .words import caption_below, label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_power(frame: pd.DataFrame, factor: str, ax: Axes, target: float = 0.8, caption: str = "") -> Axes:
    """Draw simulated power, or the minimum detectable effect where an effect was not given.

    Parameters
    ----------
    frame
        One row per design: ``factor``, ``power``, ``power_se``, ``balanced_power``, ``detectable``.
    factor
        Column on the x axis.
    ax
        Axes to draw on.
    target
        Power that a line marks.
    caption
        What the figure rests on, drawn small at its foot.
    """
    rows = frame.sort_values(factor)
    x = rows[factor].to_numpy()
    if rows["power"].notna().all():
        power, se = rows["power"].to_numpy(dtype=float), rows["power_se"].to_numpy(dtype=float)
        ax.axhline(target, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), label=f"{target:.0%}")
        ax.fill_between(x, power - 1.96 * se, power + 1.96 * se, color=BLUE, alpha=0.16, linewidth=0,
                        label="± 1.96 Monte Carlo standard errors")  # fmt: skip
        ax.plot(x, power, color=BLUE, marker="o", markersize=4.0, linewidth=1.6, label="simulated")
        ax.plot(x, rows["balanced_power"], color=ORANGE, linestyle="--", linewidth=1.2, label="closed form")
        ax.set_ylim(0.0, 1.02)
        ylabel = "power (share of sweeps with p < 0.05)"
    else:
        ax.plot(x, rows["detectable"], color=BLUE, marker="o", markersize=4.0, linewidth=1.6,
                label=f"detected with {target:.0%} power")  # fmt: skip
        ax.set_ylim(bottom=0.0)
        ylabel = "minimum detectable effect (points per 0.1 of distance)"
    label_axes(ax, factor, ylabel)
    ax.set_xticks(x)
    legend_above(ax)
    caption_below(ax, caption)
    return ax
