"""Heat maps of cells, rows ordered by language family; cells without data are hatched, not coloured as zero."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..languages.codes import resolve
from .style import BLACK, GREY, size

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def by_family(frame: pd.DataFrame, column: str, value: str, language: str = "language") -> pd.DataFrame:
    """Mean of ``value`` by language (rows) and ``column``.

    Rows are ordered by family, the larger first, and within it by name; the index is the language's code. Cells without
    a row are missing.
    """
    cells = frame.pivot_table(index=language, columns=column, values=value, aggfunc="mean", dropna=False)
    families = {code: resolve(str(code)).family or "–" for code in cells.index}
    size = {family: sum(1 for other in families.values() if other == family) for family in families.values()}
    order = sorted(cells.index, key=lambda code: (-size[families[code]], families[code], resolve(str(code)).name))
    return cells.loc[order]


def plot_heat(
    cells: pd.DataFrame,
    ax: Axes,
    label: str,
    xlabel: str = "",
    families: bool = True,
    centre: float | None = 0.0,
    digits: int = 1,
    columns: Sequence[str] | None = None,
) -> Axes:
    """Draw a table of cells.

    Parameters
    ----------
    cells
        Rows are languages by code, ordered as :func:`by_family` does where ``families`` is true; else any rows.
    ax
        Axes to draw on.
    label
        Label of the colour bar, with units.
    xlabel
        What the columns are.
    families
        Rows are languages: print their names, and their families at the right.
    centre
        Value at the middle of a diverging scale; ``None`` for a sequential one.
    digits
        Decimals printed in the cells.
    columns
        Printed names of the columns, where they differ from the columns' own.
    """
    from matplotlib.colors import Normalize, TwoSlopeNorm

    values = cells.to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    spread = float(np.abs(known - (centre or 0.0)).max()) or 1.0
    norm: Normalize
    if centre is None:
        norm, cmap = Normalize(float(known.min()), float(known.max())), "cividis"
    else:
        norm, cmap = TwoSlopeNorm(centre, centre - spread, centre + spread), "RdBu_r"
    ax.set_facecolor("white")
    n, m = values.shape
    mesh = ax.pcolormesh(np.arange(m + 1) - 0.5, np.arange(n + 1) - 0.5, np.ma.masked_invalid(values), cmap=cmap,
                         norm=norm, edgecolors="white", linewidth=0.8)  # fmt: skip
    for i, j in zip(*np.nonzero(~np.isfinite(values)), strict=True):
        _missing(ax, float(j), float(i))
    for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True):
        colour = _readable(*mesh.to_rgba(values[i, j])[:3])
        text = f"{round(values[i, j], digits) + 0.0:.{digits}f}".replace("-", "−")  # no −0.0
        ax.text(j, i, text, ha="center", va="center", fontsize=size(6.8), color=colour)
    ax.set_xlim(-0.5, m - 0.5)
    ax.set_ylim(n - 0.5, -0.5)
    names = [resolve(str(code)).name for code in cells.index] if families else [str(row) for row in cells.index]
    ax.set_yticks(range(n), names, fontsize=size(8.0))
    heads = list(columns) if columns is not None else [str(name) for name in cells.columns]
    long = max(map(len, heads)) * m > 70
    ax.set_xticks(range(m), heads, fontsize=size(8.0), rotation=40 if long else 0, ha="right" if long else "center",
                  rotation_mode="anchor" if long else "default")  # fmt: skip
    ax.tick_params(length=0)
    ax.set_xlabel(xlabel)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    if families:
        _families(cells, ax, m)
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(mesh, ax=ax, fraction=0.035, pad=0.03, aspect=30)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return ax


def _missing(ax: Axes, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, facecolor="white", edgecolor="#dddddd", hatch="////",
                           linewidth=0.0, gid="missing"))  # fmt: skip


def _readable(red: float, green: float, blue: float) -> Literal["white", "#222222"]:
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else "#222222"


def _families(cells: pd.DataFrame, ax: Axes, m: int) -> None:
    """Lines between families and their names at the right."""
    family = [resolve(str(code)).family or "–" for code in cells.index]
    starts = [0, *(i for i in range(1, len(family)) if family[i] != family[i - 1]), len(family)]
    for first, after in pairwise(starts):
        if first:
            ax.plot([-0.5, m - 0.5], [first - 0.5] * 2, color=BLACK, linewidth=0.8, clip_on=False)
        ax.text(m - 0.4, (first + after - 1) / 2, family[first], fontsize=size(7.0), color=GREY, va="center", ha="left")
