"""Predictions averaged over plausible values of a nonlinear parameter.

An interval at the maximum-likelihood value alone treats that value as known. Here each value's prediction is weighted
by its profile likelihood: a mixture of t distributions, whose quantiles are the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats

# Bisections of a quantile's bracket, to 1e-12 of its width.
HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Mixture:
    """Component predictions: ``estimate``, ``std_error`` and ``df`` of shape ``(m, r)``; ``weights`` ``(m,)``."""

    estimate: Floats
    std_error: Floats
    df: Floats
    weights: Floats

    @property
    def mean(self) -> Floats:
        """Expectation, shape ``(r,)``."""
        return np.asarray(self.weights @ self.estimate)

    @property
    def std_dev(self) -> Floats:
        """Standard deviation within and between components, shape ``(r,)``, each t by its standard error."""
        between = (self.estimate - self.mean) ** 2
        return np.sqrt(self.weights @ (self.std_error**2 + between))

    def quantile(self, share: float) -> Floats:
        """Quantile of the mixture, shape ``(r,)``, by bisection of its distribution function."""
        from scipy.special import stdtr, stdtrit

        df = np.minimum(self.df, 1e12)
        ends = self.estimate + stdtrit(df, share) * self.std_error
        low, high = ends.min(axis=0), ends.max(axis=0)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            below = self.weights @ stdtr(df, (middle - self.estimate) / self.std_error) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(0.5 * (low + high))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Equal-tailed interval."""
        return self.quantile(0.5 - level / 2.0), self.quantile(0.5 + level / 2.0)


def mixture_of(components: Sequence[tuple[Floats, Floats, Floats]], weights: Floats) -> Mixture:
    """Mixture of components given as estimates, standard errors and df, each of shape ``(r,)``."""
    estimate, std_error, df = (np.array([item[k] for item in components]) for k in range(3))
    return Mixture(estimate, std_error, df, weights)
