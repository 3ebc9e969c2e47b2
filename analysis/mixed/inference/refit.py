"""Refits of one model to other outcomes, which change only the cross-products with the outcome."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from ...core.arrays import Floats
from ..numerics.criterion import Criterion
from ..numerics.curvature import profiled_hessian
from ..numerics.evaluated import Point
from ..numerics.optimize import Search, minimize

# Predicted decrease at which a refit stops: the remaining error is below a hundredth of a parameter's standard error,
# negligible in a distribution of hundreds of draws.
DECREASE = 1e-4
EVALUATIONS = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """Cross-products of an outcome with the design, in the whitened rows.

    Attributes
    ----------
    kept
        ``Z'y`` over the terms that are not eliminated, shape ``(s,)``.
    eliminated
        ``Z'y`` over the eliminated term, shape ``(L k,)``; empty if there is none.
    basis
        ``Q'y``, shape ``(p,)``.
    total
        ``y'y``.
    """

    kept: Floats
    eliminated: Floats
    basis: Floats
    total: float


class Refitter:
    """Fits the model of ``criterion`` to other outcomes, starting at its minimum ``point``.

    The search corrects the average information by its error at ``point``, so that a refit takes a few evaluations.
    """

    def __init__(self, criterion: Criterion, point: Point, decrease: float = DECREASE) -> None:
        data = criterion.data
        self._decrease = decrease
        self._matrix = data.matrix.copy()
        eliminated = data.eliminated
        if eliminated is not None:
            eliminated = replace(eliminated, right=eliminated.right.copy())
        self._eliminated = eliminated
        self._data = replace(data, matrix=self._matrix, eliminated=eliminated)
        self._start = point.theta
        self._correction = profiled_hessian(criterion, point) - point.curvature
        self.criterion = copy(criterion)

    def fit(self, outcome: Outcome) -> Search[Point]:
        """Minimise the criterion of ``outcome``; ``self.criterion`` is that criterion until the next call."""
        p, s = self._data.p, self.criterion.layout.size
        self._matrix[:s, -1] = self._matrix[-1, :s] = outcome.kept - self._matrix[:s, s : s + p] @ outcome.basis
        self._matrix[-1, s:-1] = self._matrix[s:-1, -1] = 0.0
        self._matrix[-1, -1] = outcome.total - float(outcome.basis @ outcome.basis)
        if self._eliminated is not None:
            self._eliminated.right[:, -1] = outcome.eliminated - self._eliminated.right[:, :p] @ outcome.basis
        coefficients = np.linalg.solve(self._data.triangle, outcome.basis)
        self.criterion.data = replace(self._data, least_squares=coefficients)
        return self.borrow(self.criterion)

    def borrow(self, criterion: Criterion) -> Search[Point]:
        """Minimise another criterion of the same parameters, starting from this one's minimum."""
        calls = 0

        def exact(point: Point) -> Floats:
            nonlocal calls
            calls += 1  # a second call means that the borrowed correction misled the search
            return point.curvature + self._correction if calls == 1 else profiled_hessian(criterion, point)

        return minimize(criterion, self._start, EVALUATIONS, criterion.scale, exact=exact, decrease=self._decrease)
