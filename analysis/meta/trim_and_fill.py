"""Trim-and-fill: effects missing from a symmetric funnel, and the pooled effect with them (Duval & Tweedie 2000).

Effects on the far side of the funnel are trimmed until the rest is symmetric by the ranks of its deviations, then put
back together with their mirror images. It is a sensitivity analysis: heterogeneity makes funnels asymmetric too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..core.arrays import Floats, Integers
from ..core.errors import CrossliftError, unknown_name
from .effects import Effects
from .egger import with_std_error
from .estimate import Estimate, estimate

ESTIMATORS = ("L0", "R0")
SIDES = ("left", "right")
# The count converges in a few rounds, unless it alternates between two values.
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class TrimAndFill:
    """The effects missing from the funnel.

    ``missing`` effects on ``side``, with the standard error of that count; ``result`` is the fit with the
    filled effects, ``filled`` their values and sampling variances, shape ``(missing, 2)``.
    """

    estimator: str
    side: str
    missing: int
    std_error: float
    result: Estimate
    filled: Floats


def trim_and_fill(result: Estimate, estimator: str = "L0", side: str | None = None) -> TrimAndFill:
    """Trim, count and fill.

    Parameters
    ----------
    result
        A fit without moderators.
    estimator
        ``L0`` (from the rank sum) or ``R0`` (from the longest run of ranks).
    side
        The side on which effects are missing; if not given, from the sign of Egger's slope in the model of the fit.

    Raises
    ------
    CrossliftError
        If a name is unknown, there are moderators, or the count does not converge.
    """
    if estimator not in ESTIMATORS:
        raise unknown_name("estimator", estimator, ESTIMATORS)
    if side is not None and side not in SIDES:
        raise unknown_name("side", side, SIDES)
    effects = result.effects
    if side is None:
        slope = estimate(with_std_error(effects), result.method, result.test).coefficients[1]
        side = "right" if slope < 0 else "left"
    if not effects.intercept_only:
        raise CrossliftError("trim-and-fill is for fits without moderators.")
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * effects.y, kind="stable")
    turned = _take(effects, order, sign)
    missing, k = 0, effects.k
    for _ in range(ROUNDS):
        inner = turned.only(np.arange(k) < k - missing)
        center = float(estimate(inner, result.method, result.test).coefficients[0])
        found, spread = _count(turned.y - center, estimator, missing)
        found = min(found, k - 2)  # two effects are needed to pool the rest
        if found == missing:
            break
        missing = found
    else:
        raise CrossliftError(f"the count of missing effects does not converge in {ROUNDS} rounds ({estimator}).")
    extreme = np.arange(k) >= k - missing
    mirrored = sign * (2.0 * center - turned.y[extreme])
    whole = replace(
        effects,
        y=np.concatenate([effects.y, mirrored]),
        v=np.concatenate([effects.v, turned.v[extreme]]),
        X=np.ones((k + missing, 1)),
        labels=(*effects.labels, *(f"filled {i + 1}" for i in range(missing))),
        kept=np.ones(k + missing, dtype=bool),
    )
    filled = np.column_stack([mirrored, turned.v[extreme]])
    return TrimAndFill(estimator, side, missing, spread, estimate(whole, result.method, result.test), filled)


def _take(effects: Effects, order: Integers, sign: float) -> Effects:
    labels = tuple(effects.labels[int(i)] for i in order)
    kept = np.ones(effects.k, dtype=bool)
    return replace(effects, y=sign * effects.y[order], v=effects.v[order], X=effects.X[order], labels=labels, kept=kept)


def _count(deviations: Floats, estimator: str, current: int) -> tuple[int, float]:
    """Estimated number of missing effects and its standard error."""
    k = len(deviations)
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(deviations), kind="stable")] = np.arange(1, k + 1)
    signed = np.sign(deviations) * ranks
    if estimator == "R0":
        below = -signed[signed < 0]
        number = k - float(below.max(initial=0.0)) - 1.0
        found = max(0, round(number))
        return found, float(np.sqrt(2.0 * max(0.0, number) + 2.0))
    number = (4.0 * float(signed[signed > 0].sum()) - k * (k + 1)) / (2 * k - 1)
    found = max(0, round(number))
    m = number
    variance = (
        k * (k + 1) * (2 * k + 1) + 10 * m**3 + 27 * m**2 + 17 * m - 18 * k * m**2 - 18 * k * m + 6 * k**2 * m
    ) / 24.0
    return found, float(4.0 * np.sqrt(max(variance, 0.0)) / (2 * k - 1))
