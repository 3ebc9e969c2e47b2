r"""Positions of the random effects of each term, and multiplication by the block-diagonal :math:`\Lambda`.

Effects are ordered by term, level and column. :math:`\Lambda` then has one diagonal and, for terms with several
columns, a few more entries per level; each is applied to all levels at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from ...core.arrays import Floats, Integers
from .border import mirrored


class Layout:
    """Positions of effects, entries of ``theta`` and cells of the terms' ``(k, k)`` matrices.

    Attributes
    ----------
    size
        Number of effects of all kept terms, ``s``.
    parts, starts
        Rows of each kept term, and their first rows.
    entries
        Entries of ``theta`` of each term: its lower triangle, column by column.
    cells
        Position of each term's ``(k, k)`` matrix in the concatenation of all terms' matrices.
    narrow
        Which of the kept terms have one column; ``narrow_terms``, ``narrow_cells``, ``narrow_entries`` and
        ``narrow_levels`` have those terms' positions in the formula, cells, entries of ``theta`` and numbers of levels,
        ``narrow_rows`` their rows and ``entry_of`` the entry of each of these rows.
    wide
        Positions in the formula of the other kept terms.
    """

    def __init__(self, shapes: Sequence[tuple[int, int]], kept: Sequence[int]) -> None:
        widths = [k for _, k in shapes]
        self.entries = _consecutive([k * (k + 1) // 2 for k in widths])
        self.cells = _consecutive([k * k for k in widths])
        sizes = [shapes[t][0] * shapes[t][1] for t in kept]
        rows = _consecutive(sizes)
        self.size: int = rows[-1].stop if rows else 0
        self.parts = dict(zip(kept, rows, strict=True))
        self.starts: Integers = np.array([part.start for part in rows], dtype=np.intp)
        narrow = [t for t in kept if widths[t] == 1]
        self.narrow = np.array([widths[t] == 1 for t in kept], dtype=bool)
        self.narrow_terms = narrow
        self.narrow_cells: Integers = np.array([self.cells[t].start for t in narrow], dtype=np.intp)
        self.narrow_entries: Integers = np.array([self.entries[t].start for t in narrow], dtype=np.intp)
        self.narrow_levels = np.array([shapes[t][0] for t in narrow], dtype=float)
        self.wide = [t for t in kept if widths[t] > 1]
        self._diagonal: Integers = np.repeat([self.entries[t].start for t in kept], sizes).astype(np.intp)
        self._below: list[tuple[int, slice, slice]] = []
        for t in self.wide:
            part, k, entry = self.parts[t], widths[t], self.entries[t].start
            for b in range(k):
                target = slice(part.start + b, part.stop, k)
                self._diagonal[target] = entry
                for a in range(b + 1, k):
                    self._below.append((entry + a - b, slice(part.start + a, part.stop, k), target))
                entry += k - b
        mask = np.repeat(self.narrow, sizes)
        self.narrow_rows: Integers = np.flatnonzero(mask)
        self.entry_of: Integers = self._diagonal[self.narrow_rows]
        self._bend = _bends(widths)

    def turned(self, theta: Floats, rows: Floats) -> Floats:
        """``Λ'`` times a matrix with one row per effect, shape ``(s, c)``."""
        result = rows * theta[self._diagonal][:, None]
        for entry, source, target in self._below:
            result[target] += theta[entry] * rows[source]
        return result

    def loaded(self, theta: Floats, rows: Floats) -> Floats:
        """``Λ`` times a matrix with one row per effect, shape ``(s, c)``."""
        result = rows * theta[self._diagonal][:, None]
        for entry, source, target in self._below:
            result[source] += theta[entry] * rows[target]
        return result

    def system(self, theta: Floats, matrix: Floats) -> Floats:
        """``Λ'CΛ + I`` for the leading ``s`` rows and columns of ``C``, with ``Λ'`` times the columns next to them."""
        s, size = self.size, len(matrix)
        scale = np.ones(size)
        scale[:s] = theta[self._diagonal]
        half = matrix * scale
        for entry, source, target in self._below:
            half[:, target] += theta[entry] * matrix[:, source]
        result = half * scale[:, None] if self._below else np.multiply(half, scale[:, None], out=half)
        for entry, source, target in self._below:
            result[target] += theta[entry] * half[source]
        result.flat[: s * (size + 1) : size + 1] += 1.0
        return result

    def spread(self, theta: Floats, inverse: Floats) -> Floats:
        """``ΛM⁻¹Λ'`` over the kept effects; both it and ``M⁻¹`` are lower triangles with zeros above."""
        if not self._below:
            load = theta[self._diagonal]
            return inverse * load * load[:, None]
        half = self.loaded(theta, mirrored(inverse))
        return np.tril(self.loaded(theta, half.T))

    def by_narrow_term(self, effects: Floats) -> Floats:
        """Sums of one number per effect over each kept term with one column."""
        sums = np.add.reduceat(effects, self.starts)
        return np.asarray(sums[self.narrow] if self.wide else sums)

    def bending(self, cells: Floats) -> Floats:
        """``2 S[a, c]`` for the entries ``(a, b)`` and ``(c, b)`` of each term, from the cells of every ``S``."""
        rows, columns, where = self._bend
        m = self.entries[-1].stop
        result = np.zeros((m, m))
        result[rows, columns] = 2.0 * cells[where]
        return result


def _consecutive(sizes: Sequence[int]) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise(accumulate(sizes, initial=0))]


def _bends(widths: Sequence[int]) -> tuple[Integers, Integers, Integers]:
    """Pairs of entries of ``theta`` in the same column of the same term, and the cell ``(a, c)`` of each pair."""
    if all(k == 1 for k in widths):
        every = np.arange(len(widths))
        return every, every, every
    found = []
    entry = cell = 0
    for k in widths:
        for b in range(k):
            found += [(entry + a - b, entry + c - b, cell + a * k + c) for a in range(b, k) for c in range(b, k)]
            entry += k - b
        cell += k * k
    rows, columns, where = np.array(found).T
    return rows, columns, where
