r"""The criterion before σ is profiled out, minimised with one standard deviation or correlation held at a value.

In ``theta`` and :math:`\tau = \log\sigma` the standard deviation of an effect is the length of its row of
:math:`\lambda` times :math:`\sigma`, and the correlation of two effects the cosine of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..arrays import Floats
from .criterion import Criterion, Point
from .design import RandomTerm

# Stopping rule of the constrained search, in units of the criterion.
STOP = 1e-10


class Joint:
    """Minus twice the log-likelihood as a function of ``(theta, log σ)``; of ``theta`` alone where σ is known."""

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
        first = self._row(group, term)
        if kind == "correlation":
            return self._correlation(first, self._row(group, other))
        return self._std_dev(first)

    def _row(self, group: str, column: str) -> list[int]:
        """Positions in ``x`` of the row of ``λ`` that belongs to a column; empty for the residual in σ."""
        if group == "Residual":
            last = len(self.terms)
            return [i for i, (t, _, _) in enumerate(self.criterion.entries) if t == last]
        for t, term in enumerate(self.terms):
            if term.group == group and column in term.labels:
                a = term.labels.index(column)
                return [i for i, (u, row, _) in enumerate(self.criterion.entries) if (u, row) == (t, a)]
        raise KeyError(f"no column {column} of {group}")

    def _std_dev(self, row: list[int]) -> Callable[[float], float]:
        m = len(self.best.theta)
        fixed_scale = not row  # the residual standard deviation is σ itself

        def excess(x: Floats, value: float) -> float:
            scale = np.exp(2.0 * x[m]) if self.free else 1.0
            return float(scale * (x[row] ** 2).sum() / value**2 - 1.0)

        def slope(x: Floats, value: float) -> Floats:
            result = np.zeros(len(x))
            scale = np.exp(2.0 * x[m]) if self.free else 1.0
            result[row] = 2.0 * scale * x[row] / value**2
            if self.free:
                result[m] = 2.0 * scale * (x[row] ** 2).sum() / value**2
            return result

        last = self.minimum

        def rise(value: float) -> float:
            nonlocal last
            start = last.copy()
            if fixed_scale:
                start[m] = np.log(value) if value > 0 else -np.inf
                if value <= 0:
                    return np.inf
                start, found = self._search(start, [m])
            elif value == 0.0:
                start[row] = 0.0
                start, found = self._search(start, row)
                return found
            else:
                current = np.sqrt((start[row] ** 2).sum()) * (np.exp(start[m]) if self.free else 1.0)
                if current > 0:
                    start[row] *= value / current
                else:
                    start[row[-1]] = value / (np.exp(start[m]) if self.free else 1.0)
                start, found = self._search(start, [], lambda x: excess(x, value), lambda x: slope(x, value))
            last = start
            return found

        return rise

    def _correlation(self, first: list[int], second: list[int]) -> Callable[[float], float]:
        # The second row is the longer one: it has room for the direction of the first.
        width = len(second)

        def rows(x: Floats) -> tuple[Floats, Floats]:
            one = np.zeros(width)
            one[: len(first)] = x[first]
            return one, x[second]

        def excess(x: Floats, value: float) -> float:
            one, two = rows(x)
            return float(one @ two / (_length(one) * _length(two)) - value)

        def slope(x: Floats, value: float) -> Floats:
            one, two = rows(x)
            a, b = _length(one), _length(two)
            cosine = one @ two / (a * b)
            result = np.zeros(len(x))
            result[first] = (two / (a * b) - cosine * one / a**2)[: len(first)]
            result[second] = one / (a * b) - cosine * two / b**2
            return result

        last = self.minimum

        def rise(value: float) -> float:
            nonlocal last
            start = last.copy()
            one, two = rows(start)
            along = one / _length(one)
            across = two - (two @ along) * along
            if _length(across) < 1e-8 * _length(two):  # the estimate is on the boundary: leave in the last direction
                across = np.eye(width)[-1]
            start[second] = _length(two) * (value * along + np.sqrt(1.0 - value**2) * across / _length(across))
            last, found = self._search(start, [], lambda x: excess(x, value), lambda x: slope(x, value))
            return found

        return rise

    def _search(
        self,
        start: Floats,
        held: list[int],
        excess: Callable[[Floats], float] | None = None,
        slope: Callable[[Floats], Floats] | None = None,
    ) -> tuple[Floats, float]:
        """Minimise with some entries held, or under one equality."""
        from scipy.optimize import minimize

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(start)
        if self.free:  # e⁸ times its estimate is out of reach, and an overflow is no step
            bounds[-1] = (self.minimum[-1] - 8.0, self.minimum[-1] + 8.0)
        for i in held:
            bounds[i] = (start[i], start[i])
        constraints = [] if excess is None else [{"type": "eq", "fun": excess, "jac": slope}]
        found = minimize(
            self, start, jac=True, method="SLSQP", bounds=bounds, constraints=constraints,
            options={"ftol": STOP, "maxiter": 300},
        )  # fmt: skip
        return np.asarray(found.x), float(found.fun)


def _length(row: Floats) -> float:
    return max(float(np.linalg.norm(row)), 1e-300)
