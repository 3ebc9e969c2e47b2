r"""Estimators of the variance between effects, :math:`\tau^2`.

Restricted and full maximum likelihood (Raudenbush 2009), DerSimonian & Laird (1986), Paule & Mandel (1982), and
empirical Bayes (Morris 1983), which has the same solution as Paule and Mandel's (Viechtbauer et al. 2015). All are
truncated at zero. Likelihoods can have several maxima: each is found from the signs of the score, and the highest is
taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.arrays import Floats
from ..core.errors import DesignError, unknown_name
from .effects import Effects
from .weighted import Weighted, squared_trace, weighted_fit

METHODS = ("REML", "ML", "DL", "PM", "EB", "FE")
#: Methods that maximise a likelihood.
LIKELIHOODS = ("REML", "ML")

# Number of values of tau2 at which the sign of the score is computed, and the smallest relative to the effects' scale.
GRID, SMALLEST = 60, 1e-8
# Roots are found to this share of the scale.
ACCURACY = 1e-15


def between_variance(effects: Effects, method: str) -> float:
    r"""Estimate :math:`\tau^2`, in squared units of the effects; zero for ``FE``.

    Raises
    ------
    UnknownNameError
        If ``method`` is not in ``METHODS``.
    DesignError
        If there are no more effects than coefficients.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if method == "FE":
        return 0.0
    if effects.k <= effects.p:
        raise DesignError(
            f"{effects.k} effect{'s' if effects.k > 1 else ''} cannot estimate both the variance between effects and "
            f"{effects.p} coefficient{'s' if effects.p > 1 else ''}.",
            "Pool more effects, or use method 'FE' (one common effect).",
        )
    if method == "DL":
        fit = weighted_fit(effects, 0.0)
        return max(0.0, (fit.q - (effects.k - effects.p)) / fit.trace)
    if method in ("PM", "EB"):
        return q_root(effects, float(effects.k - effects.p))
    return _highest(effects, method)


def log_likelihood(effects: Effects, tau2: float, restricted: bool) -> float:
    """Log-likelihood at ``tau2`` with the coefficients at their maximum; the restricted one without ``log |X'X|``."""
    fit = weighted_fit(effects, tau2)
    degrees = effects.k - (effects.p if restricted else 0)
    value = degrees * np.log(2.0 * np.pi) - float(np.log(fit.weights).sum()) + fit.q
    return -0.5 * float(value + (fit.log_information if restricted else 0.0))


def q_root(effects: Effects, target: float) -> float:
    r"""The :math:`\tau^2` at which the generalised Q, which falls with it, is ``target``; zero if it starts below."""
    from scipy.optimize import brentq

    if weighted_fit(effects, 0.0).q <= target:
        return 0.0
    upper = _scale(effects)
    while weighted_fit(effects, upper).q > target:
        upper *= 4.0
    return float(brentq(lambda tau2: weighted_fit(effects, tau2).q - target, 0.0, upper, xtol=ACCURACY * upper))


def _score(effects: Effects, method: str) -> Callable[[float], float]:
    """Twice the derivative of the log-likelihood in tau2."""

    def score(tau2: float) -> float:
        fit = weighted_fit(effects, tau2)
        spread = float(fit.weights**2 @ fit.residuals**2)
        return spread - (fit.trace if method == "REML" else float(fit.weights.sum()))

    return score


def _scores(effects: Effects, method: str, grid: Floats) -> Floats:
    """The score at many values at once, from normal equations, which are exact enough for signs."""
    X, y = effects.X, effects.y - effects.X @ np.linalg.lstsq(effects.X, effects.y, rcond=None)[0]
    w = 1.0 / (effects.v + grid[:, None])
    inverse = np.linalg.inv(np.einsum("gk,kp,kq->gpq", w, X, X, optimize=True))
    beta = np.einsum("gpq,kq,gk,k->gp", inverse, X, w, y, optimize=True)
    spread = (w**2 * (y - beta @ X.T) ** 2).sum(axis=1)
    trace = w.sum(axis=1)
    if method == "REML":
        trace = trace - np.einsum("gpq,kq,gk,kp->g", inverse, X, w**2, X, optimize=True)
    return np.asarray(spread - trace)


def _highest(effects: Effects, method: str) -> float:
    from scipy.optimize import brentq

    score, scale = _score(effects, method), _scale(effects)
    grid = np.concatenate([[0.0], scale * np.geomspace(SMALLEST, 4.0, GRID)])
    signs = _scores(effects, method, grid)
    while signs[-1] > 0:
        grid, signs = np.append(grid, 4.0 * grid[-1]), np.append(signs, score(4.0 * grid[-1]))
    found = [0.0] if signs[0] <= 0 else []
    for i in np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0)):
        found.append(float(brentq(score, grid[i], grid[i + 1], xtol=ACCURACY * scale)))
    return max(found, key=lambda tau2: log_likelihood(effects, tau2, method == "REML"))


def _scale(effects: Effects) -> float:
    """Upper scale of tau2: the residual variance of the effects plus the largest sampling variance."""
    spread = effects.y - effects.X @ np.linalg.lstsq(effects.X, effects.y, rcond=None)[0]
    return float(spread @ spread) / max(effects.k - effects.p, 1) + float(effects.v.max())


def standard_error(effects: Effects, tau2: float, method: str) -> float:
    """Asymptotic standard error of a likelihood estimate of tau2, from the expected information; NaN for the others."""
    if method not in LIKELIHOODS:
        return float("nan")
    fit: Weighted = weighted_fit(effects, tau2)
    information = squared_trace(fit) if method == "REML" else float((fit.weights**2).sum())
    return float(np.sqrt(2.0 / information))
