r"""The factor of the bordered system, from which value, derivatives and products follow.

The factor of

.. math::
   \begin{pmatrix} \Lambda'Z'WZ\Lambda + I & \Lambda'Z'W[Q\; r] \\ \cdot & [Q\; r]'W[Q\; r] \end{pmatrix}

holds :math:`L`, :math:`L^{-1}\Lambda'Z'W[Q\; r]`, the factor of :math:`Q'H^{-1}Q` and, squared in its last corner,
:math:`r'Pr`. If one term has been eliminated, :math:`W` is :math:`H_0^{-1}` of that term.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.linalg.lapack import dlauum, dpotrf, dtrtri, dtrtrs

from ...core.arrays import Floats
from .border import Border, apply_blocks
from .crossproducts import CrossProducts
from .elimination import Reduced, reduce
from .layout import Layout

# Up to this many rows a lower triangle is inverted directly. Beyond, OpenBLAS takes up to twice as long as inversion by
# halves, which uses matrix products.
WHOLE = 64


@dataclass(frozen=True, slots=True)
class Factored:
    """The data at one ``theta``, factored.

    Attributes
    ----------
    data, border, layout
        The system that was factored.
    theta, lambdas
        The parameters, and the terms' lower triangles.
    matrix
        ``[Z Q r]'H₀⁻¹[Z Q r]``, shape ``(s + p + 1, s + p + 1)``: the cross-products without the eliminated term.
    reduced
        The data with one term eliminated; ``None`` if none is.
    factor
        Lower factor of the bordered system, of the same shape.
    """

    data: CrossProducts
    border: Border | None
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
        """Backward substitution through the transpose, from the last of these rows up."""
        return self._substitute(rows, 1)

    def _substitute(self, rows: Floats, trans: int) -> Floats:
        if not rows.size:
            return rows
        # Padding with zero rows changes nothing; the leading part of the factor would have to be copied.
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

    def inner(self, loads: list[tuple[int, Floats]], fixed: bool = False) -> Floats:
        """``V'Z'H⁻¹ZV`` for columns that each load on one term; with ``fixed``, ``V'Z'PZV``.

        Parameters
        ----------
        loads
            Position of a term and columns over its random effects, shapes ``(L k, c)``; the result is square in all
            columns; those on the eliminated term must be consecutive.
        fixed
            Whether the fixed effects are projected out.
        """
        s = self.layout.size
        ends = np.cumsum([0, *(columns.shape[1] for _, columns in loads)]).tolist()
        kept = np.zeros((s, ends[-1]))
        on_eliminated: list[Floats] = []
        places = slice(0, 0)
        for (t, columns), (start, stop) in zip(loads, pairwise(ends), strict=True):
            if t in self.layout.parts:
                kept[self.layout.parts[t], start:stop] = columns
            else:
                places = slice(places.start if on_eliminated else start, stop)
                on_eliminated.append(columns)
        return self.products(kept, np.hstack(on_eliminated) if on_eliminated else None, places, fixed)

    def products(self, kept: Floats, on_eliminated: Floats | None, places: slice, fixed: bool) -> Floats:
        """As :meth:`inner`, for columns over all kept effects and, at ``places``, over those of the eliminated term."""
        s, p = self.layout.size, self.data.p
        right = self.matrix[: s + p, :s] @ kept
        base = kept.T @ right[:s]
        if on_eliminated is not None and self.reduced is not None and self.border is not None:
            through = self.border.meet(
                np.asarray(apply_blocks(self.reduced.keep.transpose(0, 2, 1), on_eliminated))
            )  # (E B)'v
            met = kept.T @ through
            base[:, places] += met
            base[places, :] += met.T
            base[places, places] += on_eliminated.T @ np.asarray(apply_blocks(self.reduced.own, on_eliminated))
            right[:s, places] += through
            right[s:, places] += self.reduced.right[:, :p].T @ on_eliminated
        right[:s] = self.layout.turned(self.theta, right[:s])
        # Forward substitution through L and the factor of Q'H⁻¹Q at once.
        taken = self.forward(right if fixed else right[:s])
        base -= taken.T @ taken
        return 0.5 * (base + base.T)


def factor(
    data: CrossProducts, border: Border | None, layout: Layout, theta: Floats, lambdas: list[Floats]
) -> Factored:
    """Eliminate, scale and factor the system at one ``theta``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding makes the system singular: variances differ by more than double precision can represent.
    """
    reduced, matrix = None, data.matrix
    if data.eliminated is not None and border is not None:
        reduced = reduce(data, data.eliminated, border, lambdas[data.eliminated.term])
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
    """Solve with a lower triangle (or its transpose); either operand may be empty."""
    if not len(triangle) or not columns.size:
        return columns
    return np.asarray(dtrtrs(triangle, columns, lower=1, trans=trans)[0])
