"""Gains of two mixtures at two measured sizes, with the line between them marked as unmeasured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .sizes import size_name
from .style import BLUE, GREY, ORANGE
from .words import label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from .inputs import SizePair, TwoSizes


def plot_mixtures(
    cells: pd.DataFrame, pair: SizePair, found: Mapping[str, TwoSizes], ax: Axes, marks: tuple[float, float]
) -> Axes:
    """Draw the mean gain of each mixture at both sizes, with the points of single cells.

    Parameters
    ----------
    cells
        As :func:`analysis.reports.mixture_arms.arm_rows` returns them.
    pair, found
        Sizes, and the fit of each mixture.
    ax
        Axes to draw on.
    marks
        The range of the question, in millions of parameters, shaded.
    """
    ax.axvspan(*np.log2(np.array(marks) / 1000.0), color=GREY, alpha=0.08, linewidth=0, label="range of the question")
    for i, ((name, change), colour, marker) in enumerate(zip(found.items(), (ORANGE, BLUE), ("s", "o"), strict=True)):
        shift = (i - 0.5) * 0.16
        x = np.array(pair.sizes) + shift
        own = cells["larger"].map(dict(enumerate(x)))
        ax.scatter(own, cells[name], s=6, marker=marker, color=colour, alpha=0.25, linewidth=0)
        ends = (change.at_small, change.at_large)
        y = [value.estimate for value in ends]
        low, high = ([getattr(value, side) for value in ends] for side in ("low", "high"))
        ax.plot(x, y, color=colour, linestyle="--", linewidth=1.4, label=f"{name}: line between, not measured")
        ax.errorbar(x, y, yerr=[np.subtract(y, low), np.subtract(high, y)], color=colour, fmt=marker, markersize=6,
                    linewidth=1.4, capsize=3, label=f"{name}: measured, 95% interval")  # fmt: skip
    ax.axhline(0.0, color=GREY, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ticks = sorted({*pair.sizes, float(np.log2(marks[1] / 1000.0))})
    ax.set_xticks(ticks, [size_name(tick) for tick in ticks])
    legend_above(ax, 2)
    label_axes(ax, "Parameters (logarithmic)", "Gain (points)")
    return ax
