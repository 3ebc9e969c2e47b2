"""The border of the first eliminated term where others follow: its sums go to the cells of their pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats, Integers
from .chain_pattern import Pattern
from .distinct_blocks import MOST_KINDS
from .nonzero_pairs import Pairs, filled_cells

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class ChainBorder:
    """The border ``B``, shape ``(L k, slots)``, and sums ``Σ B_l' Ω_l B_l`` over its levels.

    Parameters
    ----------
    matrix
        The border, with a column for each slot.
    blocks
        Cross-products of the term with itself, shape ``(L, k, k)``.
    pattern
        Where the sums go.
    """

    #: A sparse border: what it meets is read from the inverse, not solved for (:mod:`level_traces`).
    plain = False

    def __init__(self, matrix: csr_array, blocks: Floats, pattern: Pattern) -> None:
        levels, k, _ = blocks.shape
        self.matrix, self.pattern = matrix, pattern
        self._transposed = matrix.T.tocsr()
        self._parts: list[_Part] = []
        self._first: Integers = np.zeros(0, dtype=np.intp)
        self._pairs: Pairs | None = None
        values, self._first, kind = np.unique(blocks[:, 0, 0], return_index=True, return_inverse=True)
        if k == 1 and len(values) <= MOST_KINDS:
            # Levels with the same cross-product share a factor at every λ: their sums are taken once.
            grams = [_gram(matrix[np.flatnonzero(kind == v)]) for v in range(len(values))]
            if len(values) == 1 or sum(gram.nnz for gram in grams) <= _count_pairs(matrix, 1):
                self._parts = [_Part(pattern, gram.row, gram.col, gram.data) for gram in grams]
                return
        self._pairs = Pairs(matrix, levels, k)
        self._parts = [_Part(pattern, self._pairs.low, self._pairs.high, None)]

    def _sums(self, omega: Floats) -> list[Floats]:
        """The sums, of each part one for each pair of columns that meet."""
        if self._pairs is not None:
            return [self._pairs.sums(omega.ravel()[self._pairs.cell])]
        factors = omega.ravel()[self._first]
        return [factor * part.known for factor, part in zip(factors, self._parts, strict=True)]

    def add(self, omega: Floats, vector: Floats, sign: float = 1.0) -> None:
        """``Σ B_l' Ω_l B_l`` added to its cells, in place."""
        for part, sums in zip(self._parts, self._sums(sign * omega), strict=True):
            vector[part.first] += sums
            vector[part.mirror] += sums[part.twice]

    def contract(self, omega: Floats, vector: Floats) -> float:
        """``tr(S Σ B_l' Ω_l B_l)`` for symmetric ``Ω`` and ``S``, given as a vector of the pattern."""
        parts = zip(self._parts, self._sums(omega), strict=True)
        return sum(float(sums @ (part.weights * vector[part.first])) for part, sums in parts)

    def carry(self, columns: Floats) -> Floats:
        """``B`` times dense columns, by slot."""
        return np.asarray(self.matrix @ columns)

    def meet(self, rows: Floats) -> Floats:
        """``B'`` times dense rows, by slot."""
        return np.asarray(self._transposed @ rows)


class _Part:
    """Where sums for pairs of columns go, each pair once, and what they are for levels of one kind."""

    def __init__(self, pattern: Pattern, low: Integers, high: Integers, known: Floats | None) -> None:
        self.first = pattern.positions(low, high)
        mirror = pattern.positions(high, low)
        self.twice = np.flatnonzero(mirror != self.first)  # cells of blocks, which are written out
        self.mirror = mirror[self.twice]
        self.weights = np.where(low == high, 1.0, 2.0)
        self.known = np.zeros(0) if known is None else known


def _gram(rows: csr_array) -> Any:
    """The upper triangle of ``B'B``, as cells."""
    from scipy.sparse import triu

    return triu(rows.T.tocsr() @ rows, format="coo")


def _count_pairs(matrix: csr_array, k: int) -> int:
    counts = filled_cells(matrix, k)
    return int((counts * (counts + 1) // 2).sum())
