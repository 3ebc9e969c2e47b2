"""Partial residuals: each row after everything in the model but one factor is taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..mixed.result import MixedResult
from ..outcomes.covariates import Factor
from .marginal import effect_at, effect_line
from .style import BLACK, BLUE, ORANGE
from .words import label_axes, legend_above

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Partial:
    """Data of the figure.

    Attributes
    ----------
    rows
        Columns ``x`` and ``partial``.
    line
        The model's line: ``x``, ``estimate``, ``conf_low``, ``conf_high`` (95%).
    smooth
        A local regression of the rows: ``x``, ``value``.
    """

    rows: pd.DataFrame
    line: pd.DataFrame
    smooth: pd.DataFrame


def partial_residuals(result: MixedResult, factor: Factor, rows: pd.DataFrame, share: float = 0.6) -> Partial:
    """Effect of ``factor`` plus the residual of each row, with random effects taken out.

    Where the true relation is curved, the smooth line departs from the model's straight one.

    Parameters
    ----------
    result, factor, rows
        The fit, a factor in it, and the frame it was fitted on.
    share
        Share of the rows in each window of the local regression (Cleveland's lowess).
    """
    import pandas as pd
    from statsmodels.nonparametric.smoothers_lowess import lowess

    used = rows.loc[result.design.kept].reset_index(drop=True)
    x = used[factor.column].to_numpy(dtype=float)
    partial = effect_at(result, factor, used, x) + result.design.y - result.predict()
    smooth = lowess(partial, x, frac=share, return_sorted=True)
    return Partial(
        pd.DataFrame({"x": x, "partial": partial}),
        effect_line(result, factor, used, np.linspace(x.min(), x.max(), 60)),
        pd.DataFrame(np.unique(smooth, axis=0), columns=["x", "value"]),
    )


def plot_partial_residuals(data: Partial, ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Draw partial residuals with the model's line and the smooth one."""
    n = len(data.rows)
    ax.scatter(data.rows["x"], data.rows["partial"], s=7, color=BLACK, alpha=max(0.08, min(0.6, 120 / n)), linewidth=0,
               label=f"rows ({n:,})", rasterized=n > 3000)  # fmt: skip
    ax.fill_between(data.line["x"], data.line["conf_low"], data.line["conf_high"], color=BLUE, alpha=0.16, linewidth=0)
    ax.plot(
        data.line["x"], data.line["estimate"], color=BLUE, linewidth=1.8, label="mixed model, 95% band of the slope"
    )
    ax.plot(
        data.smooth["x"], data.smooth["value"], color=ORANGE, linewidth=1.4, linestyle="--", label="local regression"
    )
    legend_above(ax, 3)
    label_axes(ax, xlabel, ylabel)
    return ax
