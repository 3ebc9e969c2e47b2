r"""How much effects differ beyond sampling error: Q, I², H², and the Q-profile interval of :math:`\tau^2`.

I² and H² compare :math:`\tau^2` with the typical sampling variance ``(k - p) / tr P`` (Higgins & Thompson 2002); the
interval inverts the generalised Q statistic (Viechtbauer 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats
from .between import between_variance, q_root
from .effects import Effects
from .weighted import weighted_fit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class QTest:
    """Cochran's Q test of the null hypothesis that all variation is sampling error."""

    statistic: float
    df: int
    p_value: float


def q_test(effects: Effects) -> QTest:
    """Q at weights ``1 / v`` against chi-square with ``k - p`` degrees of freedom; p is 1 if there are none."""
    from scipy.special import chdtrc

    statistic, df = weighted_fit(effects, 0.0).q, effects.k - effects.p
    return QTest(statistic, df, float(chdtrc(df, statistic)) if df else 1.0)


def q_of(y: Floats, X: Floats, sampling: Floats) -> QTest:
    """Q at the inverse of a sampling covariance ``(k, k)``."""
    triangle = np.linalg.cholesky(sampling)
    return q_of_independent(np.linalg.solve(triangle, y), np.linalg.solve(triangle, X))


def q_of_independent(right: Floats, basis: Floats) -> QTest:
    """Q of effects and moderators that were brought to independent sampling errors of variance one."""
    from scipy.special import chdtrc

    left = right - basis @ np.linalg.lstsq(basis, right, rcond=None)[0]
    statistic, df = float(left @ left), len(right) - basis.shape[1]
    return QTest(statistic, df, float(chdtrc(df, statistic)))


def typical_variance(effects: Effects) -> float:
    """The typical sampling variance with which I² compares tau2; NaN without degrees of freedom."""
    if effects.k == effects.p:
        return float("nan")
    return (effects.k - effects.p) / weighted_fit(effects, 0.0).trace


def q_profile(effects: Effects, level: float = 0.95) -> tuple[float, float]:
    r"""Limits of :math:`\tau^2`.

    Both are zero if the interval is empty, because Q is improbably small even without heterogeneity.
    """
    from scipy.special import chdtri

    df, outside = effects.k - effects.p, 1.0 - level
    if df == 0:
        return float("nan"), float("nan")
    low = q_root(effects, float(chdtri(df, outside / 2.0)))
    high = q_root(effects, float(chdtri(df, 1.0 - outside / 2.0)))
    return low, high


def spread_variance(effects: Effects, tau2: float, method: str) -> float:
    """The variance that I² and H² are computed from: tau2, or DerSimonian–Laird's if none is modelled."""
    return between_variance(effects, "DL") if method == "FE" and effects.k > effects.p else tau2


def heterogeneity(effects: Effects, tau2: float, method: str, level: float = 0.95) -> pd.DataFrame:
    """tau2 and tau in the units of the effects, I² in percent and H², each with its Q-profile interval.

    Returns
    -------
    DataFrame
        ``measure``, ``estimate``, ``conf_low``, ``conf_high``.
    """
    import pandas as pd

    typical = typical_variance(effects)
    limits = q_profile(effects, level)
    values = np.array([tau2, *limits])
    shown = np.array([spread_variance(effects, tau2, method), *limits])
    share = 100.0 * shown / (shown + typical)
    rows = [("tau2", *values), ("tau", *np.sqrt(values)), ("I2", *share), ("H2", *(shown / typical + 1.0))]
    return pd.DataFrame(rows, columns=["measure", "estimate", "conf_low", "conf_high"])
