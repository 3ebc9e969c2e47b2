"""The border of the first eliminated term where others follow: its sums go to the cells of their pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats, Integers
from .chain_pattern import Pattern
from .distinct_blocks import MOST_KINDS
from .nonzero_pairs import Pairs

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
        pairs = Pairs(matrix, levels, k)
        self._first = pattern.positions(pairs.low, pairs.high)
        mirror = pattern.positions(pairs.high, pairs.low)
        self._twice = np.flatnonzero(mirror != self._first)  # cells of blocks, which are written out
        self._mirror = mirror[self._twice]
        self._weights = np.where(pairs.low == pairs.high, 1.0, 2.0)
        self._pairs: Pairs | None = pairs
        self._kinds: tuple[Integers, Floats] | None = None
        values, first, kind = np.unique(blocks[:, 0, 0], return_index=True, return_inverse=True)
        if k == 1 and len(values) <= MOST_KINDS and len(values) * len(pairs.starts) <= len(pairs.product):
            # Levels with the same cross-product share a factor at every λ: their sums are taken once.
            own = kind[pairs.cell]
            table = [pairs.sums(np.where(own == v, 1.0, 0.0)) for v in range(len(values))]
            self._kinds, self._pairs = (first, np.stack(table)), None

    def sums(self, omega: Floats) -> Floats:
        """The sums, one for each pair of columns that meet."""
        if self._kinds is not None:
            first, table = self._kinds
            return np.asarray(omega.ravel()[first] @ table)
        assert self._pairs is not None
        return self._pairs.sums(omega.ravel()[self._pairs.cell])

    def add(self, omega: Floats, vector: Floats, sign: float = 1.0) -> None:
        """``Σ B_l' Ω_l B_l`` added to its cells, in place."""
        sums = sign * self.sums(omega)
        vector[self._first] += sums
        vector[self._mirror] += sums[self._twice]

    def contract(self, omega: Floats, vector: Floats) -> float:
        """``tr(S Σ B_l' Ω_l B_l)`` for symmetric ``Ω`` and ``S``, given as a vector of the pattern."""
        return float(self.sums(omega) @ (self._weights * vector[self._first]))

    def carry(self, columns: Floats) -> Floats:
        """``B`` times dense columns, by slot."""
        return np.asarray(self.matrix @ columns)

    def meet(self, rows: Floats) -> Floats:
        """``B'`` times dense rows, by slot."""
        return np.asarray(self._transposed @ rows)
