r"""Sums over levels of products of cells: :math:`\sum_{lm} K_{la,mc} K_{lb,md}` for all pairs of terms.

They are written as one matrix over the cells ``(a, b)`` of every term's ``(k, k)`` matrix, so that
:math:`\mathrm{tr}(D_i K D_j K)` of block-diagonal :math:`D` is a quadratic form in the cells of their blocks.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .border import mirrored
from .factored import Factored, solve
from .layout import Layout


def cell_sums(kernel: Floats, layout: Layout) -> Floats:
    """The sums of a symmetric matrix over the effects of all terms, shape ``(Σ k², Σ k²)``."""
    size = layout.cells[-1].stop
    sums = np.empty((size, size))
    narrow = layout.narrow_cells
    if len(narrow):
        by_column = np.add.reduceat(kernel * kernel, layout.starts, axis=1)
        squares = np.add.reduceat(by_column, layout.starts, axis=0)
        sums[np.ix_(narrow, narrow)] = squares if not layout.wide else squares[np.ix_(layout.narrow, layout.narrow)]
    by_effect = {t: _columns(kernel, layout, t) for t in layout.wide}
    for t, rows in by_effect.items():
        k, first = len(rows), layout.cells[t].start
        for a in range(k):
            for b in range(k):
                cell = first + a * k + b
                if len(narrow):
                    over_rows = np.einsum("ij,ij->j", rows[a], rows[b])
                    sums[cell, narrow] = sums[narrow, cell] = layout.by_narrow_term(over_rows)
                for u in layout.wide:
                    part, width, other = layout.parts[u], len(by_effect[u]), layout.cells[u].start
                    for c in range(width):
                        left = rows[a][:, part.start + c : part.stop : width]
                        for d in range(width):
                            right = rows[b][:, part.start + d : part.stop : width]
                            sums[cell, other + c * width + d] = np.einsum("ij,ij->", left, right)
    return sums


def _columns(rows: Floats, layout: Layout, t: int) -> list[Floats]:
    """Rows over the kept effects that belong to a term, by its columns, shapes ``(L, c)``."""
    part, cells = layout.parts[t], layout.cells[t]
    k = int(np.sqrt(cells.stop - cells.start))
    return [rows[part.start + a : part.stop : k] for a in range(k)]


def kept_products(at: Factored, fixed: bool) -> Floats:
    """``Z'PZ`` (``fixed``) or ``Z'H⁻¹Z`` of the kept terms if none is eliminated, shape ``(s, s)``."""
    s, p = at.layout.size, at.data.p
    right = np.empty((s + p if fixed else s, s), order="F")
    right[:s] = at.layout.turned(at.theta, at.matrix[:s, :s])
    if fixed:
        right[s:] = at.matrix[s : s + p, :s]
    taken = at.forward(right)
    return np.asarray(at.matrix[:s, :s] - taken.T @ taken)


def border_sums(at: Factored, cross: tuple[Floats, ...], fixed: bool) -> Floats:
    r"""The sums if a term with one column has been eliminated, without forming its rows of :math:`K`.

    With the border :math:`F = EB`, :math:`S = \Lambda M^{-1}\Lambda'` and :math:`N = I - SR`,

    .. math:: K_{00} = D - F S F' - F_0'F_0, \qquad K_{0\cdot} = F N - F_0'F_\cdot,

    so the sums need only :math:`F'F`, which the border computes from its pairs.

    Parameters
    ----------
    at
        The factored system.
    cross
        ``Z'H⁻¹Q`` of each term, shapes ``(L k, p)``.
    fixed
        Whether the fixed effects are projected out.
    """
    assert at.data.eliminated is not None
    assert at.reduced is not None
    assert at.border is not None
    layout, gone, border = at.layout, at.data.eliminated.term, at.border
    lower = at.spread()
    spread = mirrored(lower)  # S
    left = at.matrix[: layout.size, : layout.size]
    keep, own = at.reduced.keep[:, 0, 0], at.reduced.own[:, 0, 0]
    through = np.eye(layout.size) - spread @ left  # N
    kernel = left @ through
    gram = border.gram(at.reduced.keep**2)  # F'F
    with_own = border.contract((keep**2 * own)[:, None, None], lower)
    turned = spread @ gram
    total = float(np.vdot(turned, turned.T))
    with_gone = _over_rows(through, gram @ through, layout)
    if fixed:
        home = solve(at.triangle, cross[gone].T)  # F₀
        kept = solve(at.triangle, np.concatenate([cross[t] for t in layout.parts]).T)
        kernel -= kept.T @ kept
        met = border.meet(keep[:, None] * home.T)  # F'F₀'
        own_fixed = home @ home.T
        with_own += float(np.einsum("pl,pl->l", home, home) @ own)
        total += 2.0 * float(np.vdot(met, spread @ met)) + float(np.vdot(own_fixed, own_fixed))
        along = met.T @ through
        with_gone += _over_rows(kept, own_fixed @ kept - along, layout) - _over_rows(along, kept, layout)
    sums = cell_sums(kernel, layout)
    cell = layout.cells[gone].start
    sums[cell] = sums[:, cell] = with_gone
    sums[cell, cell] = float(own @ own) - 2.0 * with_own + total
    return sums


def _over_rows(left: Floats, right: Floats, layout: Layout) -> Floats:
    """``Σ_jl left[j, la] right[j, lb]`` for the cells of every kept term, from two matrices over the kept effects."""
    cells = np.zeros(layout.cells[-1].stop)
    if len(layout.narrow_cells):
        by_effect = np.einsum("ij,ij->j", left, right)
        cells[layout.narrow_cells] = layout.by_narrow_term(by_effect)
    for t in layout.wide:
        lefts, rights = _columns(left.T, layout, t), _columns(right.T, layout, t)
        cells[layout.cells[t]] = [np.einsum("ij,ij->", one, other) for one in lefts for other in rights]
    return cells
