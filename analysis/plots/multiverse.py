"""Specification curve: sorted effects above the matrix of choices that made them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats, Integers
from ..core.confidence import ALPHA
from .style import BLACK, BLUE, GREY, ORANGE, size
from .words import caption_below, label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Up to this many fits are drawn one by one; beyond that, neighbours in rank share one of this many bins.
SINGLE, BINS = 240, 120


def plot_curve(frame: pd.DataFrame, ax: Axes, ylabel: str, claimed: float | None = None) -> Axes:
    """Draw the effects in ascending order with their intervals.

    Parameters
    ----------
    frame
        One row per fit, with ``effect``, ``effect_low``, ``effect_high``, ``p_value`` and ``default``.
    ax
        Axes to draw on.
    ylabel
        With the unit.
    claimed
        A value to compare with, in the same unit.
    """
    from matplotlib.ticker import MaxNLocator

    rows = frame.sort_values("effect", kind="stable").reset_index(drop=True)
    rank = np.arange(1, len(rows) + 1)
    effect, small = rows["effect"].to_numpy(), rows["p_value"].to_numpy() < ALPHA
    ax.axhline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    low, high = rows["effect_low"].to_numpy(), rows["effect_high"].to_numpy()
    if len(rows) <= SINGLE:
        ax.vlines(rank, low, high, color=GREY, alpha=0.35, linewidth=0.8, label="95% interval", zorder=1)
    else:
        bins = bin_of(len(rows))
        at = _mean(rank.astype(float), bins)
        ax.fill_between(at, _median(low, bins), _median(high, bins), color=GREY, alpha=0.25, linewidth=0,
                        label="95% interval, median of neighbours", zorder=1)  # fmt: skip
    area = (9.0 if len(rows) <= SINGLE else 4.0) * size(1.0)
    for hit, colour, marker, words in (
        (~small, GREY, "o", "p ≥ 0.05"),
        (small & (effect < 0), BLUE, "v", "p < 0.05, negative"),
        (small & (effect > 0), ORANGE, "^", "p < 0.05, positive"),
    ):
        if hit.any():
            label = f"{words} ({hit.mean():.0%})"
            ax.scatter(rank[hit], effect[hit], s=area, marker=marker, color=colour, linewidth=0, label=label, zorder=3)
    own = rows["default"].to_numpy(dtype=bool)
    if own.any():
        ax.scatter(rank[own], effect[own], s=36, marker="D", facecolor="none", edgecolor=BLACK, linewidth=1.4,
                   label="default specification", zorder=4)  # fmt: skip
    if claimed is not None:
        ax.axhline(claimed, color=BLACK, linewidth=1.0, linestyle="--", label="claimed", zorder=2)
    label_axes(ax, "", ylabel)
    # Intervals of a few fits with very few languages would flatten the curve: the axis shows 98% of them completely.
    bottom, top = np.quantile(low, 0.02), np.quantile(high, 0.98)
    shown = [bottom, top, effect.min(), effect.max(), *([] if claimed is None else [claimed])]
    spread = max(shown) - min(shown)
    ax.set_ylim(min(shown) - 0.05 * spread, max(shown) + 0.05 * spread)
    ax.set_xlim(0, len(rows) + 1)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.tick_params(axis="x", labelbottom=False)
    legend_above(ax, 3)
    return ax


def plot_choices(frame: pd.DataFrame, choices: Sequence[str], ax: Axes, caption: str = "") -> Axes:
    """Draw which options the fits took, in the order of the curve.

    Every option is a line, the default one first; its darkness is the share of the fits at that place that took it.

    Parameters
    ----------
    frame
        As for :func:`plot_curve`, with a column for each of ``choices``.
    choices
        Columns, drawn from top to bottom.
    ax
        Axes to draw on; share its x axis with the curve's.
    caption
        What the figure rests on, drawn small at its foot.
    """
    rows = frame.sort_values("effect", kind="stable").reset_index(drop=True)
    bins = bin_of(len(rows))
    edges = np.append(np.unique(bins, return_index=True)[1], len(rows)) + 0.5
    labels, owners, shares = [], [], []
    for choice in choices:
        default = rows.loc[rows["default"].astype(bool), choice].astype(str).tolist()
        for option in dict.fromkeys([*default, *sorted(rows[choice].astype(str).unique())]):
            labels.append(option)
            owners.append(choice)
            shares.append(_mean((rows[choice].astype(str) == option).to_numpy(dtype=float), bins))
    gaps = np.cumsum([0.0] + [0.5 if a != b else 0.0 for a, b in pairwise(owners)])
    place = np.arange(len(labels)) + gaps
    for y, share in zip(place, shares, strict=True):
        image = np.ma.masked_less(share[None, :], 1e-9)
        ax.pcolormesh(edges, [y - 0.42, y + 0.42], image, cmap="Blues", vmin=-0.25, vmax=1.0, linewidth=0,
                      rasterized=True)  # fmt: skip
    ax.set_yticks(place, [_short(label) for label in labels], fontsize=size(7.0))
    ax.set_ylim(place[-1] + 0.7, -0.7)
    ax.tick_params(axis="y", length=0)
    for choice in choices:
        own = [p for p, owner in zip(place, owners, strict=True) if owner == choice]
        ax.annotate(choice.replace("_", " "), xy=(1.01, float(np.mean(own))), xycoords=("axes fraction", "data"),
                    va="center", fontsize=size(7.5), color=BLACK, annotation_clip=False)  # fmt: skip
    label_axes(ax, "specifications, sorted by effect")
    caption_below(ax, caption)
    return ax


def bin_of(count: int) -> Integers:
    """Bin of each rank: its own for up to ``SINGLE`` fits, else one of ``BINS`` with equally many neighbours each."""
    if count <= SINGLE:
        return np.arange(count)
    return (np.arange(count) * BINS) // count


def _mean(values: Floats, bins: Integers) -> Floats:
    return np.bincount(bins, values) / np.bincount(bins)


def _median(values: Floats, bins: Integers) -> Floats:
    starts = np.unique(bins, return_index=True)[1][1:]
    return np.array([np.median(part) for part in np.split(values, starts)])


def _short(label: str, most: int = 26) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
