"""An average gain taken apart: printed gains with their rounding, required ranges, and the claimed average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..claims.xtreme.decomposition import MEAN_KIND, PRINTED_KIND, REQUIRED_KIND, Decomposition
from .style import BLACK, BLUE, GREY, ORANGE
from .words import caption_below, label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_OFFSET = 0.17


def plot_decomposition(data: Decomposition, ax: Axes) -> Axes:
    """Draw an average gain task by task.

    Parameters
    ----------
    data
        As :func:`analysis.claims.xtreme.decomposition.decompose` returns it.
    ax
        Axes to draw on; tasks from top to bottom, gain in points across.
    """
    frame = data.frame
    tasks = list(dict.fromkeys(frame["task"]))
    place = {task: len(tasks) - 1 - i for i, task in enumerate(tasks)}
    printed = frame[frame["kind"] == PRINTED_KIND]
    publications = list(dict.fromkeys(printed["publication"]))
    for i, (publication, colour) in enumerate(zip(publications, (BLUE, ORANGE), strict=False)):
        rows = printed[printed["publication"] == publication]
        shift = _OFFSET * (1 - 2 * i) * (len(publications) > 1)
        _bars(ax, rows, [place[task] + shift for task in rows["task"]], 2 * _OFFSET, edgecolor=colour,
              facecolor="white" if i else colour, linewidth=1.0, label=f"printed: {publication}")  # fmt: skip
    required = frame[frame["kind"] == REQUIRED_KIND]
    if len(required):
        _bars(ax, required, [place[task] for task in required["task"]], 0.5, facecolor="none", edgecolor=BLACK,
              hatch="////", linewidth=0.8, label="required of each missing task")  # fmt: skip
    means = frame[frame["kind"] == MEAN_KIND]
    n = int((printed["publication"] == means["publication"].iloc[0]).sum())
    _bars(ax, means, [place[task] for task in means["task"]], 0.5, color=BLACK, linewidth=0,
          label=f"mean of the {n} printed tasks, {publications[0]}")  # fmt: skip
    ax.axhline(place[means["task"].iloc[0]] + 0.5, color=GREY, linewidth=0.5)
    ax.axvline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    low, high = float(data.claimed.low), float(data.claimed.high)
    ax.axvspan(
        low, high, color=GREY, alpha=0.5, linewidth=0, zorder=0, label=f"claimed mean, {low:g} to under {high:g}"
    )
    ax.set_yticks(list(place.values()), list(place))
    label_axes(ax, "gain over no intermediate task (points)")
    ax.use_sticky_edges = False
    ax.margins(x=0.03, y=0.04)
    legend_above(ax, 2)
    caption_below(ax, data.caption)
    return ax


def _bars(ax: Axes, rows: pd.DataFrame, y: list[float], height: float, **style: Any) -> None:
    """A bar from ``low`` to ``high`` for each row."""
    ax.barh(y, rows["high"] - rows["low"], left=rows["low"], height=height, **style)
