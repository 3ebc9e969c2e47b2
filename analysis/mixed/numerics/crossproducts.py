"""Cross-products of the design, formed in one pass over the rows; later modules never see the rows.

The fixed columns enter as an orthonormal basis and the outcome as its least-squares residual. Both are exact
re-parametrisations (the likelihood shifts by a known constant) and keep precision with large offsets and nearly
collinear columns when squares are summed.

One random term is eliminated if that saves time: its own block must be block-diagonal by level, so that the criterion
can eliminate it before anything dense is factored.
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

# From this many random effects of the largest term, eliminating it is faster than one dense factor
# (benchmarks/elimination.py).
ELIMINATE = 150


@dataclass(frozen=True, slots=True)
class Eliminated:
    """Cross-products of the term that is eliminated first.

    Attributes
    ----------
    term
        Position of the term among the terms.
    blocks
        Cross-products with itself, one block per level, shape ``(L, k, k)``.
    border
        Cross-products with the other terms, shape ``(L k, s)``, before kernels are applied; sparse if it is large and
        mostly zero.
    right
        Cross-products with the fixed basis and the outcome, shape ``(L k, p + 1)``.
    turns
        Kernels of the other terms, still to be applied to their columns of ``border``.
    """

    term: int
    blocks: Floats
    border: Floats | csr_array
    right: Floats
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class CrossProducts:
    """Sufficient statistics: everything the criterion needs of the data.

    Attributes
    ----------
    matrix
        ``A'WA`` for ``A = [Z Q r]``, shape ``(s + p + 1, s + p + 1)``: random effects of all terms that are not
        eliminated, orthonormal basis of the fixed columns, residual of the outcome.
    eliminated
        The eliminated term, if any.
    shapes
        ``(levels, columns)`` of each random term, in the order of the formula; random effects are ordered by level,
        then column. With known sampling variances and a residual variance on top, the last term is the residual:
        one effect per row.
    n, p
        Rows and fixed effects.
    triangle
        Upper-triangular ``R`` with ``√W X = Q R``, shape ``(p, p)``.
    least_squares
        Coefficients of the weighted least-squares fit, shape ``(p,)``.
    log_weights
        Sum of the logarithms of the weights: minus the log-determinant of the rows' residual covariance up to σ².
    known_scale
        True if the weights are inverse variances, so that σ² is 1 and not estimated.
    bases
        Matrices that turn the standardised columns of each term into those of the formula, shapes ``(k, k)``.
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
        eliminated = None if self.eliminated is None else self.eliminated.term
        return tuple(t for t in range(len(self.shapes)) if t != eliminated)


def form_crossproducts(
    design: Design, eliminate: bool | None = None, known: KnownVariance | None = None, residual: bool = True
) -> CrossProducts:
    """Sum the cross-products of ``design``.

    Parameters
    ----------
    design
        The model's arrays.
    eliminate
        Whether to eliminate a term: the residual on top of known variances, or the largest term. If not given, its size
        decides.
    known
        Known sampling variances of the rows.
    residual
        With known variances: whether a residual variance is estimated on top of them.

    Raises
    ------
    DesignError
        If the fixed effects reproduce the outcome exactly, so that no residual variance remains.
    """
    return sum_rows(whiten(design, known, residual), design.formula, eliminate)


def sum_rows(rows: Rows, formula: MixedFormula, eliminate: bool | None = None) -> CrossProducts:
    """Sum the cross-products of whitened rows; parameters and errors as :func:`form_crossproducts`."""
    right = right_columns(rows.X, rows.y, formula)
    matrix, eliminated = assemble(rows, right.columns, choose_eliminated(rows, eliminate))
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
    """The same random effects with other fixed columns and another outcome, both of the whitened rows."""
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
    eliminated = data.eliminated
    if eliminated is not None:
        eliminated = replace(eliminated, right=rows.operands[eliminated.term].with_right(columns))
    return replace(
        data,
        matrix=matrix,
        eliminated=eliminated,
        p=columns.shape[1] - 1,
        triangle=right.triangle,
        least_squares=right.least_squares,
    )


def choose_eliminated(rows: Rows, eliminate: bool | None) -> int | None:
    """The term to eliminate: its levels must be independent of each other, a priori and in the rows."""
    if rows.residual:  # on top of known variances, one effect per row
        return len(rows.operands) - 1 if eliminate is None or eliminate else None
    candidates = [t for t, operand in enumerate(rows.operands) if isinstance(operand, OneHot) and rows.roots[t] is None]
    if not candidates:
        return None
    largest = max(candidates, key=lambda t: rows.operands[t].size)
    if eliminate is None:
        eliminate = rows.operands[largest].size >= ELIMINATE
    return largest if eliminate else None


def assemble(rows: Rows, right: Floats, eliminated: int | None) -> tuple[Floats, Eliminated | None]:
    """Fill the symmetric matrix of the kept terms block by block, and the parts of the eliminated one."""
    operands, roots, shapes = rows.operands, rows.roots, rows.shapes
    kept = [t for t in range(len(operands)) if t != eliminated]
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
            matrix[places[i], places[j]] = block.T  # for a term with itself, equal up to rounding
    return matrix, None if eliminated is None else _eliminate(rows, right, eliminated, kept)


def _eliminate(rows: Rows, right: Floats, term: int, kept: list[int]) -> Eliminated:
    operands, roots, shapes = rows.operands, rows.roots, rows.shapes
    own = operands[term]
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
    return Eliminated(term, blocks, border, own.with_right(right), tuple(turns))
