"""Caterpillar: conditional modes of one grouping factor, sorted, with intervals and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.special import ndtri

from ..languages.codes import resolve
from .style import BLACK, BLUE, GREY, size
from .words import label_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..mixed.result import MixedResult


def modes(result: MixedResult, group: str, term: str = "Intercept") -> pd.DataFrame:
    """Conditional modes of ``group``, from smallest to largest.

    Returns
    -------
    frame
        ``level``, ``label`` (the language's name where the group is ``language``), ``value``, ``conf_low`` and
        ``conf_high`` (95%, given the fixed effects and variances).

    Raises
    ------
    UnknownNameError
        If the model does not have such an effect.
    """
    from ..core.errors import unknown_name

    effects = result.random_effects()
    if group not in set(effects["group"]):
        raise unknown_name("grouping factor", group, effects["group"].unique())
    own = effects[effects["group"] == group]
    if term not in set(own["term"]):
        raise unknown_name(f"effect of '{group}'", term, own["term"].unique())
    own = own[own["term"] == term].sort_values(["value", "level"]).reset_index(drop=True)
    half = float(ndtri(0.975)) * own["std_dev"]
    label = [resolve(code).name if group == "language" else str(code) for code in own["level"]]
    return own.assign(label=label, conf_low=own["value"] - half, conf_high=own["value"] + half)[
        ["level", "label", "value", "conf_low", "conf_high"]
    ]


def plot_caterpillar(data: pd.DataFrame, ax: Axes, xlabel: str) -> Axes:
    """Draw conditional modes.

    Parameters
    ----------
    data
        As :func:`modes` returns them: one row per level, drawn from bottom to top.
    ax
        Axes to draw on; a fifth of an inch of height per level keeps the names apart.
    xlabel
        With units.
    """
    y = range(len(data))
    clear = (data["conf_low"] > 0.0) | (data["conf_high"] < 0.0)
    ax.axvline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ax.hlines(y, data["conf_low"], data["conf_high"], colors=[BLUE if c else GREY for c in clear], linewidth=1.2)
    ax.scatter(data["value"], y, s=18, linewidth=1.0, zorder=3, c=[BLUE if c else "white" for c in clear],
               edgecolors=[BLUE if c else GREY for c in clear])  # fmt: skip
    ax.set_yticks(list(y), list(data["label"]), fontsize=size(8.0))
    ax.set_ylim(-0.8, len(data) - 0.2)
    ax.tick_params(axis="y", length=0)
    label_axes(ax, xlabel)
    ax.grid(axis="x", color=BLACK, alpha=0.08, linewidth=0.6)
    return ax
