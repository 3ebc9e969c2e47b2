r"""Sums over levels that enter the second derivatives: :math:`\sum_{lm} K_{la,mc} K_{lb,md}` for each pair of terms.

:math:`K` is :math:`Z'PZ` under REML and :math:`Z'H^{-1}Z` under ML.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .criterion import Criterion
from .evaluated import Point
from .factored import solve
from .layout import Layout
from .products import full_products
from .trace_products import border_sums, cell_sums, kept_products


class TraceSums:
    """The sums for every pair of terms at one point, and the traces that follow from them.

    Attributes
    ----------
    sums
        Over the cells ``(a, b)`` of every term's ``(k, k)`` matrix, shape ``(Σ k², Σ k²)``.
    """

    def __init__(self, criterion: Criterion, point: Point, fixed: bool) -> None:
        """``fixed``: ``K`` is ``Z'PZ``, with the fixed effects projected out, instead of ``Z'H⁻¹Z``."""
        eliminated, layout = criterion.data.eliminated, criterion.layout
        self._cells = layout.cells
        if eliminated is None:
            self.sums = cell_sums(kept_products(criterion.factor(point.theta), fixed), layout)
        elif layout.size and eliminated.blocks.shape[1] == 1:
            self.sums = border_sums(criterion.factor(point.theta), point.cross, fixed)
        else:
            self.sums = _from_products(criterion, point, fixed)

    def traces(self, directions: list[tuple[int, Floats]]) -> Floats:
        """``tr(Dᵢ K Dⱼ K)`` for all pairs of directions, each in the ``G`` of one term, shape ``(m, m)``."""
        cells = np.zeros((len(directions), len(self.sums)))
        for row, (t, direction) in zip(cells, directions, strict=True):
            row[self._cells[t]] = direction.ravel()
        return np.asarray(cells @ self.sums @ cells.T)


def _from_products(criterion: Criterion, point: Point, fixed: bool) -> Floats:
    full, shapes = full_products(criterion, point.theta), criterion.data.shapes
    kernel = full.matrix[: full.q, : full.q]
    if fixed:  # REML subtracts the product of R⁻¹Q'H⁻¹Z with itself
        whitened = solve(np.linalg.cholesky(point.fixed), np.concatenate(point.cross).T)
        kernel = kernel - whitened.T @ whitened
    return cell_sums(kernel, Layout(shapes, range(len(shapes))))
