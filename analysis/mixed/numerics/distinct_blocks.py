"""Gram matrices of a border whose levels are of few kinds, such as levels with one, two or three unweighted rows.

The effect of eliminating a term on a level depends only on the level's own cross-product. Levels with the same one have
the same factor at every ``λ``: the Gram matrix of each kind is computed once, and any other is a weighted sum of these.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.arrays import Floats, Integers

# Largest number of kinds, and of cells in all their Gram matrices, that are stored.
MOST_KINDS, MOST_CELLS = 32, 4_000_000


class Kinds:
    """Gram matrices ``Σ B_l' B_l`` over the levels of each kind, for a term with one column.

    Parameters
    ----------
    first
        Position of one level of each kind.
    grams
        Shape ``(kinds, s, s)``.
    """

    def __init__(self, first: Integers, grams: Floats) -> None:
        self._first, self._size = first, grams.shape[1]
        self._grams = grams.reshape(len(first), -1)

    def gram(self, omega: Floats) -> Floats:
        """``Σ ω_l B_l' B_l`` for an ``ω`` that is the same within each kind, shape ``(s, s)``."""
        return (omega.ravel()[self._first] @ self._grams).reshape(self._size, self._size)

    def contract(self, omega: Floats, lower: Floats) -> float:
        """``tr(S Σ ω_l B_l' B_l)`` for symmetric ``S``, given as its lower triangle with zeros above."""
        found = self._grams @ lower.ravel(order="K")  # either triangle of a symmetric matrix will do
        diagonals = self._grams[:, :: self._size + 1] @ lower.diagonal()
        return float(omega.ravel()[self._first] @ (2.0 * found - diagonals))


def kinds_of(blocks: Floats, size: int, work: float, gram: Callable[[Integers], Floats]) -> Kinds | None:
    """Kinds of levels, or ``None`` if they are too many to save work.

    Parameters
    ----------
    blocks
        Cross-products of the eliminated term with itself, shape ``(L, 1, 1)``.
    size
        Columns of the border, ``s``.
    work
        Cells of the kinds' Gram matrices that take the time of one Gram matrix without kinds.
    gram
        ``Σ B_l' B_l`` over the levels at some positions, shape ``(s, s)``.
    """
    values, first, kind = np.unique(blocks[:, 0, 0], return_index=True, return_inverse=True)
    cells = len(values) * size**2
    if not cells or len(values) > MOST_KINDS or cells > min(work, MOST_CELLS):
        return None
    return Kinds(first, np.stack([gram(np.flatnonzero(kind == v)) for v in range(len(values))]))
