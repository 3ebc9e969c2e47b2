r"""Sums over levels that second derivatives are made of: :math:`\sum_{lm} K_{la,mc} K_{lb,md}` for each pair of terms.

:math:`K` is :math:`Z'PZ` under REML and :math:`Z'H^{-1}Z` under ML.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .chain_sums import chain_traces
from .criterion import Criterion
from .evaluated import Point
from .factored import solve
from .layout import Layout
from .products import full_products
from .trace_products import border_sums, cell_sums, kept_products


class TraceSums:
    """The sums for every pair of terms at one point, and the traces they give."""

    def __init__(self, criterion: Criterion, point: Point, fixed: bool) -> None:
        """``fixed`` says whether ``K`` is ``Z'PZ``, with the fixed effects taken out, or ``Z'H⁻¹Z``."""
        self._criterion, self._point, self._fixed = criterion, point, fixed

    def traces(self, directions: list[tuple[int, Floats]]) -> Floats:
        """``tr(Dᵢ K Dⱼ K)`` for all pairs of symmetric directions, each in the ``G`` of one term, shape ``(m, m)``."""
        criterion, point = self._criterion, self._point
        if criterion.data.further is not None:
            return chain_traces(criterion.factor(point.theta), point.cross, directions, self._fixed)
        sums = _cell_sums(criterion, point, self._fixed)
        cells = np.zeros((len(directions), len(sums)))
        for row, (t, direction) in zip(cells, directions, strict=True):
            row[criterion.layout.cells[t]] = direction.ravel()
        return np.asarray(cells @ sums @ cells.T)


def _cell_sums(criterion: Criterion, point: Point, fixed: bool) -> Floats:
    """Over the cells ``(a, b)`` of every term's ``(k, k)`` matrix, shape ``(Σ k², Σ k²)``."""
    apart, layout = criterion.data.eliminated, criterion.layout
    if apart is None:
        return cell_sums(kept_products(criterion.factor(point.theta), fixed), layout)
    if layout.size and apart.blocks.shape[1] == 1:
        return border_sums(criterion.factor(point.theta), point.cross, fixed)
    return _from_products(criterion, point, fixed)


def _from_products(criterion: Criterion, point: Point, fixed: bool) -> Floats:
    full, shapes = full_products(criterion, point.theta), criterion.data.shapes
    kernel = full.matrix[: full.q, : full.q]
    if fixed:  # R⁻¹Q'H⁻¹Z is what REML takes out of each product
        whitened = solve(np.linalg.cholesky(point.fixed), np.concatenate(point.cross).T)
        kernel = kernel - whitened.T @ whitened
    return cell_sums(kernel, Layout(shapes, range(len(shapes))))
