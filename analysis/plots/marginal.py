"""Marginal effect of one factor: band, labelled levels, and the naive pooled line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats
from ..languages.codes import resolve
from ..mixed.result import MixedResult
from ..outcomes.covariates import Factor
from .size_ticks import size_ticks
from .style import BLACK, BLUE, GREY, ORANGE, size
from .words import caption_below, label_axes, legend_above, name_places

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..outcomes.axes import Axis

GRID = 60


@dataclass(frozen=True, slots=True)
class Marginal:
    """Data of the figure.

    Attributes
    ----------
    line
        Columns ``x``, ``estimate``, ``conf_low``, ``conf_high`` (95% of the difference from the mean of ``x``: what is
        not known of the slope, without what is not known of the level), ``naive`` (pooled least squares through the
        mean of the points) and, with a fit of related languages, ``related`` (its line through the same mean).
    points
        One row per language or model: ``level``, ``label``, ``x``, ``adjusted`` (mean outcome with the other terms held
        at their averages), ``rows``.
    within
        If requested, the ends of a least-squares line within each group: ``group``, ``x``, ``y``.
    """

    line: pd.DataFrame
    points: pd.DataFrame
    within: pd.DataFrame | None = None


def marginal_effect(
    result: MixedResult,
    factor: Factor,
    rows: pd.DataFrame,
    within: str | None = None,
    related: MixedResult | None = None,
) -> Marginal:
    """Compute the effect of ``factor``, averaged over the other predictors as they are in the data.

    Parameters
    ----------
    result, factor
        The fit, and a factor in it.
    rows
        The frame that ``result`` was fitted on.
    within
        Column of groups, such as ``model``, to draw lines within.
    related
        The same model with a covariance between languages.
    """
    import pandas as pd

    used = rows.loc[result.design.kept].reset_index(drop=True)
    x = used[factor.column].to_numpy(dtype=float)
    grid = np.linspace(x.min(), x.max(), GRID)
    contrasts = _contrasts(result, factor, used, grid)
    own_contrasts = _contrasts(result, factor, used, x)
    line = effect_line(result, factor, used, grid)

    # Outcome minus everything but the factor and its level: what a plot would show if nothing else varied.
    at_own = own_contrasts @ result.coefficients
    own = {
        level: float(mode)
        for term, modes in zip(result.design.terms, result.modes, strict=True)
        if term.group == factor.level and "Intercept" in term.labels
        for level, mode in zip(term.levels, modes[:, term.labels.index("Intercept")], strict=True)
    }
    effect = used[factor.level].astype(str).map(own).fillna(0.0).to_numpy(dtype=float)
    adjusted = at_own + effect + result.design.y - result.predict()
    coefficients, *_ = np.linalg.lstsq(result.design.X, result.design.y, rcond=None)
    line["naive"] = adjusted.mean() + (contrasts - own_contrasts.mean(axis=0)) @ coefficients
    if related is not None:
        change = (contrasts - own_contrasts.mean(axis=0)) @ related.coefficients
        line["related"] = at_own.mean() + change
    level = used[factor.level].astype(str)
    points = (
        pd.DataFrame({"level": level, "x": x, "adjusted": adjusted})
        .groupby("level", sort=True)
        .agg(x=("x", "mean"), adjusted=("adjusted", "mean"), rows=("x", "size"))
        .reset_index()
    )
    names = [resolve(code).label if factor.level == "language" else code for code in points["level"]]
    points.insert(1, "label", names)
    lines = None
    if within is not None:
        kept = at_own + result.design.y - result.predict() + _modes(result, used, {factor.level, within})
        lines = _within(used[within], x, kept)
    return Marginal(line, points, lines)


def effect_at(result: MixedResult, factor: Factor, used: pd.DataFrame, x: Floats) -> Floats:
    """Expected outcome at ``x``, averaged over the other predictors as they are in ``used``."""
    return np.asarray(_contrasts(result, factor, used, x) @ result.coefficients, dtype=float)


def effect_line(result: MixedResult, factor: Factor, used: pd.DataFrame, x: Floats) -> pd.DataFrame:
    """:func:`effect_at` with a 95% band: ``x``, ``estimate``, ``conf_low``, ``conf_high``.

    The band is that of the difference from the mean effect, so that it is closed at the mean of ``x`` and leaves out a
    level line exactly where the interval of the slope leaves out zero.
    """
    centre = _contrasts(result, factor, used, used[factor.column].to_numpy(dtype=float)).mean(axis=0)
    away = _contrasts(result, factor, used, x) - centre
    level = float(centre @ result.coefficients)
    line = result.contrast(away)[["estimate", "conf_low", "conf_high"]].fillna(0.0) + level
    line["estimate"] = level + away @ result.coefficients
    line.insert(0, "x", x)
    return line


def _modes(result: MixedResult, used: pd.DataFrame, groups: set[str]) -> Floats:
    """Sum of the random effects of each row that belong to ``groups``."""
    total = np.zeros(len(used))
    for term, modes in zip(result.design.terms, result.modes, strict=True):
        if term.group in groups:
            values = modes[term.codes]
            total += values[:, 0] if term.values is None else (values * term.values).sum(axis=1)
    return total


def _within(groups: pd.Series[str], x: Floats, y: Floats) -> pd.DataFrame:
    """Ends of the least-squares line of each group in which ``x`` varies."""
    import pandas as pd

    parts = []
    for name, index in groups.reset_index(drop=True).groupby(groups.to_numpy(), sort=True).groups.items():
        own, outcome = x[np.asarray(index)], y[np.asarray(index)]
        if np.ptp(own) == 0.0:
            continue
        slope = float(np.cov(own, outcome, bias=True)[0, 1] / own.var())
        ends = np.array([own.min(), own.max()])
        parts.append(pd.DataFrame({"group": str(name), "x": ends, "y": outcome.mean() + slope * (ends - own.mean())}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["group", "x", "y"])


def plot_marginal(
    data: Marginal,
    ax: Axes,
    xlabel: str,
    ylabel: str,
    zero: bool = True,
    caption: str = "",
    sizes: Axis | None = None,
    within: str = "model",
    named: bool = True,
) -> Axes:
    """Draw a marginal effect.

    Parameters
    ----------
    data
        As :func:`marginal_effect` returns it.
    ax
        Axes to draw on.
    xlabel, ylabel
        With units.
    zero
        Draw a line at an outcome of zero.
    caption
        What the figure rests on, drawn small at its foot.
    sizes
        What ``x`` is the base-2 logarithm of; ticks then read as sizes.
    within
        In words, the groups that lines are drawn within.
    named
        Name the points. Names are placed in the final layout: with several Axes on a figure, call :func:`label_points`
        when all are drawn.
    """
    line, points = data.line, data.points
    if zero:
        ax.axhline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ax.fill_between(line["x"], line["conf_low"], line["conf_high"], color=BLUE, alpha=0.16, linewidth=0,
                    label="95% band of the slope")  # fmt: skip
    if data.within is not None:
        faint = 0.7 if data.within["group"].nunique() <= 10 else 0.3  # many lines would hide the labels
        for i, (name, ends) in enumerate(data.within.groupby("group", sort=True)):
            ax.plot(ends["x"], ends["y"], color=GREY, linewidth=0.7, alpha=faint, zorder=1, gid=f"within {name}",
                    label=f"within one {within}" if i == 0 else "_")  # fmt: skip
    ax.plot(line["x"], line["estimate"], color=BLUE, linewidth=1.8, label="mixed model")
    ax.plot(line["x"], line["naive"], color=ORANGE, linewidth=1.2, linestyle="--", label="pooled least squares")
    if "related" in line:
        ax.plot(line["x"], line["related"], color=BLACK, linewidth=1.2, linestyle=":", label="with related languages")
    sizes_of = 10.0 + 30.0 * np.sqrt(points["rows"] / points["rows"].max())
    ax.scatter(points["x"], points["adjusted"], s=sizes_of * size(1.0) ** 2, color=BLACK, alpha=0.75, linewidth=0,
               zorder=3, label="adjusted mean, area by rows")  # fmt: skip
    ax.margins(x=0.03)
    legend_above(ax)
    label_axes(ax, xlabel, ylabel)
    caption_below(ax, caption)
    if sizes is not None:
        size_ticks(ax, sizes, points["x"].tolist(), float(line["x"].min()), float(line["x"].max()))
    if named:
        label_points(ax, points)
    return ax


def label_points(ax: Axes, points: pd.DataFrame) -> None:
    """Write the ``label`` of every point next to it, moved apart where labels would collide; the layout ends here."""
    name_places(ax, points["x"], points["adjusted"], points["label"])


def _contrasts(result: MixedResult, factor: Factor, used: pd.DataFrame, x: Floats) -> Floats:
    """Rows of the fixed-effects matrix at ``x``, averaged over the other predictors as they are in the data."""
    import pandas as pd

    design = result.design
    if not design.fixed_variables:
        return np.repeat(design.X.mean(axis=0)[None, :], len(x), axis=0)
    points, back = np.unique(x, return_inverse=True)
    others = [name for name in design.fixed_variables if name != factor.column]
    if others:
        counts = used.groupby(others, sort=True, observed=True).size().reset_index(name="rows of the cell")
    else:
        counts = pd.DataFrame({"rows of the cell": [len(used)]})
    weights = counts.pop("rows of the cell").to_numpy(dtype=float)
    cells = counts.loc[np.tile(np.arange(len(counts)), len(points))].reset_index(drop=True)
    cells[factor.column] = np.repeat(points, len(weights))
    rows = design.evaluator.evaluate(cells)
    by_point = rows.reshape(len(points), len(weights), -1)
    return np.einsum("xcp,c->xp", by_point, weights / weights.sum())[back]
