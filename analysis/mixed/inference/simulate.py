r"""Outcomes drawn from a fitted model, as cross-products with the design.

With :math:`A = [Z\; Q]` in the whitened rows, the errors enter a refit only through :math:`A'e \sim N(0, \sigma^2 A'A)`
and :math:`e'e`, whose part outside the column space of :math:`A` is :math:`\sigma^2\chi^2`: no row is ever drawn. That
takes a root of :math:`A'A`, whose size is the square of the number of random effects. Where these are so many that
terms are eliminated in a chain, rows are fewer than its cells, and are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg.lapack import dpstrf

from ...core.arrays import Floats
from ...core.memory import require
from ..numerics.border import Border, as_dense, correlate, dense_diagonal
from ..numerics.criterion import Criterion
from ..numerics.crossproducts import by_slot
from ..numerics.evaluated import Point
from ..numerics.whitening import Rows
from .refit import Outcome

# Pivots below this share of the largest are dependent columns: one-hot columns of crossed factors always have some.
DEPENDENT = 1e-10
# Draws made at once; together with the number of random effects it bounds memory.
BATCH = 64
# Matrices over all random effects that are held at once.
COPIES = 4
# Cells of rows drawn at once.
CELLS = 8_000_000


def simulator(criterion: Criterion, point: Point, rows: Rows) -> Simulator | RowSimulator:
    """What draws outcomes of the model at ``point``, which was summed from ``rows``, at least cost."""
    return Simulator(criterion, point) if criterion.data.further is None else RowSimulator(criterion, point, rows)


class RowSimulator:
    """Draws random effects and errors of the model at ``point`` row by row; the fixed effects are left at zero."""

    def __init__(self, criterion: Criterion, point: Point, rows: Rows) -> None:
        self._data, self._rows, self._sigma = criterion.data, rows, float(np.sqrt(point.sigma2))
        self._lambdas = criterion.lambdas(point.theta)
        self._loads = [operand.matrix() for operand in rows.operands]
        self._batch = max(1, min(BATCH, CELLS // len(rows.y)))

    def draw(self, count: int, rng: np.random.Generator) -> Iterator[Outcome]:
        """``count`` outcomes less their fixed part, in batches of the same size whatever ``count`` is."""
        data, rows = self._data, self._rows
        basis = np.linalg.inv(data.triangle).T
        done = 0
        while done < count:
            y = np.asfortranarray(self._outcomes(rng))
            sums = [
                correlate(rows.operands[t].with_right(y), rows.roots[t], rows.shapes[t])
                for t in (*data.kept, *([] if data.eliminated is None else [data.eliminated.term]))
            ]
            slots = np.zeros((0, y.shape[1])) if data.further is None else by_slot(rows, y, data.further.pattern)
            kept, apart = np.concatenate([np.zeros((0, y.shape[1])), *sums[:-1]]), np.concatenate([sums[-1], slots])
            fixed, total = basis @ (rows.X.T @ y), np.einsum("nb,nb->b", y, y)
            for i in range(min(self._batch, count - done)):
                yield Outcome(kept[:, i], apart[:, i], fixed[:, i], float(total[i]))
            done += self._batch

    def _outcomes(self, rng: np.random.Generator) -> Floats:
        """Rows of as many outcomes as a batch has, shape ``(n, batch)``."""
        rows = self._rows
        y = self._sigma * rng.standard_normal((len(rows.y), self._batch))
        for loads, root, (levels, k), triangle in zip(self._loads, rows.roots, rows.shapes, self._lambdas, strict=True):
            own = self._sigma * np.matmul(triangle, rng.standard_normal((levels, k, self._batch)))
            effects = own.reshape(levels * k, self._batch)
            y += loads @ (effects if root is None else correlate(effects, root.T, (levels, k)))
        return y


class Simulator:
    """Draws random effects and errors of the model at ``point``; the fixed effects are left at zero."""

    def __init__(self, criterion: Criterion, point: Point) -> None:
        self._criterion, self._sigma = criterion, float(np.sqrt(point.sigma2))
        self._lambdas = criterion.lambdas(point.theta)
        require(
            COPIES * 8.0 * (criterion.data.q + criterion.data.p) ** 2,
            f"drawing outcomes with {criterion.data.q:,} random effects",
            "Leave out the grouping factor with the most levels, or do without simulated outcomes.",
        )
        self._cross = _design_products(criterion)
        self._factor = _root(self._cross)
        self._free = criterion.data.n - self._factor.shape[1]

    def draw(self, count: int, rng: np.random.Generator) -> Iterator[Outcome]:
        """``count`` outcomes less their fixed part, in batches of the same size whatever ``count`` is."""
        p, s = self._criterion.data.p, self._criterion.layout.size
        done = 0
        while done < count:
            # Whole batches are drawn, so that the first draws of a long run are those of a short one.
            effects = self._effects(rng)
            error = self._sigma * rng.standard_normal((self._factor.shape[1], BATCH))
            beyond = self._sigma**2 * rng.chisquare(self._free, BATCH) if self._free > 0 else np.zeros(BATCH)
            products = self._factor @ error  # A'e
            total = (error**2).sum(axis=0) + beyond + 2.0 * (effects * products[:-p]).sum(axis=0)
            moved = self._cross[:, :-p] @ effects  # A'Zb
            total += (effects * moved[:-p]).sum(axis=0)
            products += moved
            gone = len(products) - p - s
            for i in range(min(BATCH, count - done)):
                column = products[:, i]
                yield Outcome(column[gone:-p], column[:gone], column[-p:], float(total[i]))
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
    if data.eliminated is None or not isinstance(criterion.border, Border):
        return inner
    side = np.hstack([as_dense(criterion.border.matrix), data.eliminated.right[:, :p]])
    return np.block([[dense_diagonal(data.eliminated.blocks), side], [side.T, inner]])


def _root(cross: Floats) -> Floats:
    """``B`` of full column rank with ``BB' = cross``."""
    factor, pivot, rank, _ = dpstrf(cross, tol=DEPENDENT * float(cross.diagonal().max()), lower=1)
    root = np.zeros((len(cross), rank))
    root[pivot - 1] = np.tril(factor)[:, :rank]
    return root
