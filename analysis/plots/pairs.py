"""Scores of every language trained on in every language tested, both ordered by family."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import UnknownLanguageError
from ..languages.codes import Language, resolve
from .style import BLACK, GREY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Families with fewer languages than this are drawn without their name.
NAMED = 3
UNKNOWN = "family not known"


def pair_table(frame: pd.DataFrame, value: str = "score") -> pd.DataFrame:
    """Mean of ``value`` by language tested (rows) and language trained on (columns).

    Both are ordered by family, the larger first by the languages tested, those without a known one last, and within it
    by branch and name. Pairs without a row are missing.
    """
    cells = frame.pivot_table(index="language", columns="train_language", values=value, aggfunc="mean")
    size: dict[str, int] = {}
    for code in cells.index:
        size[family_of(code)] = size.get(family_of(code), 0) + 1

    def order(code: str) -> tuple[bool, int, str, str, str]:
        family = family_of(code)
        return family == UNKNOWN, -size.get(family, 0), family, _branch(code), _name(code)

    return cells.loc[sorted(cells.index, key=order), sorted(cells.columns, key=order)]


def plot_pairs(cells: pd.DataFrame, ax: Axes, label: str, xlabel: str, ylabel: str) -> Axes:
    """Draw a table of pairs, as :func:`pair_table` gives it, with lines between families.

    Parameters
    ----------
    cells
        Languages tested by languages trained on, by code; a language in itself has a frame.
    ax
        Axes to draw on.
    label
        Label of the colour bar, with units.
    xlabel, ylabel
        What columns and rows are.
    """
    values = np.ma.masked_invalid(cells.to_numpy(dtype=float))
    n, m = values.shape
    ax.set_facecolor("#dddddd")
    mesh = ax.pcolormesh(np.arange(m + 1) - 0.5, np.arange(n + 1) - 0.5, values, cmap="cividis", rasterized=True)
    ax.set_xlim(-0.5, m - 0.5)
    ax.set_ylim(n - 0.5, -0.5)
    size = max(3.0, min(8.0, 420.0 / max(n, m)))
    ax.set_yticks(range(n), [_label(code) for code in cells.index], fontsize=size)
    ax.set_xticks(range(m), [_label(code) for code in cells.columns], fontsize=size, rotation=90)
    ax.tick_params(length=0, pad=1)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    _divide(ax, list(cells.index), m, rows=True)
    _divide(ax, list(cells.columns), n, rows=False)
    _own(ax, cells)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(mesh, ax=ax, fraction=0.03, pad=0.12, aspect=40)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return ax


def family_of(code: str) -> str:
    """Family of a language, in words where it is not known."""
    found = _language(code)
    return found.family or UNKNOWN if found else UNKNOWN


def _divide(ax: Axes, codes: Sequence[str], across: int, rows: bool) -> None:
    """Lines between families; their names at the right of the rows."""
    family = [family_of(code) for code in codes]
    starts = [0, *(i for i in range(1, len(family)) if family[i] != family[i - 1]), len(family)]
    for first, after in pairwise(starts):
        line = [first - 0.5, first - 0.5], [-0.5, across - 0.5]
        if first:
            ax.plot(*(reversed(line) if rows else line), color="white", linewidth=0.7)
        if rows and after - first >= NAMED:
            ax.text(across - 0.2, (first + after - 1) / 2, family[first], fontsize=6.5, color=GREY, va="center")


def _own(ax: Axes, cells: pd.DataFrame) -> None:
    """A frame around a language tested in itself."""
    from matplotlib.patches import Rectangle

    place = {code: i for i, code in enumerate(cells.index)}
    for j, code in enumerate(cells.columns):
        if code in place:
            ax.add_patch(Rectangle((j - 0.5, place[code] - 0.5), 1.0, 1.0, fill=False, edgecolor=BLACK, linewidth=0.5,
                                   zorder=3, gid=f"own {code}"))  # fmt: skip


def _branch(code: str) -> str:
    found = _language(code)
    return found.genus if found else ""


def _name(code: str) -> str:
    found = _language(code)
    return found.name if found else str(code)


def _label(code: str) -> str:
    found = _language(code)
    return found.label if found else str(code)


def _language(code: str) -> Language | None:
    try:
        return resolve(str(code))
    except UnknownLanguageError:
        return None
