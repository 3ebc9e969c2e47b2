r"""The criterion before σ is profiled out, minimised with one standard deviation or correlation fixed.

In ``theta`` and :math:`\tau = \log\sigma` the standard deviation of an effect is the length of its row of
:math:`\lambda` times :math:`\sigma`, and the correlation of two effects is the cosine between their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...core.arrays import Floats
from ..model.design import RandomTerm
from .criterion import Criterion
from .evaluated import Point

# Stopping rule of the constrained search, in units of the criterion.
STOP = 1e-10


class Joint:
    """Minus twice the log-likelihood as a function of ``(theta, log σ)``; of ``theta`` alone if σ is known."""

    def __init__(self, criterion: Criterion, best: Point, terms: Sequence[RandomTerm]) -> None:
        self.criterion, self.best, self.terms = criterion, best, terms
        self.free = not criterion.data.known_scale
        tau = [0.5 * np.log(best.sigma2)] if self.free else []
        self.minimum = np.concatenate([best.theta, tau])

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Rise above the minimum, and its gradient."""
        m = len(self.best.theta)
        if not self.free:
            point = self.criterion(x)
            return point.value - self.best.value, point.gradient
        sigma2 = float(np.exp(2.0 * x[m]))
        point = self.criterion(x[:m], sigma2)
        slope = 2.0 * (self.criterion.degrees - point.residual / sigma2)
        return point.value - self.best.value, np.append(point.gradient, slope)

    def profile(self, kind: str, group: str, term: str, other: str) -> Callable[[float], float]:
        """Rise of the criterion, minimised over all other parameters, as a function of one."""
        if group == "Residual" and self.free:
            return self._sigma()
        t, column = self._place(group, term)
        if kind == "correlation":
            return self._correlation(t, column, self._place(group, other)[1])
        return self._std_dev(t, column)

    def _place(self, group: str, column: str) -> tuple[int, int]:
        """Positions of a term and of a column within it."""
        for t, term in enumerate(self.terms):
            if term.group == group and column in term.labels:
                return t, term.labels.index(column)
        return len(self.terms), 0  # the residual on top of known variances

    def _row(self, t: int, column: int) -> Floats:
        """Matrix that takes ``x`` to the row of a term's loadings that belongs to a column, shape ``(k, len(x))``."""
        back = np.linalg.inv(self.criterion.data.bases[t])
        result = np.zeros((len(back), len(self.minimum)))
        for i, (u, a, b) in enumerate(self.criterion.entries):
            if u == t:
                result[b, i] = back[column, a]
        return result

    def _sigma(self) -> Callable[[float], float]:
        last = self.minimum

        def rise(value: float) -> float:
            nonlocal last
            if value <= 0:
                return np.inf
            start = last.copy()
            start[-1] = np.log(value)
            last, found = self._search(start, [len(start) - 1])
            return found

        return rise

    def _std_dev(self, t: int, column: int) -> Callable[[float], float]:
        row = self._row(t, column)

        def excess(x: Floats, value: float) -> float:
            return float(self._scale(x) * ((row @ x) ** 2).sum() / value**2 - 1.0)

        def slope(x: Floats, value: float) -> Floats:
            scale = self._scale(x)
            result = 2.0 * scale * (row.T @ (row @ x)) / value**2
            if self.free:
                result[-1] = 2.0 * scale * ((row @ x) ** 2).sum() / value**2
            return result

        last = self.minimum

        def rise(value: float) -> float:
            nonlocal last
            if value == 0.0:
                start = last - np.linalg.pinv(row) @ (row @ last)
                return self._search(start, [], lambda x: row @ x, lambda x: row)[1]

            def move(covariance: Floats) -> None:
                std_dev = np.sqrt(covariance[column, column])
                covariance[column, :] *= value / std_dev if std_dev > 0 else 0.0
                covariance[:, column] *= value / std_dev if std_dev > 0 else 0.0
                covariance[column, column] = value**2

            last, found = self._lowest(last, t, move, lambda x: excess(x, value), lambda x: slope(x, value))
            return found

        return rise

    def _correlation(self, t: int, column: int, other: int) -> Callable[[float], float]:
        first, second = self._row(t, column), self._row(t, other)

        def excess(x: Floats, value: float) -> float:
            one, two = first @ x, second @ x
            return float(one @ two / (_length(one) * _length(two)) - value)

        def slope(x: Floats, value: float) -> Floats:
            one, two = first @ x, second @ x
            a, b = _length(one), _length(two)
            cosine = one @ two / (a * b)
            by_first, by_second = two / (a * b) - cosine * one / a**2, one / (a * b) - cosine * two / b**2
            return np.asarray(first.T @ by_first + second.T @ by_second)

        last = self.minimum

        def rise(value: float) -> float:
            nonlocal last

            def move(covariance: Floats) -> None:
                both = value * np.sqrt(covariance[column, column] * covariance[other, other])
                covariance[column, other] = covariance[other, column] = both

            last, found = self._lowest(last, t, move, lambda x: excess(x, value), lambda x: slope(x, value))
            return found

        return rise

    def _scale(self, x: Floats) -> float:
        """``σ²``."""
        return float(np.exp(2.0 * x[-1])) if self.free else 1.0

    def _lowest(
        self,
        last: Floats,
        t: int,
        move: Callable[[Floats], None],
        excess: Callable[[Floats], float],
        slope: Callable[[Floats], Floats],
    ) -> tuple[Floats, float]:
        """The lower of two minima: searched from the end of the last search and from the unconstrained minimum.

        Far from the estimate a variance may become zero, where any correlation is feasible; a search that starts there
        stays there.
        """
        starts = [self.minimum] if last is self.minimum else [last, self.minimum]
        ends = [self._search(self._moved(start, t, move), [], excess, slope) for start in starts]
        return min(ends, key=lambda end: end[1])

    def _moved(self, x: Floats, t: int, move: Callable[[Floats], None]) -> Floats:
        """``x`` with the covariance of one term changed in place by ``move``, the others unchanged."""
        m, sigma2 = len(self.best.theta), self._scale(x)
        loading = self.criterion.loadings(x[:m])[t]
        covariance = sigma2 * loading @ loading.T
        move(covariance)
        triangle = self.criterion.triangle(t, covariance / sigma2)
        result = x.copy()
        for i, (u, a, b) in enumerate(self.criterion.entries):
            if u == t:
                result[i] = triangle[a, b]
        return result

    def _search(
        self,
        start: Floats,
        fixed: list[int],
        excess: Callable[[Floats], float | Floats] | None = None,
        slope: Callable[[Floats], Floats] | None = None,
    ) -> tuple[Floats, float]:
        """Minimise with some entries fixed, or under one equality constraint."""
        from scipy.optimize import minimize

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(start)
        if self.free:  # σ stays within a factor of e⁸ of its estimate, so that a step cannot overflow
            bounds[-1] = (self.minimum[-1] - 8.0, self.minimum[-1] + 8.0)
        for i in fixed:
            bounds[i] = (start[i], start[i])
        constraints = [] if excess is None else [{"type": "eq", "fun": excess, "jac": slope}]
        found = minimize(
            self, start, jac=True, method="SLSQP", bounds=bounds, constraints=constraints,
            options={"ftol": STOP, "maxiter": 300},
        )  # fmt: skip
        return np.asarray(found.x), float(found.fun)


def _length(row: Floats) -> float:
    return max(float(np.linalg.norm(row)), 1e-300)
