"""Common alternatives: least squares, and statsmodels' mixed model with one random intercept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from designs import Layout
from estimate import TERM, Estimate, failed, from_t

from analysis.core.arrays import Floats

#: Fixed effects of the methods that adjust for tasks and models.
ADJUSTED = f"{TERM} + C(target_task) + C(model)"


def columns(layout: Layout, adjusted: bool) -> Floats:
    """Intercept, slope, and indicators of tasks and models as R and patsy make them."""
    frame = layout.frame
    parts = [np.ones((len(frame), 1)), frame[[TERM]].to_numpy()]
    if adjusted:
        parts.append(pd.get_dummies(frame[["target_task", "model"]], drop_first=True).to_numpy(dtype=float))
    return np.column_stack(parts)


def pooled(layout: Layout, adjusted: bool = False) -> Callable[[Floats, int], Estimate]:
    """Ordinary least squares with independent rows, of ``gain ~ typology`` alone or adjusted for tasks and models."""
    X = columns(layout, adjusted)
    inverse = np.linalg.inv(X.T @ X)
    hat = inverse @ X.T

    def estimate(y: Floats, simulation: int) -> Estimate:
        coefficients = hat @ y
        residual = y - X @ coefficients
        df = len(y) - X.shape[1]
        return from_t(coefficients[1], np.sqrt(residual @ residual / df * inverse[1, 1]), df)

    return estimate


def clustered(layout: Layout) -> Callable[[Floats, int], Estimate]:
    """Least squares with the sandwich by language: CR1, t with one df less than languages (statsmodels)."""
    import statsmodels.api as sm

    X, groups = columns(layout, adjusted=True), _languages(layout)

    def estimate(y: Floats, simulation: int) -> Estimate:
        fit = sm.OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
        return from_t(fit.params[1], fit.bse[1], groups.max())

    return estimate


def statsmodels_z(layout: Layout) -> Callable[[Floats, int], Estimate]:
    """``MixedLM`` with a random intercept by language and the z interval that it prints."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    X, groups = columns(layout, adjusted=True), _languages(layout)

    def estimate(y: Floats, simulation: int) -> Estimate:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # their content is in 'converged' and in the variance
            try:
                fit: Any = MixedLM(y, X, groups).fit()
                std_error = fit.bse[1]
            except (np.linalg.LinAlgError, ValueError) as error:
                return failed(f"{type(error).__name__}: {error}")
        if not fit.converged:
            return failed("not converged")
        return from_t(fit.params[1], std_error, np.inf, fit.cov_re[0, 0] < 1e-6 * fit.scale)

    return estimate


def _languages(layout: Layout) -> Any:
    return layout.frame.groupby("language").ngroup().to_numpy()
