r"""The restricted or full likelihood of effects whose covariance is a smooth function of a few numbers.

.. math:: M(x) = V + \sum_t (B_t G_t(x_t) B_t') \circ S_t

with the sampling covariance :math:`V`, the columns :math:`B_t` that vary by the groups of term :math:`t`, and
:math:`S_t` one where two effects share a group. Effects that nothing ties together are in blocks of their own; each
block is dense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..core.arrays import Floats, Integers
from ..mixed.numerics.optimize import Search, minimize
from .structures import Structure

# Step of the differences between gradients that give second derivatives.
DIFFERENCE = 1e-5
# Predicted decrease of the criterion at which a search ends, and its longest.
DECREASE, EVALUATIONS = 1e-11, 300
# Standard deviations, in units of the effects' spread, and angles at which searches start. A likelihood can have many
# maxima: each start is followed and the highest taken.
STARTS = ((0.5, 0.0), (1.0, 0.8), (0.2, -0.5))


@dataclass(frozen=True, slots=True)
class GroupedEffects:
    """A random term: its columns ``(k, q)``, the group of each row ``(k,)`` and the structure of their covariance."""

    columns: Floats
    codes: Integers
    structure: Structure


@dataclass(frozen=True, slots=True)
class At:
    """The criterion at numbers ``theta``: minus twice the log-likelihood, its derivatives, and what goes with them."""

    theta: Floats
    value: float
    gradient: Floats
    curvature: Floats
    coefficients: Floats
    covariance: Floats
    sensitivity: Floats
    slopes: tuple[Floats, ...] = ()


class MarginalLikelihood:
    """Minus twice the log-likelihood of ``y`` with fixed columns ``X``, in the free numbers of all terms.

    Numbers that are standard deviations are in units of ``scale``. The restricted likelihood has no ``log |X'X|``.
    """

    def __init__(
        self, y: Floats, X: Floats, sampling: Floats, terms: Sequence[GroupedEffects], restricted: bool
    ) -> None:
        self.y, self.X, self.sampling, self.terms, self.restricted = y, X, sampling, tuple(terms), restricted
        self.entries: list[tuple[int, int, int]] = []  # no number that the search would have to steer away from zero
        left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        self.scale = float(np.sqrt(left @ left / max(len(y) - X.shape[1], 1)))
        self.units = np.concatenate([self._units(term.structure) for term in terms])
        self._blocks = [_Block(self, rows) for rows in _components(sampling, terms)]

    def _units(self, structure: Structure) -> Floats:
        units = np.full(structure.count, self.scale)
        units[list(structure.angles)] = 1.0
        return units

    def split(self, theta: Floats) -> list[Floats]:
        """The numbers of each term, in the units of the effects."""
        ends = np.cumsum([term.structure.count for term in self.terms])[:-1]
        return [np.asarray(part) for part in np.split(theta * self.units, ends)]

    def covariances(self, theta: Floats) -> list[Floats]:
        """``G`` of each term."""
        return [term.structure.covariance(part) for term, part in zip(self.terms, self.split(theta), strict=True)]

    def marginal(self, theta: Floats) -> Floats:
        """Covariance of the effects, sampling error included, shape ``(k, k)``."""
        total, own = np.zeros_like(self.sampling), self.covariances(theta)
        for block in self._blocks:
            total[np.ix_(block.rows, block.rows)] = block.covariance(own)
        return total

    def __call__(self, theta: Floats) -> At:
        """Value, gradient and average information.

        Raises
        ------
        numpy.linalg.LinAlgError
            If the covariance of the effects is not positive definite.
        """
        k, p = self.X.shape
        own, changes = self.covariances(theta), self._derivatives(theta)
        for block in self._blocks:
            block.factor(own)
        information = sum((block.X.T @ block.weighted for block in self._blocks), np.zeros((p, p)))
        covariance = np.linalg.inv(information)
        estimate = covariance @ sum((block.weighted.T @ block.y for block in self._blocks), np.zeros(p))
        value = (k - p if self.restricted else k) * float(np.log(2.0 * np.pi))
        if self.restricted:
            value += float(np.linalg.slogdet(information)[1])
        m = len(theta)
        traces, quadratic = np.zeros(m), np.zeros(m)
        inner, loads, squares = np.zeros((m, p, p)), np.zeros((m, p)), np.zeros((m, m))
        for block in self._blocks:
            projected = block.inverse @ (block.y - block.X @ estimate)  # of Py
            value += block.log_determinant + float(block.y @ projected)
            moved = np.empty((m, len(block.rows)))
            for i, (t, change) in enumerate(changes):
                spread = block.spread(t, change)
                traces[i] += float(np.vdot(block.inverse, spread))
                moved[i] = spread @ projected
                inner[i] += block.weighted.T @ spread @ block.weighted
            quadratic += moved @ projected
            loads += moved @ block.weighted
            squares += moved @ block.inverse @ moved.T
        if self.restricted:
            traces -= np.einsum("ij,mij->m", covariance, inner)
        return At(
            theta,
            value,
            traces - quadratic,
            squares - loads @ covariance @ loads.T,
            estimate,
            covariance,
            covariance @ inner @ covariance,
        )

    def _derivatives(self, theta: Floats) -> list[tuple[int, Floats]]:
        """For each entry of ``theta`` its term and the derivative of that term's ``G``."""
        return [
            (t, change)
            for t, (term, part) in enumerate(zip(self.terms, self.split(theta), strict=True))
            for change in term.structure.derivatives(part, self._units(term.structure))
        ]

    def hessian(self, theta: Floats) -> Floats:
        """Second derivatives, from differences between gradients."""
        m = len(theta)
        result = np.empty((m, m))
        for i in range(m):
            step = DIFFERENCE * np.eye(m)[i]
            result[i] = (self(theta + step).gradient - self(theta - step).gradient) / (2.0 * DIFFERENCE)
        return 0.5 * (result + result.T)

    def maximum(self) -> Search[At]:
        """The highest of the maxima found from ``STARTS``."""
        ends = []
        for size, angle in STARTS:
            start = np.concatenate([self._start(term.structure, size, angle) for term in self.terms])
            ends.append(minimize(self, start, EVALUATIONS, exact=lambda at: self.hessian(at.theta), decrease=DECREASE))
        return min(ends, key=lambda end: end.point.value)

    @staticmethod
    def _start(structure: Structure, size: float, angle: float) -> Floats:
        start = np.full(structure.count, size)
        start[list(structure.angles)] = angle
        if structure.name == "UN":
            rows, columns = np.tril_indices(structure.size)
            start = np.where(rows == columns, size, 0.3 * size * np.sign(angle))
        return start


class _Block:
    """Effects that are independent of all others, and their covariance at the point asked for last."""

    def __init__(self, whole: MarginalLikelihood, rows: Integers) -> None:
        self.rows = rows
        self.X, self.y = whole.X[rows], whole.y[rows]
        self._sampling = whole.sampling[np.ix_(rows, rows)]
        self._columns = [term.columns[rows] for term in whole.terms]
        self._same = [np.equal.outer(term.codes[rows], term.codes[rows]) for term in whole.terms]

    def spread(self, t: int, covariance: Floats) -> Floats:
        """What a covariance of one term's effects is between rows, shape ``(b, b)``."""
        columns = self._columns[t]
        return np.where(self._same[t], columns @ covariance @ columns.T, 0.0)

    def covariance(self, own: Sequence[Floats]) -> Floats:
        """Of the block's effects, from those of the terms."""
        total = self._sampling.copy()
        for t, covariance in enumerate(own):
            total += self.spread(t, covariance)
        return total

    def factor(self, own: Sequence[Floats]) -> None:
        """Invert the covariance."""
        triangle = cho_factor(self.covariance(own), lower=True)
        self.inverse: Floats = cho_solve(triangle, np.eye(len(self.rows)))
        self.weighted: Floats = self.inverse @ self.X
        self.log_determinant = 2.0 * float(np.log(np.diag(triangle[0])).sum())


def _components(sampling: Floats, terms: Sequence[GroupedEffects]) -> list[Integers]:
    """Rows that share errors or groups, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    k = len(sampling)
    pairs = [np.nonzero(sampling)]
    for term in terms:
        first = np.zeros(int(term.codes.max()) + 1, dtype=np.intp)
        first[term.codes[::-1]] = np.arange(k)[::-1]  # the first row of each group stands for it
        pairs.append((np.arange(k), first[term.codes]))
    rows, columns = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    _, labels = connected_components(coo_array((np.ones(len(rows)), (rows, columns)), shape=(k, k)), directed=False)
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
