"""Influence of each effect, or group of effects, on the result.

Case diagnostics are those of Viechtbauer & Cheung (2010, Res. Synth. Methods 1): the model is refitted without each
effect, including the between-effect variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError, DesignError
from .effects import Effects
from .estimate import Estimate, estimate
from .weighted import weighted_fit

if TYPE_CHECKING:
    import pandas as pd


def leave_one_out(result: Estimate, groups: Sequence[Any] | None = None) -> pd.DataFrame:
    """Refit without each effect, or without each group of effects.

    Parameters
    ----------
    result
        The fit.
    groups
        One label per effect used; if not given, each effect is a group.

    Returns
    -------
    DataFrame
        ``left_out``, ``rows``, and for the first coefficient ``estimate``, ``std_error``, ``df``, ``statistic``,
        ``p_value``, ``conf_low``, ``conf_high``; ``tau2``, ``I2`` (percent), ``Q``. If the model cannot be
        fitted without a group, the row has missing numbers and a ``reason``.

    Raises
    ------
    CrossliftError
        If there is one group only.
    """
    import pandas as pd

    effects = result.effects
    labels = np.asarray(effects.labels if groups is None else groups, dtype=object)
    parts = [np.arange(effects.k) == i for i in range(effects.k)]
    if groups is not None:
        names = list(dict.fromkeys(label for label in labels if not pd.isna(label)))
        parts = [labels == name for name in names]
    else:
        names = list(labels)
    if len(parts) < 2:
        raise CrossliftError("all effects belong to one group: no effects remain without it.")
    rows: list[dict[str, Any]] = []
    for name, own in zip(names, parts, strict=True):
        row: dict[str, Any] = {"left_out": str(name), "rows": int(own.sum())}
        try:
            fit = _refit(result, effects.only(~own))
        except DesignError as error:
            rows.append(row | {"reason": error.message})
            continue
        row |= {str(key): value for key, value in fit.fixed.iloc[0].drop("term").items()}
        rows.append(row | {"tau2": fit.tau2, "I2": fit.i2, "Q": fit.q.statistic, "reason": ""})
    columns = ["left_out", "rows", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
               "tau2", "I2", "Q", "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def influence(result: Estimate) -> pd.DataFrame:
    """Case diagnostics.

    Returns
    -------
    DataFrame
        ``label``, ``rstudent`` (residual from the fit without the effect, over its standard error), ``dffits``,
        ``cook`` (squared Mahalanobis distance of the change in all coefficients), ``cov_ratio``, ``tau2`` and ``Q``
        without the effect, ``hat``, ``weight`` (percent), one ``dfbetas_…`` per coefficient, and ``influential``:
        |DFFITS| above ``3 sqrt(p / (k - p))``, Cook's distance beyond the median of chi-square with p df, hat above
        ``3 p / k``, or a |DFBETAS| above 1.

    Raises
    ------
    DesignError
        If there are too few effects to leave one out.
    """
    import pandas as pd
    from scipy.special import chdtri

    effects, k, p = result.effects, result.effects.k, result.effects.p
    if k < p + 2:
        raise DesignError(
            f"{k} effects are too few to leave one out of a fit of {p} coefficients.", "Pool more effects."
        )
    spread = np.linalg.inv(result.covariance)
    fitted = effects.X @ result.coefficients
    hat = result.fit.hat
    rows = []
    for i in range(k):
        left = _refit(result, effects.only(np.arange(k) != i))
        x = effects.X[i]
        predicted = float(x @ left.coefficients)
        change = result.coefficients - left.coefficients
        # Changes are scaled with the other effects' tau2, but with all rows in the design.
        whole = weighted_fit(effects, left.tau2).covariance
        row: dict[str, Any] = {
            "label": effects.labels[i],
            "rstudent": (effects.y[i] - predicted)
            / np.sqrt(left.scale * (effects.v[i] + left.tau2) + float(x @ left.covariance @ x)),
            "dffits": (fitted[i] - predicted) / np.sqrt(left.scale * hat[i] * (left.tau2 + effects.v[i])),
            "cook": float(change @ spread @ change),
            "cov_ratio": float(np.linalg.det(left.covariance) / np.linalg.det(result.covariance)),
            "tau2": left.tau2,
            "Q": left.q.statistic,
            "hat": hat[i],
            "weight": result.weights[i],
        }
        steps = change / np.sqrt(left.scale * np.diag(whole))
        rows.append(row | {f"dfbetas_{name}": step for name, step in zip(effects.names, steps, strict=True)})
    frame = pd.DataFrame(rows)
    steps = frame[[f"dfbetas_{name}" for name in effects.names]].abs().max(axis=1)
    frame["influential"] = (
        (frame["dffits"].abs() > 3.0 * np.sqrt(p / (k - p)))
        | (frame["cook"] > chdtri(p, 0.5))
        | (frame["hat"] > 3.0 * p / k)
        | (steps > 1.0)
    )
    return frame


def _refit(result: Estimate, effects: Effects) -> Estimate:
    return estimate(effects, result.method, result.test)
