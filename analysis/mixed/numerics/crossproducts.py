"""Cross-products of the design, formed in one pass over the rows; nothing after this module sees a row again.

The fixed columns enter as an orthonormal basis and the outcome as its least-squares residual. Both are exact
re-parametrisations (the likelihood shifts by a known constant) and keep large offsets and collinear columns from
eating digits when squares are summed.

One random term is kept apart where that pays: if its own block is diagonal by level, the criterion can eliminate it
before anything dense is factored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ..model.design import Design
from ..model.formula import MixedFormula
from .border import Turn, as_dense, correlate, side_by_side
from .random_columns import OneHot
from .sampling import KnownVariance
from .whitening import Right, Rows, right_columns, whiten

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Random effects of the largest term from which eliminating it first is faster than one dense factor
# (benchmarks/elimination.py).
ELIMINATE = 150


@dataclass(frozen=True, slots=True)
class Eliminated:
    """Cross-products of the term that is eliminated first.

    Attributes
    ----------
    term
        Its position among the terms.
    blocks
        With itself, one block a level, shape ``(L, k, k)``.
    border
        With the other terms, shape ``(L k, s)``, by the levels that stand in the rows; sparse where it is large and few
        cells are filled.
    right
        With the fixed basis and the outcome, shape ``(L k, p + 1)``.
    turns
        Kernels of the other terms, by which their columns of ``border`` are still to be turned.
    """

    term: int
    blocks: Floats
    border: Floats | csr_array
    right: Floats
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class CrossProducts:
    """Everything the criterion needs to know about the data.

    Attributes
    ----------
    matrix
        ``A'WA`` for ``A = [Z Q r]``, shape ``(s + p + 1, s + p + 1)``: random effects of all terms that are not
        eliminated, orthonormal basis of the fixed columns, residual of the outcome.
    eliminated
        The term kept apart, if any.
    shapes
        ``(levels, columns)`` of each random term, in the order of the formula; random effects are ordered by level,
        then column. With known sampling variances and a residual variance on top, the last term is the residual:
        one effect a row.
    n, p
        Rows and fixed effects.
    triangle
        Upper-triangular ``R`` with ``√W X = Q R``, shape ``(p, p)``.
    least_squares
        Coefficients of the weighted least-squares fit, shape ``(p,)``.
    log_weights
        Sum of the logarithms of the weights: minus the log-determinant of the rows' own covariance up to σ².
    known_scale
        True if the weights are inverse variances, so that σ² is 1 and not estimated.
    bases
        What the standardised columns of each term are multiplied with to give those of the formula, shapes ``(k, k)``.
    """

    matrix: Floats
    eliminated: Eliminated | None
    shapes: tuple[tuple[int, int], ...]
    n: int
    p: int
    triangle: Floats
    least_squares: Floats
    log_weights: float
    known_scale: bool
    bases: tuple[Floats, ...]

    @property
    def q(self) -> int:
        """Random effects of all terms."""
        return sum(levels * k for levels, k in self.shapes)

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the terms in ``matrix``, in its order."""
        gone = None if self.eliminated is None else self.eliminated.term
        return tuple(t for t in range(len(self.shapes)) if t != gone)


def form_crossproducts(
    design: Design, eliminate: bool | None = None, known: KnownVariance | None = None, residual: bool = True
) -> CrossProducts:
    """Sum the cross-products of ``design``.

    Parameters
    ----------
    design
        The model's arrays.
    eliminate
        Whether to keep a term apart: the residual on top of known variances, or the largest term. Decided by its size
        if not given.
    known
        Known sampling variances of the rows.
    residual
        With known variances: whether a residual variance is estimated on top of them.

    Raises
    ------
    DesignError
        If the fixed effects reproduce the outcome exactly, so that no variance is left to divide.
    """
    return sum_rows(whiten(design, known, residual), design.formula, eliminate)


def sum_rows(rows: Rows, formula: MixedFormula, eliminate: bool | None = None) -> CrossProducts:
    """Sum the cross-products of whitened rows; parameters and errors as :func:`form_crossproducts`."""
    right = right_columns(rows.X, rows.y, formula)
    matrix, eliminated = assemble(rows, right.columns, choose_apart(rows, eliminate))
    return CrossProducts(
        matrix=matrix,
        eliminated=eliminated,
        shapes=rows.shapes,
        n=len(rows.y),
        p=rows.X.shape[1],
        triangle=right.triangle,
        least_squares=right.least_squares,
        log_weights=rows.log_weights,
        known_scale=rows.known_scale,
        bases=rows.bases,
    )


def exchange_right(data: CrossProducts, rows: Rows, right: Right) -> CrossProducts:
    """The same random effects beside other fixed columns and another outcome, both of the whitened rows."""
    columns = right.columns
    s = sum(rows.operands[t].size for t in data.kept)
    matrix = np.empty((s + columns.shape[1], s + columns.shape[1]))
    matrix[:s, :s] = data.matrix[:s, :s]
    start = 0
    for t in data.kept:
        stop = start + rows.operands[t].size
        matrix[start:stop, s:] = correlate(rows.operands[t].with_right(columns), rows.roots[t], rows.shapes[t])
        start = stop
    matrix[s:, :s] = matrix[:s, s:].T
    matrix[s:, s:] = columns.T @ columns
    apart = data.eliminated
    if apart is not None:
        apart = replace(apart, right=rows.operands[apart.term].with_right(columns))
    return replace(
        data,
        matrix=matrix,
        eliminated=apart,
        p=columns.shape[1] - 1,
        triangle=right.triangle,
        least_squares=right.least_squares,
    )


def choose_apart(rows: Rows, eliminate: bool | None) -> int | None:
    """The term to keep apart: its levels must be independent of each other, in the prior and in the rows."""
    if rows.residual:  # on top of known variances, one effect a row
        return len(rows.operands) - 1 if eliminate is None or eliminate else None
    able = [t for t, operand in enumerate(rows.operands) if isinstance(operand, OneHot) and rows.roots[t] is None]
    if not able:
        return None
    largest = max(able, key=lambda t: rows.operands[t].size)
    if eliminate is None:
        eliminate = rows.operands[largest].size >= ELIMINATE
    return largest if eliminate else None


def assemble(rows: Rows, right: Floats, apart: int | None) -> tuple[Floats, Eliminated | None]:
    """Fill the symmetric matrix of the kept terms block by block, and the parts of the one set apart."""
    operands, roots, shapes = rows.operands, rows.roots, rows.shapes
    kept = [t for t in range(len(operands)) if t != apart]
    starts = np.concatenate([[0], np.cumsum([operands[t].size for t in kept])]).astype(int)
    s, r = int(starts[-1]), right.shape[1]
    matrix = np.zeros((s + r, s + r))
    matrix[s:, s:] = right.T @ right
    places = [slice(start, stop) for start, stop in pairwise(starts.tolist())]
    for i, t in enumerate(kept):
        matrix[places[i], s:] = correlate(operands[t].with_right(right), roots[t], shapes[t])
        matrix[s:, places[i]] = matrix[places[i], s:].T
        for j in range(i, len(kept)):
            u = kept[j]
            table = operands[t].own() if t == u else operands[t].table(operands[u])
            block = correlate(correlate(as_dense(table), roots[t], shapes[t]).T, roots[u], shapes[u])
            matrix[places[j], places[i]] = block
            matrix[places[i], places[j]] = block.T  # of a term with itself, the same up to rounding
    return matrix, None if apart is None else _set_apart(rows, right, apart, kept)


def _set_apart(rows: Rows, right: Floats, apart: int, kept: list[int]) -> Eliminated:
    operands, roots, shapes = rows.operands, rows.roots, rows.shapes
    own = operands[apart]
    # Sparse rows are a diagonal of roots of weights: the residual on top of known variances.
    blocks = own.level_blocks() if isinstance(own, OneHot) else (own.values.diagonal() ** 2)[:, None, None]
    parts = [own.table(operands[t]) for t in kept]
    turns, start = [], 0
    for t in kept:
        stop, root = start + operands[t].size, roots[t]
        if root is not None:
            turns.append(Turn(slice(start, stop), root, shapes[t]))
        start = stop
    border = side_by_side(parts) if parts else np.zeros((own.size, 0))
    return Eliminated(apart, blocks, border, own.with_right(right), tuple(turns))
