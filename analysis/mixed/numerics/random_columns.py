"""The random-effect columns of one term as the cross-products need them: one-hot rows, or any sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ..model.design import RandomTerm
from .border import dense_diagonal

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Cells of the table between two factors above which it is sparse.
DENSE_TABLE = 2_000_000


@dataclass(frozen=True, slots=True)
class OneHot:
    """Rows that each load on the ``k`` effects of one level; ``columns`` is ``(n, k)``, ``None`` if all are one."""

    term: RandomTerm
    columns: Floats | None

    @property
    def size(self) -> int:
        """Number of random effects."""
        return self.term.size

    def with_right(self, right: Floats) -> Floats:
        """``Z'R`` for dense columns, fastest if each is contiguous."""
        levels, k = len(self.term.levels), self.term.width
        result = np.empty((levels, k, right.shape[1]))
        for i in range(k):
            for j in range(right.shape[1]):
                weights = right[:, j] if self.columns is None else self.columns[:, i] * right[:, j]
                result[:, i, j] = np.bincount(self.term.codes, weights=weights, minlength=levels)
        return result.reshape(self.size, right.shape[1])

    def matrix(self) -> csr_array:
        """The rows as a sparse matrix, shape ``(n, size)``."""
        from scipy.sparse import csr_array

        n, k = len(self.term.codes), self.term.width
        values = np.ones(n) if self.columns is None else self.columns.ravel()
        indices = (self.term.codes[:, None] * k + np.arange(k)).ravel()
        return csr_array((values, indices, np.arange(0, n * k + 1, k)), shape=(n, self.size))

    def level_blocks(self) -> Floats:
        """Cross-products with itself: one ``(k, k)`` block per level, shape ``(L, k, k)``."""
        levels, k = len(self.term.levels), self.term.width
        blocks = np.empty((levels, k, k))
        for i in range(k):
            for j in range(i, k):
                both = None if self.columns is None else self.columns[:, i] * self.columns[:, j]
                sums = np.bincount(self.term.codes, weights=both, minlength=levels)
                blocks[:, i, j] = blocks[:, j, i] = sums
        return blocks

    def own(self) -> Floats:
        """The level blocks as one block-diagonal matrix."""
        return dense_diagonal(self.level_blocks())

    def table(self, other: OneHot | Sparse) -> Floats | csr_array:
        """Cross-products with another term, summed over the rows that share a pair of levels."""
        if isinstance(other, Sparse) or len(self.term.levels) * len(other.term.levels) > DENSE_TABLE:
            return self.matrix().T.tocsr() @ other.matrix()
        la, lb = len(self.term.levels), len(other.term.levels)
        cell = self.term.codes * lb + other.term.codes
        if self.columns is None and other.columns is None:
            return np.bincount(cell, minlength=la * lb).reshape(la, lb).astype(float)
        block = np.empty((la, self.term.width, lb, other.term.width))
        for i in range(self.term.width):
            for j in range(other.term.width):
                left = None if self.columns is None else self.columns[:, i]
                right = None if other.columns is None else other.columns[:, j]
                both = left if right is None else right if left is None else left * right
                block[:, i, :, j] = np.bincount(cell, weights=both, minlength=la * lb).reshape(la, lb)
        return block.reshape(self.size, other.size)


@dataclass(frozen=True, slots=True)
class Sparse:
    """Any sparse rows, shape ``(n, size)``, such as rotated one-hot rows."""

    values: csr_array

    @property
    def size(self) -> int:
        """Number of random effects."""
        return int(self.values.shape[1])

    def matrix(self) -> csr_array:
        """The rows themselves."""
        return self.values

    def with_right(self, right: Floats) -> Floats:
        """``Z'R`` for dense columns."""
        return np.asarray(self.values.T @ right)

    def own(self) -> Floats:
        """Cross-products with itself, dense."""
        return np.asarray((self.values.T @ self.values).toarray())

    def table(self, other: OneHot | Sparse) -> csr_array:
        """Cross-products with another term."""
        return self.values.T.tocsr() @ other.matrix()
