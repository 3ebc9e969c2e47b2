"""Pairs of non-zero cells within the levels of a sparse border.

Few levels of two large factors occur together, so the border is sparse and its Gram matrix ``Σ B_l' Ω_l B_l`` has the
same pattern for every ``Ω``. The pattern is computed once, as a list of pairs of non-zero cells within a level; a Gram
matrix then takes one multiplication per pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def filled_cells(matrix: Floats | csr_array, k: int) -> Integers:
    """Number of non-zero cells in each level of a term with ``k`` columns, shape ``(L,)``."""
    if isinstance(matrix, np.ndarray):
        return np.count_nonzero(matrix.reshape(len(matrix) // k, k * matrix.shape[1]), axis=1)
    return np.diff(matrix.indptr[::k]).astype(np.int64)


class Pairs:
    """Pairs of cells in the same level, sorted by their columns; the first column is never the smaller one."""

    def __init__(self, matrix: csr_array, levels: int, k: int) -> None:
        matrix = matrix.tocsr()
        matrix.sort_indices()
        size = matrix.shape[1]
        counts = np.diff(matrix.indptr[::k])
        first, second = _within(counts)
        start = np.repeat(matrix.indptr[::k][:-1], counts * (counts + 1) // 2)
        first, second = first + start, second + start
        column, value = matrix.indices, matrix.data
        row = np.repeat(np.arange(levels * k), np.diff(matrix.indptr))
        low, high = np.minimum(column[first], column[second]), np.maximum(column[first], column[second])
        key = high.astype(np.int64) * size + low
        # numpy sorts short integers by radix sort, in a tenth of the time.
        order = np.argsort(key.astype(np.min_scalar_type(size * size)), kind="stable")
        first, second, key = first[order], second[order], key[order]
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else key
        self.product = value[first] * value[second]
        # Position of Ω's cell in the flattened (L, k, k) array.
        self.cell = (row[first] // k) * k * k + (row[first] % k) * k + row[second] % k
        self.starts = starts
        self.high, self.low = key[starts] // size, key[starts] % size
        self._off = self.high != self.low
        self._mirrored = self.low[self._off], self.high[self._off]
        self._weights = np.where(self._off, 2.0, 1.0)
        # A pair of different cells in one column counts for itself and its mirror image.
        twice = (column[first] == column[second]) & (first != second)
        self.product[twice] *= 2.0

    def _sums(self, omega: Floats) -> Floats:
        if not len(self.starts):
            return np.zeros(0)
        return np.add.reduceat(self.product * omega.ravel()[self.cell], self.starts)

    def subtract(self, omega: Floats, target: Floats) -> None:
        """``target -= Σ B_l' Ω_l B_l`` for symmetric ``Ω``, in place."""
        sums = self._sums(omega)
        target[self.high, self.low] -= sums
        target[self._mirrored] -= sums[self._off]

    def contract(self, omega: Floats, lower: Floats) -> float:
        """``tr(S Σ B_l' Ω_l B_l)`` for symmetric ``Ω`` and ``S``, of which the lower triangle is read."""
        return float(self._sums(omega) @ (self._weights * lower[self.high, self.low]))


def _within(counts: Integers) -> tuple[Integers, Integers]:
    """Positions ``i ≥ j`` of all pairs within consecutive groups of the given sizes, relative to each group's start."""
    sizes = counts * (counts + 1) // 2
    local = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = ((np.sqrt(8.0 * local + 1.0) - 1.0) / 2.0).astype(np.int64)
    return first, local - first * (first + 1) // 2
