"""Refits of one model to other outcomes: the cross-products of the design stay, only those with the outcome change."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from ...core.arrays import Floats
from ..numerics.criterion import Criterion
from ..numerics.curvature import profiled_hessian
from ..numerics.evaluated import Point
from ..numerics.optimize import Search, minimize

# Predicted decrease at which a refit stops: what is left is below a hundredth of a parameter's own standard error,
# in a distribution of hundreds of draws.
DECREASE = 1e-4
EVALUATIONS = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model needs to know of an outcome, in the whitened rows.

    Attributes
    ----------
    kept
        ``Z'y`` over the terms that are not eliminated, shape ``(s,)``.
    apart
        ``Z'y`` over the term that is eliminated first, shape ``(L k,)``, and over the slots of those that follow it;
        empty if there is none.
    basis
        ``Q'y``, shape ``(p,)``.
    total
        ``y'y``.
    """

    kept: Floats
    apart: Floats
    basis: Floats
    total: float


class Refitter:
    """Fits the model of ``criterion`` to other outcomes, from the minimum ``point`` on.

    The search borrows what average information lacks from ``point``, so that a refit takes a few evaluations.
    """

    def __init__(self, criterion: Criterion, point: Point, decrease: float = DECREASE) -> None:
        data = criterion.data
        self._decrease = decrease
        self._matrix = data.matrix.copy()
        apart = data.eliminated
        if apart is not None:
            apart = replace(apart, right=apart.right.copy())
        further = data.further
        if further is not None:
            further = replace(further, right=further.right.copy())
        self._rights = [part.right for part in (apart, further) if part is not None]
        self._data = replace(data, matrix=self._matrix, eliminated=apart, further=further)
        self._start = point.theta
        self._missing = profiled_hessian(criterion, point) - point.curvature
        self.criterion = copy(criterion)

    def fit(self, outcome: Outcome) -> Search[Point]:
        """Minimise the criterion of ``outcome``; ``criterion`` then belongs to it, until the next call."""
        p, s = self._data.p, self.criterion.layout.size
        self._matrix[:s, -1] = self._matrix[-1, :s] = outcome.kept - self._matrix[:s, s : s + p] @ outcome.basis
        self._matrix[-1, s:-1] = self._matrix[s:-1, -1] = 0.0
        self._matrix[-1, -1] = outcome.total - float(outcome.basis @ outcome.basis)
        start = 0
        for right in self._rights:
            own = outcome.apart[start : start + len(right)]
            right[:, -1] = own - right[:, :p] @ outcome.basis
            start += len(right)
        coefficients = np.linalg.solve(self._data.triangle, outcome.basis)
        self.criterion.data = replace(self._data, least_squares=coefficients)
        return self.borrow(self.criterion)

    def borrow(self, criterion: Criterion) -> Search[Point]:
        """Minimise another criterion of the same parameters with what is known of this one's minimum."""
        asked = 0

        def exact(point: Point) -> Floats:
            nonlocal asked
            asked += 1  # what was borrowed has misled the search if it asks again
            return point.curvature + self._missing if asked == 1 else profiled_hessian(criterion, point)

        return minimize(criterion, self._start, EVALUATIONS, criterion.scale, exact=exact, decrease=self._decrease)
