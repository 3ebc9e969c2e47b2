"""Marginal effect of one factor: band, labelled levels, and the naive pooled line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats
from ..languages.codes import resolve
from ..mixed.result import MixedResult
from ..outcomes.covariates import Factor
from .style import BLACK, BLUE, GREY, ORANGE, halo

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

GRID = 60


@dataclass(frozen=True, slots=True)
class Marginal:
    """Data of the figure.

    Attributes
    ----------
    line
        Columns ``x``, ``estimate``, ``conf_low``, ``conf_high`` (95%), ``naive``.
    points
        One row per language or model: ``level``, ``label``, ``x``, ``adjusted`` (mean outcome with the other terms held
        at their averages), ``rows``.
    within
        If requested, the ends of a least-squares line within each group: ``group``, ``x``, ``y``.
    """

    line: pd.DataFrame
    points: pd.DataFrame
    within: pd.DataFrame | None = None


def marginal_effect(result: MixedResult, factor: Factor, rows: pd.DataFrame, within: str | None = None) -> Marginal:
    """Compute the effect of ``factor``, averaged over the other predictors as they are in the data.

    Parameters
    ----------
    result, factor
        The fit, and a factor in it.
    rows
        The frame that ``result`` was fitted on.
    within
        Column of groups, such as ``model``, to draw lines within.
    """
    import pandas as pd

    used = rows.loc[result.design.kept].reset_index(drop=True)
    x = used[factor.column].to_numpy(dtype=float)
    grid = np.linspace(x.min(), x.max(), GRID)
    contrasts = _contrasts(result, factor, used, grid)
    line = effect_line(result, factor, used, grid)
    coefficients, *_ = np.linalg.lstsq(result.design.X, result.design.y, rcond=None)
    line["naive"] = contrasts @ coefficients

    # Outcome minus everything but the factor and its level: what a plot would show if nothing else varied.
    at_own = effect_at(result, factor, used, x)
    own = {
        level: float(mode)
        for term, modes in zip(result.design.terms, result.modes, strict=True)
        if term.group == factor.level and "Intercept" in term.labels
        for level, mode in zip(term.levels, modes[:, term.labels.index("Intercept")], strict=True)
    }
    effect = used[factor.level].astype(str).map(own).fillna(0.0).to_numpy(dtype=float)
    adjusted = at_own + effect + result.design.y - result.predict()
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
    """:func:`effect_at` with its 95% band: ``x``, ``estimate``, ``conf_low``, ``conf_high``."""
    line = result.contrast(_contrasts(result, factor, used, x))[["estimate", "conf_low", "conf_high"]]
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


def plot_marginal(data: Marginal, ax: Axes, xlabel: str, ylabel: str, zero: bool = True, caption: str = "") -> Axes:
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
        What the figure rests on, drawn small under the legend.
    """
    line, points = data.line, data.points
    if zero:
        ax.axhline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ax.fill_between(line["x"], line["conf_low"], line["conf_high"], color=BLUE, alpha=0.16, linewidth=0,
                    label="95% confidence band")  # fmt: skip
    if data.within is not None:
        faint = 0.7 if data.within["group"].nunique() <= 10 else 0.3  # many lines would hide the labels
        for i, (name, ends) in enumerate(data.within.groupby("group", sort=True)):
            ax.plot(ends["x"], ends["y"], color=GREY, linewidth=0.7, alpha=faint, zorder=1, gid=f"within {name}",
                    label="within one model" if i == 0 else "_")  # fmt: skip
    ax.plot(line["x"], line["estimate"], color=BLUE, linewidth=1.8, label="mixed model")
    ax.plot(line["x"], line["naive"], color=ORANGE, linewidth=1.2, linestyle="--", label="naive pooled OLS")
    sizes = 10.0 + 30.0 * np.sqrt(points["rows"] / points["rows"].max())
    ax.scatter(points["x"], points["adjusted"], s=sizes, color=BLACK, alpha=0.75, linewidth=0, zorder=3,
               label="adjusted mean, area by rows")  # fmt: skip
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.margins(x=0.03)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4, fontsize=8.0, handlelength=1.6,
              columnspacing=1.2)  # fmt: skip
    if caption:
        ax.annotate(
            caption,
            xy=(0.0, -0.27),
            xycoords="axes fraction",
            va="top",
            fontsize=7.5,
            color=GREY,
            annotation_clip=False,
        )
    _label(points, ax)
    return ax


def _label(points: pd.DataFrame, ax: Axes) -> None:
    """Name every level next to its point, moved apart where labels would collide."""
    from adjustText import adjust_text

    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # label positions depend on the final layout
    texts = [
        ax.text(float(x), float(y), str(label), fontsize=7.5, color=BLACK, path_effects=halo())
        for x, y, label in zip(points["x"], points["adjusted"], points["label"], strict=True)
    ]
    adjust_text(texts, x=points["x"].to_numpy(), y=points["adjusted"].to_numpy(), ax=ax, iter_lim=500,
                arrowprops={"arrowstyle": "-", "color": BLACK, "linewidth": 0.3, "alpha": 0.6})  # fmt: skip


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
