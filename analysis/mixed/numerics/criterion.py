r"""The profiled REML and ML criterion, its gradient and its curvature, from cross-products alone.

The model is :math:`y = X\beta + Zb + \varepsilon` with :math:`\varepsilon \sim N(0, \sigma^2 W^{-1})` and, for each
level of a term, :math:`b \sim N(0, \sigma^2 \lambda\lambda')`. The free parameters ``theta`` are the entries of the
lower triangles :math:`\lambda`, as in lme4 (Bates et al. 2015, J. Stat. Softw. 67(1), section 3); :math:`\beta` and
:math:`\sigma` are profiled out. With :math:`H = W^{-1} + Z\Lambda\Lambda'Z'` and
:math:`M = \Lambda'Z'WZ\Lambda + I = LL'`, every product with :math:`H^{-1}` follows from

.. math:: A'H^{-1}A = A'WA - (L^{-1}\Lambda'Z'WA)'(L^{-1}\Lambda'Z'WA), \qquad A = [Z\; X\; y].

Derivatives are taken with respect to :math:`G = \lambda\lambda'`, as for a variance component (average information:
Gilmour, Thompson & Cullis 1995, Biometrics 51), and converted to ``theta`` by the chain rule. That keeps the
optimisation unconstrained: a variance of zero is an ordinary stationary point in ``theta``.

If one term is eliminated (:mod:`analysis.mixed.numerics.elimination`), the same formulas apply to the reduced data, and
the products that involve the term follow from its border.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .border import Border
from .crossproducts import CrossProducts
from .evaluated import Point
from .evaluation import evaluate
from .factored import Factored, factor
from .layout import Layout
from .level_traces import level_traces

# Starting values: relative standard deviations of a term's first column and of the further ones. Of the values tried,
# these need the fewest evaluations on the reference sets and the bundled data.
START = (0.7, 0.3)
# A standard deviation below this share of the residual's counts as zero; lme4's isSingular uses the same bound, without
# standardising columns first.
SINGULAR = 1e-4

# Kept random effects up to which the last factor is cached: second derivatives are computed at the same point as value
# and gradient.
REMEMBERED = 400


class Criterion:
    """Minus twice the profiled (restricted) log-likelihood of one data set, as a function of ``theta``."""

    def __init__(self, data: CrossProducts, reml: bool = True, border: Border | None = None) -> None:
        self.data = data
        self.reml = reml
        #: (term, row, column) of each entry of ``theta``: lower triangles, column by column
        self.entries = [(t, a, b) for t, (_, k) in enumerate(data.shapes) for b in range(k) for a in range(b, k)]
        self.layout = Layout(data.shapes, data.kept)
        eliminated = data.eliminated
        # Finding the pairs of non-zero cells takes as long as an evaluation, so an unchanged border is passed on.
        self.border: Border | None = None
        if eliminated is not None:
            self.border = border or Border(eliminated.border, eliminated.blocks, eliminated.turns)
        self._last: Factored | None = None
        self.log_triangle = 2.0 * float(np.log(np.abs(np.diag(data.triangle))).sum())

    @property
    def degrees(self) -> int:
        """Divisor of the residual variance: ``n - p`` for REML, ``n`` for ML."""
        return self.data.n - self.data.p if self.reml else self.data.n

    @property
    def scale(self) -> float:
        """Size of a typical ``theta``: the residual standard deviation of a row of typical weight, relative to σ.

        Columns are standardised, so steps and zeros of all entries are relative to it.
        """
        return float(np.sqrt(np.exp(-self.data.log_weights / self.data.n)))

    def start(self) -> Floats:
        """Starting values: uncorrelated effects smaller than the residual, slopes smaller than intercepts."""
        first, further = START
        sizes = [0.0 if a != b else first if a == 0 else further for _, a, b in self.entries]
        return self.scale * np.array(sizes)

    def lambdas(self, theta: Floats) -> list[Floats]:
        """Lower triangles of the terms."""
        if len(self.entries) == len(self.data.shapes):  # one column each
            return list(theta.reshape(-1, 1, 1))
        triangles: list[Floats] = [np.zeros((k, k)) for _, k in self.data.shapes]
        for value, (t, a, b) in zip(theta.tolist(), self.entries, strict=True):
            triangles[t][a, b] = value
        return triangles

    def loadings(self, theta: Floats) -> list[Floats]:
        """``Λ`` of each term in the formula's columns, shapes ``(k, k)``: effects have the covariance ``σ² ΛΛ'``."""
        triangles = self.lambdas(theta)
        return [np.linalg.solve(basis, own) for basis, own in zip(self.data.bases, triangles, strict=True)]

    def flat(self, theta: Floats, small: float = SINGULAR) -> list[int]:
        """Terms without full rank at ``theta``; ``small`` counts as zero."""
        if len(self.entries) == len(self.data.shapes):  # one column each
            return np.flatnonzero(np.abs(theta) < small * self.scale).tolist()
        return [
            t for t, triangle in enumerate(self.lambdas(theta)) if np.abs(np.diag(triangle)).min() < small * self.scale
        ]

    def triangle(self, t: int, covariance: Floats) -> Floats:
        """``λ`` of a term from its covariance in the columns of the formula, relative to σ²."""
        own = self.data.bases[t] @ covariance @ self.data.bases[t].T
        floor = 1e-14 * float(np.trace(own))  # so that a singular covariance has a factor too
        return np.linalg.cholesky(own + floor * np.eye(len(own)))

    def __call__(self, theta: Floats, sigma2: float | None = None) -> Point:
        """Evaluate criterion, gradient and average information at ``theta``, with σ² profiled out or given."""
        return evaluate(self, theta, sigma2)

    def factor(self, theta: Floats) -> Factored:
        """Eliminate, scale and factor the system at ``theta`` unless it is cached; errors as :func:`factor`."""
        last = self._last
        if last is not None and last.data is self.data and np.array_equal(last.theta, theta):
            return last
        self._last = None
        found = factor(self.data, self.border, self.layout, theta, self.lambdas(theta))
        if self.layout.size <= REMEMBERED:
            self._last = found
        return found

    def forget(self) -> None:
        """Drop the cached factor, which takes a few times the memory of the data."""
        self._last = None

    def level_traces(self, at: Factored) -> list[Floats]:
        """``Σ Z'H⁻¹Z`` over the levels of each term, shapes ``(k, k)``."""
        cells = level_traces(at, self.scale)
        return [cells[own].reshape(k, k) for own, (_, k) in zip(self.layout.cells, self.data.shapes, strict=True)]

    def directions(self, lambdas: list[Floats]) -> list[tuple[int, Floats]]:
        """For each entry of ``theta``: its term and the derivative of that term's ``G``, shape ``(k, k)``."""
        result: list[tuple[int, Floats]] = []
        for t, a, b in self.entries:
            direction = np.zeros(lambdas[t].shape)
            direction[a, :] = lambdas[t][:, b]
            result.append((t, direction + direction.T))
        return result

    def bending(self, slopes: tuple[Floats, ...]) -> Floats:
        """The part of the second derivatives due to ``G`` being quadratic in ``theta``, shape ``(m, m)``."""
        return self.layout.bending(np.concatenate([slope.ravel() for slope in slopes]))
