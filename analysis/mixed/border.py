"""The cross-products between the eliminated term and the kept ones, and the sums over levels that they enter.

Few levels of two large factors meet, so the border is sparse and its Gram matrix ``Σ B_l' Ω_l B_l`` has a pattern that
no ``Ω`` changes. The pattern is worked out once, as a list of pairs of non-zero cells within a level; a Gram matrix is
then one multiplication a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.blas import dsyrk

from ..arrays import Floats, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Pairs up to which the list is kept (24 bytes each); beyond it sparse products are formed anew.
MOST_PAIRS = 20_000_000
# Cells up to which the border is kept dense beside its pairs.
DENSE = 100_000


@dataclass(frozen=True, slots=True)
class Turn:
    """A kernel of a kept term: its levels are independent ones times ``R'``, from where they stand as themselves.

    Attributes
    ----------
    part
        The term's rows among the kept effects.
    root
        ``R``, shape ``(L, L)``.
    shape
        Levels and columns of the term.
    """

    part: slice
    root: Floats
    shape: tuple[int, int]


class Border:
    """The border ``B``, shape ``(L k, s)``, of a term with ``L`` levels and ``k`` columns.

    Parameters
    ----------
    matrix
        The border, with a column for each level as it stands in the rows.
    levels, k
        Of the eliminated term.
    turns
        Kernels of kept terms, which would fill their columns. A sparse border stays without them, and what it is
        multiplied by is turned instead.
    """

    def __init__(self, matrix: Floats | csr_array, levels: int, k: int, turns: tuple[Turn, ...] = ()) -> None:
        if isinstance(matrix, np.ndarray) and turns:
            matrix, turns = np.ascontiguousarray(_down(matrix.T, turns).T), ()
        self._own, self._turns = matrix, turns
        # Every evaluation multiplies by both; turning a sparse matrix round takes as long as the product.
        self._transposed = matrix.T if isinstance(matrix, np.ndarray) else matrix.T.tocsr()
        self.levels, self.k = levels, k
        # A small border is multiplied by at once; a sparse product takes longer to begin than that.
        whole = isinstance(matrix, np.ndarray) or levels * k * matrix.shape[1] <= DENSE
        self._dense = as_dense(matrix) if whole else None
        self._pairs: _Pairs | None = None
        if not isinstance(matrix, np.ndarray):
            counts = np.diff(matrix.indptr[::k]).astype(np.int64)
            if (counts * (counts + 1) // 2).sum() <= MOST_PAIRS:
                self._pairs = _Pairs(matrix, levels, k)

    @property
    def matrix(self) -> Floats | csr_array:
        """``B`` itself."""
        return _down(as_dense(self._own).T, self._turns).T if self._turns else self._own

    @property
    def plain(self) -> bool:
        """Whether the border is dense and its term has one column."""
        return self.k == 1 and isinstance(self._own, np.ndarray)

    def carry(self, columns: Floats) -> Floats:
        """``B`` times dense columns."""
        return np.asarray((self._own if self._dense is None else self._dense) @ _up(columns, self._turns))

    def meet(self, rows: Floats) -> Floats:
        """``B'`` times dense rows."""
        met = np.asarray(self._transposed @ rows if self._dense is None else self._dense.T @ rows)
        return _down(met, self._turns)

    def quadratic(self, inner: Floats) -> Floats:
        """``B_l S B_l'`` of each level for symmetric ``S``, where the term has one column; shape ``(L,)``."""
        inner = _up(_up(inner, self._turns).T, self._turns)
        if self._pairs is not None:
            return self._pairs.quadratic(inner, self.levels)
        along = self._own @ inner
        lengths = along * self._own if isinstance(self._own, np.ndarray) else self._own.multiply(along)
        return np.asarray(lengths.sum(axis=1)).ravel()

    def subtract_gram(self, omega: Floats, target: Floats) -> None:
        """``target -= Σ B_l' Ω_l B_l`` for symmetric ``Ω`` without a negative eigenvalue, in place."""
        if not self._turns:
            self._subtract(omega, target)
            return
        gram = np.zeros(target.shape)
        self._subtract(omega, gram)
        target += _down(_down(gram, self._turns).T, self._turns)

    def _subtract(self, omega: Floats, target: Floats) -> None:
        if self._pairs is not None:
            self._pairs.subtract(omega, target)
            return
        if self.plain and isinstance(self._own, np.ndarray) and len(target):
            half = dsyrk(1.0, (np.sqrt(omega[:, 0]) * self._own).T, lower=1)
            target -= half + np.tril(half, -1).T
            return
        product = self._transposed @ apply_blocks(omega, self._own)
        target -= product if isinstance(product, np.ndarray) else product.toarray()

    def gram(self, omega: Floats) -> Floats:
        """``Σ B_l' Ω_l B_l`` for symmetric ``Ω``, shape ``(s, s)``."""
        result = np.zeros((self._own.shape[1],) * 2)
        self.subtract_gram(omega, result)
        return -result

    def contract(self, omega: Floats, inverse: Floats) -> float:
        """``tr(S Σ B_l' Ω_l B_l)`` for symmetric ``Ω`` and ``S``, of which the lower triangle is read."""
        if self._pairs is not None and not self._turns:
            return self._pairs.contract(omega, inverse)
        whole = np.tril(inverse) + np.tril(inverse, -1).T
        if self._pairs is not None:
            return self._pairs.contract(omega, _up(_up(whole, self._turns).T, self._turns))
        return float((self.gram(omega) * whole).sum())


def _down(rows: Floats, turns: tuple[Turn, ...]) -> Floats:
    """Rows by level as it stands, turned into rows by independent level; the same rows if there is no kernel."""
    return _replaced(rows, turns, [correlate(rows[turn.part], turn.root, turn.shape) for turn in turns])


def _up(rows: Floats, turns: tuple[Turn, ...]) -> Floats:
    """The transpose of :func:`_down`."""
    return _replaced(rows, turns, [correlate(rows[turn.part], turn.root.T, turn.shape) for turn in turns])


def _replaced(rows: Floats, turns: tuple[Turn, ...], parts: list[Floats]) -> Floats:
    if not turns:
        return rows
    result = rows.copy()
    for turn, part in zip(turns, parts, strict=True):
        result[turn.part] = part
    return result


def correlate(rows: Floats, root: Floats | None, shape: tuple[int, int]) -> Floats:
    """``(R' ⊗ I)`` times rows ordered by level and column; the rows themselves where levels are independent."""
    if root is None:
        return rows
    levels, k = shape
    if k == 1:
        return np.asarray(root.T @ rows)
    return np.tensordot(root.T, rows.reshape(levels, k, -1), axes=1).reshape(rows.shape)


class _Pairs:
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
        # Short integers are sorted by their digits, in a tenth of the time.
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
        self._lengths = np.diff(starts, append=len(first))
        # A pair of different cells in one column stands for itself and its mirror.
        twice = (column[first] == column[second]) & (first != second)
        self.product[twice] *= 2.0

    def _sums(self, omega: Floats) -> Floats:
        if not len(self.starts):
            return np.zeros(0)
        return np.add.reduceat(self.product * omega.ravel()[self.cell], self.starts)

    def subtract(self, omega: Floats, target: Floats) -> None:
        sums = self._sums(omega)
        target[self.high, self.low] -= sums
        target[self._mirrored] -= sums[self._off]

    def quadratic(self, inner: Floats, levels: int) -> Floats:
        cells = np.repeat(self._weights * inner[self.high, self.low], self._lengths)
        return np.asarray(np.bincount(self.cell, weights=self.product * cells, minlength=levels), dtype=float)

    def contract(self, omega: Floats, inverse: Floats) -> float:
        return float(self._sums(omega) @ (self._weights * inverse[self.high, self.low]))


def _within(counts: Integers) -> tuple[Integers, Integers]:
    """Positions ``i ≥ j`` of all pairs within consecutive groups of the given sizes, relative to each group's start."""
    sizes = counts * (counts + 1) // 2
    local = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = ((np.sqrt(8.0 * local + 1.0) - 1.0) / 2.0).astype(np.int64)
    return first, local - first * (first + 1) // 2


def apply_blocks(blocks: Floats, rows: Floats | csr_array) -> Floats | csr_array:
    """Multiply the rows of each level by its ``(k, k)`` block."""
    levels, k, _ = blocks.shape
    if isinstance(rows, np.ndarray):
        if k == 1:
            return blocks[:, 0, 0][:, None] * rows
        return np.asarray(np.matmul(blocks, rows.reshape(levels, k, -1))).reshape(rows.shape)
    return _block_diagonal(blocks) @ rows


def _block_diagonal(blocks: Floats) -> csr_array:
    from scipy.sparse import bsr_array, csr_array, diags_array

    levels, k, _ = blocks.shape
    if k == 1:
        return csr_array(diags_array(blocks[:, 0, 0]))
    every = np.arange(levels + 1)
    return csr_array(bsr_array((blocks, every[:-1], every), shape=(levels * k, levels * k)))


def dense_diagonal(blocks: Floats) -> Floats:
    """Blocks ``(L, k, k)`` along the diagonal of a dense matrix, shape ``(L k, L k)``."""
    levels, k, _ = blocks.shape
    result = np.zeros((levels, k, levels, k))
    every = np.arange(levels)
    result[every, :, every, :] = blocks
    return result.reshape(levels * k, levels * k)


def as_dense(matrix: Floats | csr_array) -> Floats:
    """The matrix itself, or its cells written out where it is sparse."""
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())
