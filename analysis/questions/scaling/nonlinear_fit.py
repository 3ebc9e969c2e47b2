r"""Each form as a mixed model, with its nonlinear parameter by profile likelihood from many starting values.

The profile is :math:`\ell(\theta) = \max \ell(\theta, \beta, \Sigma)`, one linear mixed model (ML) per value
of :math:`\theta`. The search starts from every local minimum over a grid; the 95% interval is where twice the
log-likelihood falls by less than 3.84 (Venzon & Moolgavkar 1988, Applied Statistics 37).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import DesignError
from ...mixed import MixedResult
from ...outcomes.axes import Axis
from .forms import FEWEST_SIZES, Form
from .model import CurveModel

if TYPE_CHECKING:
    import pandas as pd

#: 95% quantile of chi-square with one degree of freedom.
RISE = 3.841458820694124
# The search for a minimum ends within this share of the grid's spacing.
EXACT = 1e-4
#: Smallest likelihood, relative to the maximum, of a parameter value that predictions use.
NEGLIGIBLE = 1e-2
#: Number of parameter values that predictions average over, and of profile points for each.
POINTS, FINE = 9, 20


@dataclass(frozen=True, slots=True)
class FormFit:
    """One form fitted by maximum likelihood.

    Attributes
    ----------
    parameter
        The nonlinear parameter; NaN for the log-linear form.
    conf_low, conf_high
        95% profile interval of the parameter; a bound of the search if the data give no limit (``open_low``,
        ``open_high``).
    low_bound, high_bound
        Bounds of the search.
    aic
        AIC, which counts the nonlinear parameter.
    starts, optima
        Number of starting values, and of different local minima reached from them.
    values, weights
        Values of the parameter, evenly spaced (a power law's in the logarithm), and their profile likelihoods, summing
        to one: what predictions average over.
    """

    form: Form
    parameter: float
    conf_low: float
    conf_high: float
    open_low: bool
    open_high: bool
    low_bound: float
    high_bound: float
    log_likelihood: float
    parameters: int
    aic: float
    starts: int
    optima: int
    values: Floats
    weights: Floats
    result: MixedResult

    @property
    def at_bound(self) -> bool:
        """True if the maximum-likelihood value is a bound of the search."""
        return bool(self.form.parameter) and (self.parameter <= self.low_bound or self.parameter >= self.high_bound)


def fit_form(
    frame: pd.DataFrame, model: CurveModel, form: Form, axis: Axis, interval: bool = True, fewest: int = FEWEST_SIZES
) -> FormFit:
    """Fit one form.

    Raises
    ------
    DesignError
        If there are fewer sizes than ``fewest`` and the form has a nonlinear parameter.
    """
    if not form.parameter:
        result = model.fit(frame, form, np.nan, axis)
        nothing = np.full(1, np.nan)
        return FormFit(form, np.nan, np.nan, np.nan, False, False, np.nan, np.nan, result.log_likelihood,
                       result.parameters, result.aic,
                       1, 1, nothing, np.ones(1), result)  # fmt: skip
    sizes = np.unique(frame[axis.column].to_numpy(dtype=float))
    if len(sizes) < fewest:
        raise DesignError(
            f"a {form.words} needs {fewest} sizes, but there are {len(sizes)}: its curve would pass through any "
            "such sizes."
        )
    starts = form.search(sizes)
    transform, back = (np.log, np.exp) if form.name == "power" else (_same, _same)
    known: dict[float, float] = {}

    grid = np.asarray(transform(starts), dtype=float)
    refit = model.follow(model.fit(frame, form, float(starts[len(starts) // 2]), axis))

    def criterion(u: Any) -> float:
        """Minus twice the profile log-likelihood."""
        if u not in known:
            known[u] = refit(model.rows(frame, form, float(back(u)), axis))
        return known[u]

    heights = np.array([criterion(u) for u in grid])
    ends = _descend(criterion, grid, heights)
    best = min(ends, key=criterion)
    low, open_low, high, open_high = grid[0], True, grid[-1], True
    if interval:
        limit = criterion(best) + RISE
        low, open_low = _limit(criterion, grid, heights, best, limit, -1)
        high, open_high = _limit(criterion, grid, heights, best, limit, +1)
    values, weights = _weights(known)
    parameter = float(back(best))
    result = model.fit(frame, form, parameter, axis)
    return FormFit(
        form=form,
        parameter=parameter,
        conf_low=float(back(low)),
        conf_high=float(back(high)),
        open_low=open_low,
        open_high=open_high,
        low_bound=float(starts[0]),
        high_bound=float(starts[-1]),
        log_likelihood=result.log_likelihood,
        parameters=result.parameters + form.extra,
        aic=result.aic + 2 * form.extra,
        starts=len(grid),
        optima=len(ends),
        values=np.asarray(back(values), dtype=float),
        weights=weights,
        result=result,
    )


def _same(u: Any) -> Any:
    return u


def _descend(criterion: Callable[[float], float], grid: Floats, heights: Floats) -> list[float]:
    """The minimum near each local minimum of the grid, which may be a bound."""
    from scipy.optimize import minimize_scalar

    ends = []
    padded = np.concatenate([[np.inf], heights, [np.inf]])
    for i in range(len(grid)):
        if not (heights[i] <= padded[i] and heights[i] < padded[i + 2]):
            continue
        around = float(grid[max(i - 1, 0)]), float(grid[min(i + 1, len(grid) - 1)])
        # Each side separately, because a threshold's profile has a kink at every size, which is a grid point.
        tried = [float(grid[i])]
        for a, b in ((around[0], float(grid[i])), (float(grid[i]), around[1])):
            if b > a:
                found = minimize_scalar(criterion, bounds=(a, b), method="bounded", options={"xatol": EXACT * (b - a)})
                tried.append(float(found.x))
        ends.append(min(tried, key=criterion))
    return ends


def _limit(
    criterion: Callable[[float], float], grid: Floats, heights: Floats, best: float, limit: float, side: int
) -> tuple[float, bool]:
    """Outermost point where the profile crosses ``limit``, so that the interval spans any gap."""
    from scipy.optimize import brentq

    outward = [i for i in range(len(grid)) if side * (grid[i] - best) > 0]
    outward.sort(key=lambda i: side * grid[i])
    inside = [i for i in outward if heights[i] <= limit]
    if outward and inside and inside[-1] == outward[-1]:
        return float(grid[outward[-1]]), True
    if not outward:
        return best, True
    start = float(grid[inside[-1]]) if inside else best
    stop = float(grid[outward[outward.index(inside[-1]) + 1 if inside else 0]])
    low, high = min(start, stop), max(start, stop)
    return float(brentq(lambda u: criterion(u) - limit, low, high, xtol=EXACT * (high - low))), False


def _weights(known: dict[float, float]) -> tuple[Floats, Floats]:
    """Evenly spaced values with non-negligible likelihood, and their likelihoods, interpolated from the profile."""
    u = np.array(sorted(known))
    heights = np.array([known[x] for x in u])
    inside = np.flatnonzero(heights <= heights.min() - 2.0 * np.log(NEGLIGIBLE))
    low, high = u[max(inside[0] - 1, 0)], u[min(inside[-1] + 1, len(u) - 1)]
    edges = np.linspace(low, high, POINTS + 1)
    points = 0.5 * (edges[1:] + edges[:-1])
    fine = np.linspace(low, high, FINE * POINTS)
    likelihood = np.exp(-0.5 * (np.interp(fine, u, heights) - heights.min())).reshape(POINTS, FINE).mean(axis=1)
    kept = likelihood > NEGLIGIBLE * likelihood.max()
    return points[kept], likelihood[kept] / likelihood[kept].sum()
