r"""Outcomes simulated from a fitted model, as cross-products with the design: rows are never simulated.

With :math:`A = [Z\; Q]` in the whitened rows, the errors enter a refit only through :math:`A'e \sim N(0, \sigma^2 A'A)`
and :math:`e'e`, whose part outside the column space of :math:`A` is :math:`\sigma^2\chi^2`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg.lapack import dpstrf

from ...core.arrays import Floats
from ..numerics.border import as_dense, dense_diagonal
from ..numerics.criterion import Criterion
from ..numerics.evaluated import Point
from .refit import Outcome

# A pivot below this share of the largest is a dependent column: one-hot columns of crossed factors always have some.
DEPENDENT = 1e-10
# Draws made at once: this and the number of random effects bound the memory.
BATCH = 64


class Simulator:
    """Simulates random effects and errors of the model at ``point``; the fixed effects are zero."""

    def __init__(self, criterion: Criterion, point: Point) -> None:
        self._criterion, self._sigma = criterion, float(np.sqrt(point.sigma2))
        self._lambdas = criterion.lambdas(point.theta)
        self._cross = _design_products(criterion)
        self._factor = _root(self._cross)
        self._free = criterion.data.n - self._factor.shape[1]

    def draw(self, count: int, rng: np.random.Generator) -> Iterator[Outcome]:
        """``count`` outcomes without their fixed part, in batches whose size does not depend on ``count``."""
        p, s = self._criterion.data.p, self._criterion.layout.size
        done = 0
        while done < count:
            # Only whole batches are drawn, so that a long run starts with the draws of a short one.
            effects = self._effects(rng)
            error = self._sigma * rng.standard_normal((self._factor.shape[1], BATCH))
            beyond = self._sigma**2 * rng.chisquare(self._free, BATCH) if self._free > 0 else np.zeros(BATCH)
            products = self._factor @ error  # A'e
            total = (error**2).sum(axis=0) + beyond + 2.0 * (effects * products[:-p]).sum(axis=0)
            moved = self._cross[:, :-p] @ effects  # A'Zb
            total += (effects * moved[:-p]).sum(axis=0)
            products += moved
            eliminated = len(products) - p - s
            for i in range(min(BATCH, count - done)):
                column = products[:, i]
                yield Outcome(column[eliminated:-p], column[:eliminated], column[-p:], float(total[i]))
            done += BATCH

    def _effects(self, rng: np.random.Generator) -> Floats:
        """Random effects in the order of the products, shape ``(q, BATCH)``."""
        data = self._criterion.data
        order = data.kept if data.eliminated is None else (data.eliminated.term, *data.kept)
        pieces = []
        for t in order:
            levels, k = data.shapes[t]
            own = rng.standard_normal((levels, k, BATCH))
            pieces.append(self._sigma * np.matmul(self._lambdas[t], own).reshape(levels * k, BATCH))
        return np.concatenate(pieces)


def _design_products(criterion: Criterion) -> Floats:
    """``[Z Q]'W[Z Q]``, the eliminated term first, then the kept ones, then the basis; shape ``(q + p, q + p)``."""
    data, p = criterion.data, criterion.data.p
    inner = data.matrix[:-1, :-1]
    if data.eliminated is None or criterion.border is None:
        return inner
    side = np.hstack([as_dense(criterion.border.matrix), data.eliminated.right[:, :p]])
    return np.block([[dense_diagonal(data.eliminated.blocks), side], [side.T, inner]])


def _root(cross: Floats) -> Floats:
    """``B`` of full column rank with ``BB' = cross``."""
    factor, pivot, rank, _ = dpstrf(cross, tol=DEPENDENT * float(cross.diagonal().max()), lower=1)
    root = np.zeros((len(cross), rank))
    root[pivot - 1] = np.tril(factor)[:, :rank]
    return root
