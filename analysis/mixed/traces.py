r"""Sums over levels that second derivatives are made of: :math:`\sum_{lm} K_{la,mc} K_{lb,md}` for each pair of terms.

:math:`K` is :math:`Z'PZ` under REML and :math:`Z'H^{-1}Z` under ML. Where one term has been eliminated, its rows of
:math:`K` are never formed: with the border :math:`F = EB`, :math:`S = \Lambda M^{-1}\Lambda'` and :math:`N = I - SR`,

.. math:: K_{00} = D - F S F' - F_0'F_0, \qquad K_{0\cdot} = F N - F_0'F_\cdot,

so that the sums need :math:`F'F` alone, which the border gives from its pairs.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Floats
from .criterion import Criterion
from .elimination import eliminated_border
from .intercept_sums import sums_of_squares
from .point import Point
from .products import full_products

# Random effects of the eliminated term up to which the products are simply formed.
SMALL = 300


class TraceSums:
    """The sums for every pair of terms at one point, and the traces they give.

    ``fixed`` says whether ``K`` is ``Z'PZ``, with the fixed effects taken out, or ``Z'H⁻¹Z``.
    """

    def __init__(self, criterion: Criterion, point: Point, fixed: bool) -> None:
        apart = criterion.data.eliminated
        self._squares: Floats | None = None
        if criterion.layout is not None:
            self._squares = sums_of_squares(criterion, criterion.layout, point, fixed)
        if self._squares is not None:
            return
        large = apart is not None and apart.blocks.shape[0] > SMALL and apart.blocks.shape[1] == 1 and criterion.size
        self.sums = (_from_border if large else _from_products)(criterion, point, fixed)

    def traces(self, directions: list[tuple[int, Floats]]) -> Floats:
        """``tr(Dᵢ K Dⱼ K)`` for all pairs of directions, each in the ``G`` of one term, shape ``(m, m)``."""
        m = len(directions)
        if self._squares is not None:
            sizes = np.array([direction[0, 0] for _, direction in directions])
            return np.asarray(self._squares * sizes[:, None] * sizes)
        result = np.empty((m, m))
        for i, (t, left) in enumerate(directions):
            for j, (u, right) in enumerate(directions[: i + 1]):
                # tr(∂Gᵢ K_tu ∂Gⱼ K_ut) = Σ ∂Gᵢ[b,a] K[a,c] ∂Gⱼ[c,d] K[b,d]
                sums = self.sums[t, u]
                if sums.size == 1:
                    result[i, j] = left[0, 0] * right[0, 0] * sums[0, 0, 0, 0]
                else:
                    result[i, j] = np.einsum("ba,cd,acbd->", left, right, sums)
                result[j, i] = result[i, j]
        return result


def _whitened(criterion: Criterion, point: Point) -> list[Floats]:
    """``R⁻¹Q'H⁻¹Z`` of each term, shapes ``(p, L k)``: what REML takes out of each product."""
    triangle = np.linalg.cholesky(point.fixed)
    return [np.linalg.solve(triangle, block.T) for block in point.cross]


def _from_products(criterion: Criterion, point: Point, fixed: bool) -> dict[tuple[int, int], Floats]:
    full = full_products(criterion, point.theta)
    kernel = full.matrix[: full.q, : full.q]
    if fixed:
        whitened = np.hstack(_whitened(criterion, point))
        kernel = kernel - whitened.T @ whitened
    shapes = criterion.data.shapes
    return {
        (t, u): _pair_sum(kernel[full.parts[t], full.parts[u]], shapes[t], shapes[u])
        for t in range(len(shapes))
        for u in range(len(shapes))
    }


def _pair_sum(block: Floats, left: tuple[int, int], right: tuple[int, int]) -> Floats:
    """``Σ K[la,mc] K[lb,md]`` of one block, shape ``(k, k', k, k')``."""
    (lt, kt), (lu, ku) = left, right
    if kt == ku == 1:
        return np.array([[[[np.vdot(block, block)]]]])
    ordered = np.ascontiguousarray(block.reshape(lt, kt, lu, ku).transpose(1, 3, 0, 2)).reshape(kt * ku, lt * lu)
    return (ordered @ ordered.T).reshape(kt, ku, kt, ku)


def _from_border(criterion: Criterion, point: Point, fixed: bool) -> dict[tuple[int, int], Floats]:
    data, s = criterion.data, criterion.size
    lambdas = criterion.lambdas(point.theta)
    factored = criterion.factor(lambdas)
    assert factored.reduced is not None
    assert data.eliminated is not None
    assert criterion.border is not None
    gone = data.eliminated.term
    keep, own = factored.reduced.keep, factored.reduced.own[:, 0, 0]
    spread = criterion.spread(factored, lambdas)  # S
    left = factored.matrix[:s, :s]
    through = np.eye(s) - spread @ left  # N
    kernel = left @ through
    gram = criterion.border.gram(keep**2)  # F'F
    border = eliminated_border(criterion.border, keep)
    along = np.asarray(border @ spread)
    lengths = along * border if isinstance(border, np.ndarray) else border.multiply(along)
    by_level = np.asarray(lengths.sum(axis=1)).ravel()
    turned = spread @ gram
    total = float((turned * turned.T).sum())
    p = data.p
    white = _whitened(criterion, point) if fixed else [np.zeros((p, levels * k)) for levels, k in data.shapes]
    home = white[gone]
    met = np.asarray(border.T @ home.T)  # F'F₀'
    own_fixed = home @ home.T
    if fixed:
        kept = np.hstack([white[t] for t in data.kept])
        kernel = kernel - kept.T @ kept
        by_level = by_level + (home**2).sum(axis=0)
        total += 2.0 * float((met * (spread @ met)).sum()) + float((own_fixed**2).sum())
    sums = {(gone, gone): np.array([[[[float(own @ own) - 2.0 * float(own @ by_level) + total]]]])}
    carried = gram @ through
    for t, part in criterion.parts.items():
        levels, k = data.shapes[t]
        through_t, carried_t = (matrix[:, part].reshape(s, levels, k) for matrix in (through, carried))
        white_t = white[t].reshape(p, levels, k)
        value = np.tensordot(through_t, carried_t, axes=((0, 1), (0, 1)))
        cross = np.tensordot(np.tensordot(met, through_t, axes=(0, 0)), white_t, axes=((0, 1), (0, 1))).T
        apart = np.tensordot(np.tensordot(own_fixed, white_t, axes=(1, 0)), white_t, axes=((0, 1), (0, 1)))
        value += apart - cross - cross.T
        sums[gone, t] = value.reshape(1, k, 1, k)
        sums[t, gone] = value.reshape(k, 1, k, 1)
        for u, other in criterion.parts.items():
            sums[t, u] = _pair_sum(kernel[part, other], data.shapes[t], data.shapes[u])
    return sums
