"""Bubble plot: effects against a moderator, with areas by weight and the line of the meta-regression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError
from ..meta.result import MetaResult
from .size_ticks import size_ticks
from .style import BLACK, BLUE, size
from .words import caption_below, label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..outcomes.axes import Axis
    from ..questions.pooling import Pooled

GRID = 40


@dataclass(frozen=True, slots=True)
class Bubbles:
    """Data of the figure.

    Attributes
    ----------
    moderator
        Column on the x axis.
    points
        One row per effect: ``x``, ``effect``, ``weight`` (the inverse of its sampling variance and of the variance
        between effects).
    line
        ``x``, ``estimate``, ``conf_low``, ``conf_high``: the expected effect, averaged over the other moderators, with
        the 95% band of its difference from the mean.
    """

    moderator: str
    points: pd.DataFrame
    line: pd.DataFrame


def numeric_moderator(found: Pooled) -> str | None:
    """The first moderator that is a column of numbers; ``None`` if there is none."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", " ".join(found.request.moderators)):
        if name in found.rows and is_numeric_dtype(found.rows[name]) and not is_bool_dtype(found.rows[name]):
            return name
    return None


def bubbles(found: Pooled) -> Bubbles:
    """Effects and the meta-regression's line over the first numeric moderator.

    Raises
    ------
    CrossliftError
        If there is no such moderator.
    """
    import pandas as pd

    name = numeric_moderator(found)
    if name is None or found.moderated is None:
        raise CrossliftError("a bubble plot needs a moderator that is a number.", "Give --moderator typology.")
    result = found.moderated.result
    if isinstance(result, MetaResult):
        effects = result.effects
        evaluator, contrast, design, kept = effects.evaluator, result.contrast, effects.X, effects.kept
    else:
        mixed = result.mixed
        evaluator, contrast, design, kept = mixed.design.evaluator, mixed.contrast, mixed.design.X, result.kept
    assert evaluator is not None  # moderators are given as formulas
    used = found.rows[kept].reset_index(drop=True)
    x = used[name].to_numpy(dtype=float)
    grid = np.linspace(x.min(), x.max(), GRID)
    means = np.array([evaluator.evaluate(used.assign(**{name: value})).mean(axis=0) for value in grid])
    centre = design.mean(axis=0)
    level = float(centre @ result.coefficients)
    line = contrast(means - centre)[["conf_low", "conf_high"]].fillna(0.0) + level
    line.insert(0, "x", grid)
    line.insert(1, "estimate", means @ result.coefficients)
    outcome = found.request.options.outcome
    points = pd.DataFrame({"x": x, "effect": used[outcome].astype(float),
                           "weight": 1.0 / (used["variance"].astype(float) + result.tau2)})  # fmt: skip
    return Bubbles(name, points, line)


def plot_bubbles(
    data: Bubbles, ax: Axes, xlabel: str, ylabel: str, caption: str = "", sizes: Axis | None = None
) -> Axes:
    """Draw a bubble plot.

    Parameters
    ----------
    data
        As :func:`bubbles` returns it.
    ax
        Axes to draw on.
    xlabel, ylabel
        With units.
    caption
        What the figure rests on, drawn small at its foot.
    sizes
        What ``x`` is the base-2 logarithm of; ticks then read as sizes.
    """
    points, line = data.points, data.line
    ax.axhline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    areas = 4.0 + 26.0 * points["weight"] / points["weight"].max()
    faint = max(0.25, min(0.7, 60.0 / len(points)))
    ax.scatter(points["x"], points["effect"], s=areas * size(1.0) ** 2, color=BLACK, alpha=faint, linewidth=0,
               label="effects, area by weight")  # fmt: skip
    ax.fill_between(line["x"], line["conf_low"], line["conf_high"], color=BLUE, alpha=0.22, linewidth=0, zorder=2,
                    label="95% band of the slope")  # fmt: skip
    ax.plot(line["x"], line["estimate"], color=BLUE, linewidth=1.8, zorder=3, label="meta-regression")
    ax.margins(x=0.03)
    legend_above(ax)
    label_axes(ax, xlabel, ylabel)
    caption_below(ax, caption)
    if sizes is not None:
        size_ticks(ax, sizes, points["x"].tolist(), float(line["x"].min()), float(line["x"].max()))
    return ax
