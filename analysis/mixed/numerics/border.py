"""The cross-products between the eliminated term and the kept ones, and sums over levels that involve them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.blas import dsyrk

from ...core.arrays import Floats, Integers
from .distinct_blocks import Kinds, kinds_of
from .nonzero_pairs import Pairs, filled_cells

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Pairs up to which the list is stored (24 bytes each); beyond that, sparse products are computed each time.
MOST_PAIRS = 20_000_000
# Cells of the kinds' Gram matrices that take the time of one pair, or of one cell of a dense border's product.
KINDS, KIND = 8.0, 0.25
# Cells up to which the border is dense, and the share of non-zero cells from which it is dense at any size.
DENSE, SPARSE = 100_000, 0.15


@dataclass(frozen=True, slots=True)
class Turn:
    """A kernel of a kept term, applied as ``R'`` to its levels.

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
        The border, before kernels are applied.
    blocks
        Cross-products of the term with itself, shape ``(L, k, k)``.
    turns
        Kernels of kept terms, which would fill their columns. If a sparse border is large, they are applied to the
        other operand of each product instead.
    """

    def __init__(self, matrix: Floats | csr_array, blocks: Floats, turns: tuple[Turn, ...] = ()) -> None:
        self.levels, self.k, _ = blocks.shape
        size = int(matrix.shape[1])
        cells = self.levels * self.k * size
        counts = filled_cells(matrix, self.k)
        sparse = int(counts.sum()) < SPARSE * cells
        self._dense: Floats | None = None
        # A small dense product is faster than the overhead of a sparse one.
        if cells <= DENSE or not sparse:
            self._dense = np.ascontiguousarray(_down(as_dense(matrix).T, turns).T)
        self._own, self._turns = matrix, turns
        pairs = int((counts * (counts + 1) // 2).sum()) if sparse else None
        self._kinds: Kinds | None = None
        if self.k == 1:
            work = KIND * self.levels * size**2 if pairs is None else KINDS * pairs
            self._kinds = kinds_of(blocks, size, work, self._plain_gram)
        self._pairs: Pairs | None = None
        if self._dense is not None and (self._kinds is not None or not sparse):
            self._own, self._turns, self._transposed = self._dense, (), self._dense.T
            return
        self._own = own = as_sparse(matrix)
        if self._kinds is None and pairs is not None and pairs <= MOST_PAIRS:
            self._pairs = Pairs(own, self.levels, self.k)
        # Every evaluation multiplies by both, and transposing a sparse matrix takes as long as the product.
        self._transposed = own.T.tocsr()

    @property
    def matrix(self) -> Floats | csr_array:
        """``B``, with kernels applied."""
        return _down(as_dense(self._own).T, self._turns).T if self._turns else self._own

    @property
    def plain(self) -> bool:
        """Whether the border is dense, its term has one column, and its levels are not of few kinds."""
        return self.k == 1 and isinstance(self._own, np.ndarray) and self._kinds is None

    def carry(self, columns: Floats) -> Floats:
        """``B`` times dense columns."""
        if self._dense is not None:
            return np.asarray(self._dense @ columns)
        return np.asarray(self._own @ _up(columns, self._turns))

    def meet(self, rows: Floats) -> Floats:
        """``B'`` times dense rows."""
        if self._dense is not None:
            return np.asarray(self._dense.T @ rows)
        return _down(np.asarray(self._transposed @ rows), self._turns)

    def subtract_gram(self, omega: Floats, target: Floats) -> None:
        """``target -= Σ B_l' Ω_l B_l`` for symmetric positive semidefinite ``Ω``, in place.

        If levels are of few kinds, ``Ω`` must be the same within each.
        """
        if self._kinds is not None:
            target -= self._kinds.gram(omega)
        elif self._turns:
            gram = np.zeros(target.shape)
            self._subtract(omega, gram)
            target += _down(_down(gram, self._turns).T, self._turns)
        else:
            self._subtract(omega, target)

    def _subtract(self, omega: Floats, target: Floats) -> None:
        if self._pairs is not None:
            self._pairs.subtract(omega, target)
            return
        if self.k == 1 and isinstance(self._own, np.ndarray) and len(target):
            half = dsyrk(1.0, (np.sqrt(omega[:, 0]) * self._own).T, lower=1)
            target -= mirrored(half)
            return
        product = self._transposed @ apply_blocks(omega, self._own)
        target -= product if isinstance(product, np.ndarray) else product.toarray()

    def _plain_gram(self, levels: Integers) -> Floats:
        """``Σ B_l' B_l`` over some levels of a term with one column, shape ``(s, s)``."""
        if self._dense is not None:
            own = self._dense[levels]
            return np.asarray(own.T @ own)
        own = self._own[levels]
        return _down(_down(as_dense(own.T @ own), self._turns).T, self._turns)

    def gram(self, omega: Floats) -> Floats:
        """``Σ B_l' Ω_l B_l``, shape ``(s, s)``, for ``Ω`` as for :meth:`subtract_gram`."""
        if self._kinds is not None:
            return self._kinds.gram(omega)
        result = np.zeros((self._own.shape[1],) * 2)
        self.subtract_gram(omega, result)
        return -result

    def contract(self, omega: Floats, lower: Floats) -> float:
        """``tr(S Σ B_l' Ω_l B_l)`` for symmetric ``S``, given as its lower triangle with zeros above."""
        if self._kinds is not None:
            return self._kinds.contract(omega, lower)
        if self._pairs is not None and not self._turns:
            return self._pairs.contract(omega, lower)
        if self._pairs is not None:
            whole = _up(_up(mirrored(lower), self._turns).T, self._turns)
            return self._pairs.contract(omega, whole)
        return float((self.gram(omega) * mirrored(lower)).sum())


def mirrored(lower: Floats) -> Floats:
    """The symmetric matrix with a given lower triangle, which has zeros above."""
    result = lower + lower.T
    result.flat[:: len(lower) + 1] *= 0.5
    return result


def _down(rows: Floats, turns: tuple[Turn, ...]) -> Floats:
    """Apply the kernels to rows ordered by level; without kernels the rows are unchanged."""
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
    """``(R' ⊗ I)`` times rows ordered by level and column; the rows themselves if levels are independent."""
    if root is None:
        return rows
    levels, k = shape
    if k == 1:
        return np.asarray(root.T @ rows)
    return np.tensordot(root.T, rows.reshape(levels, k, -1), axes=1).reshape(rows.shape)


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


def as_sparse(matrix: Floats | csr_array) -> csr_array:
    """The matrix itself, or its cells that are not zero."""
    from scipy.sparse import csr_array

    return csr_array(matrix) if isinstance(matrix, np.ndarray) else matrix


def side_by_side(parts: Sequence[Floats | csr_array]) -> Floats | csr_array:
    """One border from those with each kept term: sparse if it is large and mostly zero."""
    from scipy.sparse import csr_array, hstack

    if parts[0].shape[0] * sum(part.shape[1] for part in parts) <= DENSE:
        return np.hstack([as_dense(part) for part in parts])
    border = csr_array(hstack([csr_array(part) for part in parts], format="csr"))
    return border if border.nnz < SPARSE * border.shape[0] * border.shape[1] else border.toarray()
