"""Funnel plot: effects against their standard errors, with what trim-and-fill adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError
from .style import BLACK, BLUE, GREEN, GREY, ORANGE
from .words import caption_below, label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..questions.pooling import Pooled

# A colour of Okabe and Ito's palette and a marker per group; further groups are grey.
COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
NORMAL = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Funnel:
    """``points`` has ``effect``, ``std_error``, ``group`` and ``filled`` (added by trim-and-fill).

    ``center`` is the pooled effect, ``tau2`` the variance between effects.
    """

    points: pd.DataFrame
    center: float
    tau2: float


def funnel_points(found: Pooled) -> Funnel:
    """Effects of ``found`` by target task; with the mirror images of trim-and-fill (L0) if bias was tested."""
    import pandas as pd

    from ..questions.pooling.groups import PoolingModel

    outcome = found.request.options.outcome
    rows = found.rows
    points = pd.DataFrame(
        {
            "effect": rows[outcome].astype(float),
            "std_error": np.sqrt(rows["variance"].astype(float)),
            "group": rows["target_task"].astype("str"),
            "filled": False,
        }
    )
    if found.bias:
        try:
            filled = PoolingModel(outcome, found.request.method, None, True).alone(rows).trim_and_fill("L0").filled
        except CrossliftError:
            filled = np.empty((0, 2))
        if len(filled):
            more = pd.DataFrame({"effect": filled[:, 0], "std_error": np.sqrt(filled[:, 1]), "group": "filled in",
                                 "filled": True})  # fmt: skip
            points = pd.concat([points, more], ignore_index=True)
    return Funnel(points, float(found.result.predict()["estimate"].iloc[0]), found.result.tau2)


def plot_funnel(data: Funnel, ax: Axes, xlabel: str, caption: str = "") -> Axes:
    """Draw a funnel plot.

    Parameters
    ----------
    data
        As :func:`funnel_points` returns it.
    ax
        Axes to draw on; the standard error grows downwards.
    xlabel
        With units.
    caption
        What the figure rests on, drawn small at its foot.
    """
    points = data.points
    depth = 1.06 * float(points["std_error"].max())
    grid = np.linspace(0.0, depth, 60)
    for spread, shade, label in (
        (np.sqrt(grid**2 + data.tau2), 0.10, "95% of effects: sampling error and true differences"),
        (grid, 0.18, "95% by sampling error alone"),
    ):
        ax.fill_betweenx(grid, data.center - NORMAL * spread, data.center + NORMAL * spread, color=GREY, alpha=shade,
                         linewidth=0, label=label)  # fmt: skip
    ax.axvline(data.center, color=BLACK, linewidth=0.8, linestyle="--", label="pooled")
    seen = points[~points["filled"]]
    groups = seen["group"].value_counts().index.tolist()
    for i, group in enumerate(groups):
        own = seen[seen["group"] == group]
        known = i < len(COLORS)
        ax.scatter(own["effect"], own["std_error"], s=12, alpha=0.65, linewidth=0, zorder=3,
                   color=COLORS[i] if known else GREY, marker=MARKERS[i] if known else ".",
                   label=group if known else ("other groups" if i == len(COLORS) else None))  # fmt: skip
    filled = points[points["filled"]]
    if len(filled):
        ax.scatter(filled["effect"], filled["std_error"], s=14, facecolor="none", edgecolor=BLACK, linewidth=0.7,
                   zorder=3, label=f"filled in ({len(filled)})")  # fmt: skip
    ax.set_ylim(depth, 0.0)
    legend_above(ax, 3)
    label_axes(ax, xlabel, "standard error (points)")
    caption_below(ax, caption)
    return ax
