r"""One factor of the bordered system, which value, derivatives and products follow from.

The factor of

.. math::
   \begin{pmatrix} \Lambda'Z'WZ\Lambda + I & \Lambda'Z'W[Q\; r] \\ \cdot & [Q\; r]'W[Q\; r] \end{pmatrix}

holds :math:`L`, :math:`L^{-1}\Lambda'Z'W[Q\; r]`, the factor of :math:`Q'H^{-1}Q` and, squared in its last corner,
:math:`r'Pr`. Where terms have been eliminated, :math:`W` is :math:`H_0^{-1}` of these terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.linalg.lapack import dlauum, dpotrf, dtrtri, dtrtrs

from ...core.arrays import Floats
from .border import Border, apply_blocks, down, mirrored, up
from .chain import Chained, Inverse, add_rows, by_block
from .chain_border import ChainBorder
from .crossproducts import CrossProducts
from .elimination import Reduced, reduce, reduce_chain
from .layout import Layout

# Rows up to which a lower triangle is inverted as it is. OpenBLAS takes up to twice as long as by halves, which are
# products of matrices.
WHOLE = 64


@dataclass(frozen=True, slots=True)
class Factored:
    """The data at one ``theta``, factored.

    Attributes
    ----------
    data, border, layout
        What was factored.
    theta, lambdas
        Where: the parameters, and the terms' lower triangles.
    matrix
        ``[Z Q r]'H₀⁻¹[Z Q r]``, shape ``(s + p + 1, s + p + 1)``: the cross-products, with the eliminated terms gone.
    reduced
        What eliminating them left; ``None`` if none is.
    factor
        Lower factor of the bordered system, of the same shape.
    """

    data: CrossProducts
    border: Border | ChainBorder | None
    layout: Layout
    theta: Floats
    lambdas: list[Floats]
    matrix: Floats
    reduced: Reduced | None
    factor: Floats
    _inverse: list[Floats] = field(default_factory=list)

    @property
    def triangle(self) -> Floats:
        """Lower factor of ``Q'H⁻¹Q``, shape ``(p, p)``."""
        s = self.layout.size
        return self.factor[s:-1, s:-1]

    @property
    def lower(self) -> Floats:
        """Leading part ``L`` of the factor, shape ``(s, s)``."""
        return self.factor[: self.layout.size, : self.layout.size]

    def solved(self, columns: Floats) -> Floats:
        """``L⁻¹Λ'`` times columns over the kept random effects."""
        return self.forward(self.layout.turned(self.theta, columns))

    def forward(self, rows: Floats) -> Floats:
        """Forward substitution through the leading rows of the factor, as many as are given, shape ``(r, c)``."""
        return self._substitute(rows, 0)

    def backward(self, rows: Floats) -> Floats:
        """The same through its transpose, from the last of these rows up."""
        return self._substitute(rows, 1)

    def _substitute(self, rows: Floats, trans: int) -> Floats:
        if not rows.size:
            return rows
        # Rows of zeros below take part in nothing; the leading part of the factor would have to be copied.
        padded = np.zeros((len(self.factor), rows.shape[1]), order="F")
        padded[: len(rows)] = rows
        return np.asarray(dtrtrs(self.factor, padded, lower=1, trans=trans, overwrite_b=1)[0][: len(rows)])

    def inverse(self) -> Floats:
        """The lower triangle of ``M⁻¹``, with zeros above."""
        if not len(self.lower):
            return self.lower
        if not self._inverse:
            self._inverse.append(np.asarray(dlauum(inverse_triangle(self.lower), lower=1, overwrite_c=1)[0]))
        return self._inverse[0]

    def spread(self) -> Floats:
        """The lower triangle of ``ΛM⁻¹Λ'`` over the kept random effects, with zeros above, shape ``(s, s)``."""
        return self.layout.spread(self.theta, self.inverse())

    def chain_inverse(self) -> Inverse:
        """The cells of ``ΛM⁻¹Λ'`` over all terms but the first, where several have been eliminated."""
        assert self.reduced is not None
        assert self.reduced.chained is not None
        assert self.data.eliminated is not None
        turns = self.data.eliminated.turns
        return self.reduced.chained.inverse(up(up(mirrored(self.spread()), turns).T, turns))

    def inner(self, loads: list[tuple[int, Floats]], fixed: bool = False) -> Floats:
        """``V'Z'H⁻¹ZV`` for columns that each load on one term; with ``fixed``, ``V'Z'PZV``.

        Parameters
        ----------
        loads
            Position of a term and columns over its random effects, shapes ``(L k, c)``; the result is square in the
            columns of all of them; those on an eliminated term follow one another.
        fixed
            Whether the fixed effects are taken out.
        """
        ends = np.cumsum([0, *(columns.shape[1] for _, columns in loads)]).tolist()
        kept = np.zeros((self.layout.size, ends[-1]))
        found: dict[int, list[Floats]] = {}
        places: dict[int, slice] = {}
        for (t, columns), (start, stop) in zip(loads, pairwise(ends), strict=True):
            if t in self.layout.parts:
                kept[self.layout.parts[t], start:stop] = columns
            else:
                places[t] = slice(places[t].start if t in places else start, stop)
                found.setdefault(t, []).append(columns)
        return self.products(kept, {t: (places[t], np.hstack(columns)) for t, columns in found.items()}, fixed)

    def products(self, kept: Floats, apart: Mapping[int, tuple[slice, Floats]], fixed: bool) -> Floats:
        """The same for columns over all kept effects and, at some places, over those of eliminated terms."""
        s, p = self.layout.size, self.data.p
        right = self.matrix[: s + p, :s] @ kept
        base = kept.T @ right[:s]
        if self.reduced is not None and self.reduced.chained is not None:
            inner, through, with_fixed = self._through_chain(self.reduced, self.reduced.chained, apart, kept.shape[1])
            met = kept.T @ through
            base += met + met.T + inner
            right[:s] += through
            right[s:] += with_fixed
        elif apart and self.reduced is not None and isinstance(self.border, Border):
            ((places, columns),) = apart.values()
            through = self.border.meet(
                np.asarray(apply_blocks(self.reduced.keep.transpose(0, 2, 1), columns))
            )  # (E B)'v
            met = kept.T @ through
            base[:, places] += met
            base[places, :] += met.T
            base[places, places] += columns.T @ np.asarray(apply_blocks(self.reduced.own, columns))
            right[:s, places] += through
            right[s:, places] += self.reduced.right[:, :p].T @ columns
        right[:s] = self.layout.turned(self.theta, right[:s])
        # Forward substitution through L and the factor of Q'H⁻¹Q in one go.
        taken = self.forward(right if fixed else right[:s])
        base -= taken.T @ taken
        return 0.5 * (base + base.T)

    def _through_chain(
        self, reduced: Reduced, chained: Chained, apart: Mapping[int, tuple[slice, Floats]], m: int
    ) -> tuple[Floats, Floats, Floats]:
        """Products of ``ZV`` over eliminated terms with itself, with the kept ``Z`` and with ``Q``, all by ``H₀⁻¹``."""
        assert self.data.eliminated is not None
        assert isinstance(self.border, ChainBorder)
        p, pattern, first = self.data.p, chained.pattern, self.data.eliminated.term
        columns = np.zeros((pattern.gone, m))
        own = np.zeros((len(reduced.right), m))
        for t, (place, load) in apart.items():
            if t == first:
                own[:, place] = load
            else:
                columns[pattern.places[t], place] = load
        with_fixed = reduced.right[:, :p].T @ own
        inner = own.T @ np.asarray(apply_blocks(reduced.own, own))
        slots = self.border.meet(np.asarray(apply_blocks(reduced.keep.transpose(0, 2, 1), own)))
        for stage in chained.stages:
            batch = stage.batch
            done, load = batch.own(slots).copy(), batch.own(columns)
            taken = by_block(batch, stage.omega, done)
            left = by_block(batch, stage.keep.transpose(0, 2, 1), load) - taken
            met = np.tensordot(load, by_block(batch, stage.keep, done), axes=([0, 1], [0, 1]))
            inner += met + met.T + np.tensordot(load, by_block(batch, stage.own, load), axes=([0, 1], [0, 1]))
            inner -= np.tensordot(done, taken, axes=([0, 1], [0, 1]))
            with_fixed += np.tensordot(stage.right[:, :, :p], left, axes=([0, 1], [0, 1]))
            add_rows(batch, stage.border, left, slots)
        return inner, down(slots[pattern.gone :], self.data.eliminated.turns), with_fixed


def factor(
    data: CrossProducts, border: Border | ChainBorder | None, layout: Layout, theta: Floats, lambdas: list[Floats]
) -> Factored:
    """Eliminate, scale and factor the system at one ``theta``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding left nothing to factor: variances too far apart for double precision.
    """
    reduced, matrix = None, data.matrix
    if data.eliminated is not None and border is not None:
        triangle = lambdas[data.eliminated.term]
        if isinstance(border, Border):
            reduced = reduce(data, data.eliminated, border, triangle)
        else:
            assert data.further is not None
            reduced = reduce_chain(data, data.eliminated, data.further, border, theta, triangle, layout.entries)
        matrix = reduced.matrix
    found, info = dpotrf(layout.system(theta, matrix).T, lower=1, overwrite_a=1, clean=1)
    if info != 0:
        raise np.linalg.LinAlgError("the scaled cross-products are not positive definite")
    return Factored(data, border, layout, theta, lambdas, matrix, reduced, found)


def inverse_triangle(lower: Floats) -> Floats:
    """Inverse of a lower triangle, with zeros above, shape ``(s, s)``, in Fortran order."""
    size = len(lower)
    if size <= WHOLE:
        return np.asarray(dtrtri(lower, lower=1)[0])
    half = size // 2
    first, last = inverse_triangle(lower[:half, :half]), inverse_triangle(lower[half:, half:])
    result = np.zeros((size, size), order="F")
    result[:half, :half] = first
    result[half:, half:] = last
    result[half:, :half] = -(last @ lower[half:, :half]) @ first
    return result


def solve(triangle: Floats, columns: Floats, trans: int = 0) -> Floats:
    """Solve with a lower triangle (or its transpose); of either there may be nothing."""
    if not len(triangle) or not columns.size:
        return columns
    return np.asarray(dtrtrs(triangle, columns, lower=1, trans=trans)[0])
