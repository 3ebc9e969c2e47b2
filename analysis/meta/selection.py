r"""Three-parameter selection model: non-significant effects are observed with a different probability.

The weight of an effect is 1 if its one-sided p-value is at most ``step`` and :math:`\delta` otherwise (Hedges 1992;
Vevea & Hedges 1995); coefficients, :math:`\tau^2` and :math:`\delta` are estimated jointly by maximum likelihood.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import CrossliftError, DesignError, unknown_name
from ..core.jsonable import single
from .between import between_variance, log_likelihood
from .effects import Effects
from .weighted import weighted_fit

ALTERNATIVES = ("greater", "less")
# Newton steps that refine the result of the bounded search.
STEPS = 50
# Length of a Newton step, in standard errors, at which the refinement ends.
SETTLED = 1e-12


@dataclass(frozen=True, slots=True)
class SelectionModel:
    """Effects corrected for selection.

    Attributes
    ----------
    alternative, step
        Significant means a one-sided p-value of at most ``step`` in this direction.
    estimate, std_error, conf_low, conf_high
        The first coefficient, with a 95% normal interval.
    tau2
        Variance between effects.
    delta, delta_std_error
        Probability of observing a non-significant effect, relative to a significant one.
    significant, others
        Number of effects on either side of the step.
    log_likelihood
        Log-likelihood at the maximum.
    statistic, p_value
        Likelihood-ratio test that ``delta`` is 1, chi-square with one degree of freedom.
    """

    alternative: str
    step: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    tau2: float
    delta: float
    delta_std_error: float
    significant: int
    others: int
    log_likelihood: float
    statistic: float
    p_value: float

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return single(asdict(self))


def selection_model(effects: Effects, alternative: str = "greater", step: float = 0.025) -> SelectionModel:
    """Fit the model.

    Raises
    ------
    CrossliftError
        If ``alternative`` is unknown or ``step`` is not a probability.
    DesignError
        If no effect lies on one side of the step, or the likelihood has no interior maximum.
    """
    from scipy.special import chdtrc, ndtri

    if alternative not in ALTERNATIVES:
        raise unknown_name("alternative", alternative, ALTERNATIVES)
    if not 0.0 < step < 1.0:
        raise CrossliftError(f"the step of a selection model must be a p-value between 0 and 1, not {step:g}.")
    sign = 1.0 if alternative == "greater" else -1.0
    turned = replace(effects, y=sign * effects.y)
    cut = -float(ndtri(step)) * np.sqrt(effects.v)
    significant = turned.y >= cut
    count = int(significant.sum())
    if count in (0, effects.k):
        side = "none" if count == 0 else "every one"
        raise DesignError(
            f"{side} of {effects.k} effects has a one-sided p-value of at most {step:g}: selection cannot be "
            "separated from the size of effects.",
            "A selection model needs effects on both sides of the step.",
        )
    plain = between_variance(effects, "ML")
    likelihood = _Likelihood(turned, cut, ~significant)
    start = np.array([*weighted_fit(turned, plain).coefficients, plain, 1.0])
    parameters = likelihood.maximum(start)
    covariance = np.linalg.pinv(likelihood.information(parameters))
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    best, p = likelihood(parameters)[0], effects.p
    statistic = max(0.0, 2.0 * (best - log_likelihood(effects, plain, restricted=False)))
    estimate = sign * float(parameters[0])
    width = float(ndtri(0.975)) * float(spread[0])
    return SelectionModel(
        alternative,
        step,
        estimate,
        float(spread[0]),
        estimate - width,
        estimate + width,
        float(parameters[p]),
        float(parameters[p + 1]),
        float(spread[p + 1]),
        count,
        effects.k - count,
        best,
        statistic,
        float(chdtrc(1, statistic)),
    )


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """Log-likelihood of ``(beta, tau2, delta)`` with its gradient; significance is at ``y >= cut``."""

    effects: Effects
    cut: Floats
    below: Booleans

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        from scipy.special import ndtr

        p = self.effects.p
        beta, tau2, delta = parameters[:p], parameters[p], parameters[p + 1]
        variance = self.effects.v + tau2
        sd = np.sqrt(variance)
        mean = self.effects.X @ beta
        residual = self.effects.y - mean
        u = (self.cut - mean) / sd
        share, density = ndtr(u), np.exp(-0.5 * u**2) / np.sqrt(2.0 * np.pi)
        total = 1.0 + (delta - 1.0) * share
        hidden = int(self.below.sum())
        value = hidden * np.log(delta) - 0.5 * float((np.log(2.0 * np.pi * variance) + residual**2 / variance).sum())
        value -= float(np.log(total).sum())
        tilt = (delta - 1.0) * density / total
        by_mean = residual / variance + tilt / sd
        by_variance = 0.5 * (residual**2 / variance - 1.0) / variance + 0.5 * tilt * u / variance
        gradient = np.array([*(by_mean @ self.effects.X), by_variance.sum(), hidden / delta - (share / total).sum()])
        return float(value), gradient

    def maximum(self, start: Floats) -> Floats:
        """The highest of the maxima from several starting values, to full precision."""
        from scipy.optimize import minimize

        p, scale = self.effects.p, float(self.effects.v.mean() + start[self.effects.p])

        def downhill(x: Floats) -> tuple[float, Floats]:  # in units of the scale, and log delta
            parameters = np.array([*x[:p] * np.sqrt(scale), x[p] * scale, np.exp(x[p + 1])])
            value, gradient = self(parameters)
            return -value, -gradient * np.array([*[np.sqrt(scale)] * p, scale, parameters[p + 1]])

        best, height = None, -np.inf
        bounds = [*[(None, None)] * p, (0.0, None), (-12.0, 12.0)]
        for delta in (1.0, 0.2, 5.0):
            for tau2 in (start[p], 0.1 * scale):
                x = np.array([*start[:p] / np.sqrt(scale), tau2 / scale, np.log(delta)])
                found = minimize(downhill, x, jac=True, method="L-BFGS-B", bounds=bounds,
                                 options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000})  # fmt: skip
                if -found.fun > height:
                    best, height = found.x, -float(found.fun)
        assert best is not None
        if abs(best[p + 1]) > 11.9:
            raise DesignError(
                "the selection model has no interior maximum: the likelihood increases as the probability of observing "
                f"a non-significant effect goes to {'zero' if best[p + 1] < 0 else 'infinity'}.",
                "Too few effects lie on one side of the step.",
            )
        return self._refine(np.array([*best[:p] * np.sqrt(scale), best[p] * scale, np.exp(best[p + 1])]))

    def _refine(self, parameters: Floats) -> Floats:
        """Newton steps in the parameters that are not at a bound."""
        p = self.effects.p
        for _ in range(STEPS):
            free = np.ones(p + 2, dtype=bool)
            free[p] = parameters[p] > 0.0 or self(parameters)[1][p] > 0.0
            at = np.flatnonzero(free)
            information = self.information(parameters)[np.ix_(at, at)]
            if np.linalg.eigvalsh(information)[0] <= 0.0:
                return parameters
            step = np.zeros(p + 2)
            step[at] = np.linalg.solve(information, self(parameters)[1][at])
            trial = parameters + step
            trial[p] = max(trial[p], 0.0)
            if trial[p + 1] <= 0.0 or self(trial)[0] < self(parameters)[0] - 1e-9:
                return parameters
            length = float(np.sqrt(step[at] @ information @ step[at]))
            parameters = trial
            if length < SETTLED:
                break
        return parameters

    def information(self, parameters: Floats) -> Floats:
        """Negative second derivatives, by central differences of the gradient."""
        m = len(parameters)
        result = np.zeros((m, m))
        for j in range(m):
            h = 1e-5 * max(abs(parameters[j]), 1e-3 if j != self.effects.p else 1e-3 * float(self.effects.v.mean()))
            forward, back = parameters.copy(), parameters.copy()
            forward[j] += h
            back[j] -= h
            result[j] = -(self(forward)[1] - self(back)[1]) / (2.0 * h)
        return 0.5 * (result + result.T)
