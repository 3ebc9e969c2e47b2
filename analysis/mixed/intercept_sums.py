r"""Sums of squared cells of :math:`Z'PZ` for each pair of terms, where all terms have one column.

They are what second derivatives are made of; the formulas are those of :mod:`analysis.mixed.traces`, for all terms at
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dpotri

from ..arrays import Floats
from .elimination import reduce
from .intercepts import Layout, bordered_factor, solve

if TYPE_CHECKING:
    from .border import Border
    from .criterion import Criterion
    from .crossproducts import Eliminated
    from .point import Point


def sums_of_squares(criterion: Criterion, layout: Layout, point: Point, fixed: bool) -> Floats | None:
    """The sums at a point, shape ``(m, m)``; of ``Z'H⁻¹Z`` unless ``fixed``.

    ``None`` where rounding left nothing to factor.
    """
    apart, border = criterion.data.eliminated, criterion.border
    if apart is not None and border is not None:
        return _with_border(criterion, layout, point, fixed, apart, border)
    s, p, matrix = criterion.size, criterion.data.p, criterion.data.matrix
    load = point.theta[layout.term_of]
    factor = bordered_factor(load, matrix)
    if factor is None:
        return None
    scaled = np.array(matrix[:, :s], order="F")
    scaled[:s] *= load[:, None]
    taken = solve(factor, scaled)[: s + p if fixed else s]
    products = matrix[:s, :s] - taken.T @ taken
    return _by_pair(products, layout)


def _with_border(
    criterion: Criterion, layout: Layout, point: Point, fixed: bool, apart: Eliminated, border: Border
) -> Floats | None:
    data, s, gone = criterion.data, criterion.size, apart.term
    load = point.theta[layout.term_of]
    reduced = reduce(data, apart, border, point.theta[gone].reshape(1, 1))
    factor = bordered_factor(load, reduced.matrix)
    if factor is None:
        return None
    lower = np.tril(dpotri(np.asfortranarray(factor[:s, :s]), lower=1)[0])
    spread = (lower + np.tril(lower, -1).T) * load * load[:, None]  # S
    left, keep, own = reduced.matrix[:s, :s], reduced.keep[:, 0, 0], reduced.own[:, 0, 0]
    through = np.eye(s) - spread @ left  # N
    kernel = left @ through
    gram = border.gram(reduced.keep**2)  # F'F
    by_level = keep**2 * border.quadratic(spread)
    turned = spread @ gram
    total = float(np.vdot(turned, turned.T))
    column = np.einsum("ij,ij->j", through, gram @ through)
    if fixed:
        triangle = np.linalg.cholesky(point.fixed)
        home = solve(triangle, point.cross[gone].T)  # F₀
        kept = solve(triangle, np.concatenate([point.cross[t] for t in data.kept]).T)
        kernel -= kept.T @ kept
        met = border.meet(keep[:, None] * home.T)  # F'F₀'
        own_fixed = home @ home.T
        by_level += np.einsum("pl,pl->l", home, home)
        total += 2.0 * float(np.vdot(met, spread @ met)) + float(np.vdot(own_fixed, own_fixed))
        column += np.einsum("ps,ps->s", kept, own_fixed @ kept - 2.0 * met.T @ through)
    m = len(point.theta)
    sums = np.empty((m, m))
    sums[np.ix_(layout.kept, layout.kept)] = _by_pair(kernel, layout)
    sums[gone, layout.kept] = sums[layout.kept, gone] = np.add.reduceat(column, layout.starts)
    sums[gone, gone] = float(own @ own) - 2.0 * float(own @ by_level) + total
    return sums


def _by_pair(products: Floats, layout: Layout) -> Floats:
    products *= products
    by_column = np.add.reduceat(products, layout.starts, axis=1)
    return np.asarray(np.add.reduceat(by_column, layout.starts, axis=0))
