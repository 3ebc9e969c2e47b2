"""Outcome against model size for near and distant languages: means, and the lines of a mixed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.text import magnitude
from ..outcomes.axes import AXES
from .size_ticks import size_ticks
from .style import BLACK, BLUE, GREY, ORANGE
from .words import label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from .inputs import LineBySize


def size_means(rows: pd.DataFrame, outcome: str = "gain") -> pd.DataFrame:
    """Mean outcome by model and half of the languages: ``model``, ``log_params``, ``half``, ``mean``, ``n``."""
    distance = rows.groupby("language")["typology"].first()
    near = set(distance.index[distance <= distance.median()])
    half = np.where(rows["language"].isin(list(near)), "nearer half", "farther half")
    means = (
        rows.assign(half=half).groupby(["model", "log_params", "half"], as_index=False)[outcome].agg(["mean", "size"])
    )
    return means.rename(columns={"size": "n"}).sort_values(["log_params", "half"]).reset_index(drop=True)


def plot_sizes(
    rows: pd.DataFrame, found: LineBySize, ax: Axes, outcome: str = "gain", marks: tuple[float, float] | None = None
) -> Axes:
    """Draw means by size and the model's lines at two distances.

    Parameters
    ----------
    rows
        With ``model``, ``log_params`` (base 2, zero at 1 billion), ``language``, ``typology`` and the outcome.
    found
        The fit and the two distances.
    ax
        Axes to draw on.
    outcome
        Column.
    marks
        A range of sizes to shade, in millions of parameters.
    """
    means = size_means(rows, outcome)
    styles = {"nearer half": (BLUE, "o", "-"), "farther half": (ORANGE, "s", "--")}
    low, high = float(rows["log_params"].min()), float(rows["log_params"].max())
    if marks:
        ax.axvspan(
            *np.log2(np.array(marks) / 1000.0), color=GREY, alpha=0.08, linewidth=0, label="range of the question"
        )
    ax.axhline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    x = np.linspace(low, high, 40)
    for (half, (colour, marker, dash)), distance in zip(styles.items(), found.distances, strict=True):
        line = found.result.contrast(_weights(found, x, distance))
        ax.fill_between(x, line["conf_low"], line["conf_high"], color=colour, alpha=0.13, linewidth=0)
        ax.plot(
            x,
            line["estimate"],
            color=colour,
            linewidth=1.6,
            linestyle=dash,
            label=f"model at a distance of {distance:.2f}",
        )
        own = means[means["half"] == half]
        ax.plot(own["log_params"], own["mean"], color=colour, marker=marker, linestyle="none", markersize=5,
                label=f"mean, {half} of the languages")  # fmt: skip
    legend_above(ax, 2)
    label_axes(ax, "Parameters (logarithmic)", "Gain (points)" if outcome == "gain" else "Score (points)")
    size_ticks(ax, AXES["size"], rows["log_params"].unique().tolist(), low, high)
    return ax


def _weights(found: LineBySize, x: np.ndarray, distance: float) -> np.ndarray:
    terms = {"Intercept": np.ones_like(x), "log_params": x, "typology": np.full_like(x, distance),
             "log_params:typology": x * distance}  # fmt: skip
    return np.column_stack([terms.get(name, np.zeros_like(x)) for name in found.result.names])


def size_name(log_params: float) -> str:
    """A size as it is printed: ``560M``, ``7.1B``; ``log_params`` is base 2, zero at 1 billion."""
    return magnitude(1e9 * 2.0**log_params)
