"""Cross-products of the design, formed in one pass over the rows; nothing after this module sees a row again.

The fixed columns enter as an orthonormal basis and the outcome as its least-squares residual. Both are exact
re-parametrisations (the likelihood shifts by a known constant) and keep large offsets and collinear columns from
eating digits when squares are summed.

One random term is kept apart where that pays: if its own block is diagonal by level, the criterion can eliminate it
before anything dense is factored. Where enough is left, further terms follow it in a chain (``chain_plan``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.memory import require
from ..model.design import Design
from ..model.formula import MixedFormula
from .border import Turn, as_dense, as_sparse, correlate, side_by_side
from .chain import Further
from .chain_pattern import Pattern, make_pattern
from .chain_plan import LOOK, level_ties, make_plan
from .random_columns import OneHot
from .sampling import KnownVariance
from .whitening import Right, Rows, right_columns, whiten

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Random effects of the largest term from which eliminating it first is faster than one dense factor
# (benchmarks/elimination.py).
ELIMINATE = 150


# Matrices of the kept terms that one evaluation holds at once.
COPIES = 6


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
        cells are filled. Where further terms are eliminated, a column for each of their slots and then for those left.
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
    further
        The terms that are eliminated after it, if any.
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
    further: Further | None = None

    @property
    def q(self) -> int:
        """Random effects of all terms."""
        return sum(levels * k for levels, k in self.shapes)

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the terms in ``matrix``, in its order."""
        if self.further is not None:
            return self.further.pattern.final
        gone = None if self.eliminated is None else self.eliminated.term
        return tuple(t for t in range(len(self.shapes)) if t != gone)

    @property
    def gone(self) -> tuple[int, ...]:
        """Positions of the terms that are eliminated, in that order."""
        first = () if self.eliminated is None else (self.eliminated.term,)
        return first if self.further is None else (*first, *self.further.terms)

    def with_columns(self, change: Floats) -> CrossProducts:
        """The same random effects with the columns ``[Q r]`` times ``change``; what else follows is the caller's."""
        s, width = self.matrix.shape[0] - self.p - 1, change.shape[1]
        matrix = np.empty((s + width, s + width))
        matrix[:s, :s] = self.matrix[:s, :s]
        matrix[:s, s:] = self.matrix[:s, s:] @ change
        matrix[s:, :s] = matrix[:s, s:].T
        matrix[s:, s:] = change.T @ self.matrix[s:, s:] @ change
        apart, further = self.eliminated, self.further
        if apart is not None:
            apart = replace(apart, right=apart.right @ change)
        if further is not None:
            further = replace(further, right=further.right @ change)
        return replace(self, matrix=matrix, eliminated=apart, further=further, p=width - 1)


def form_crossproducts(
    design: Design,
    eliminate: bool | None = None,
    known: KnownVariance | None = None,
    residual: bool = True,
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
    apart = choose_apart(rows, eliminate)
    matrix, eliminated, further = assemble(rows, right.columns, apart, look=True)
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
        further=further,
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
    apart, further = data.eliminated, data.further
    if apart is not None:
        apart = replace(apart, right=rows.operands[apart.term].with_right(columns))
    if further is not None:
        further = replace(further, right=by_slot(rows, columns, further.pattern))
    return replace(
        data,
        matrix=matrix,
        eliminated=apart,
        further=further,
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


def assemble(
    rows: Rows, right: Floats, apart: int | None, pattern: Pattern | None = None, look: bool = False
) -> tuple[Floats, Eliminated | None, Further | None]:
    """Fill the symmetric matrix of the kept terms block by block, and the parts of those set apart.

    Parameters
    ----------
    rows, right
        Whitened rows, and the columns ``[Q r]``.
    apart
        The term that is eliminated first.
    pattern
        Of the terms that follow it.
    look
        Whether to look for terms that may follow where none are given.
    """
    operands = rows.operands
    kept = [t for t in range(len(operands)) if t != apart]
    border: Floats | csr_array | None = None
    if apart is not None:
        parts = [operands[apart].table(operands[t]) for t in kept]
        border = side_by_side(parts) if parts else np.zeros((operands[apart].size, 0))
        if look:
            pattern = find_pattern(rows, border, apart, kept)
    further = None
    if pattern is not None:
        further = Further(pattern, _values(rows, pattern), by_slot(rows, right, pattern))
        border = None if border is None else _slotted(border, rows, pattern, kept)
        kept = list(pattern.final)
    eliminated = None
    if apart is not None and border is not None:
        eliminated = _set_apart(rows, right, apart, border, kept)
    return _matrix(rows, right, kept), eliminated, further


def find_pattern(rows: Rows, border: Floats | csr_array, apart: int, kept: list[int]) -> Pattern | None:
    """The pattern of a chain of eliminations after the first, where one pays."""
    if border.shape[1] < LOOK:
        return None
    shapes = rows.shapes
    ties = level_ties(border, shapes[apart][1], kept, shapes)
    plan = make_plan(ties, [t for t in kept if rows.roots[t] is not None])
    return None if plan is None else make_pattern(plan, ties)


def _matrix(rows: Rows, right: Floats, kept: list[int]) -> Floats:
    """``A'WA`` for the kept terms and the right columns."""
    operands, roots, shapes = rows.operands, rows.roots, rows.shapes
    left = sum(operands[t].size for t in kept)
    require(
        COPIES * 8.0 * (left + right.shape[1]) ** 2,
        f"the factor of {left:,} random effects that are left once all that nests has been eliminated",
        "Leave out the grouping factor with the most levels, or fit a part of the rows.",
    )
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
    return matrix


def _set_apart(rows: Rows, right: Floats, apart: int, border: Floats | csr_array, kept: list[int]) -> Eliminated:
    operands, roots, shapes = rows.operands, rows.roots, rows.shapes
    own = operands[apart]
    # Sparse rows are a diagonal of roots of weights: the residual on top of known variances.
    blocks = own.level_blocks() if isinstance(own, OneHot) else (own.values.diagonal() ** 2)[:, None, None]
    turns, start = [], 0
    for t in kept:
        stop, root = start + operands[t].size, roots[t]
        if root is not None:
            turns.append(Turn(slice(start, stop), root, shapes[t]))
        start = stop
    return Eliminated(apart, blocks, border, own.with_right(right), tuple(turns))


def _values(rows: Rows, pattern: Pattern) -> Floats:
    """Cross-products of the further terms, with each other and with those left, as they stand in the rows."""
    operands, values = rows.operands, np.zeros(pattern.length)
    terms = list(pattern.places)
    for i, t in enumerate(terms):
        for u in terms[i:]:
            if t in pattern.final and u in pattern.final:
                continue
            own = operands[t]
            if t == u and isinstance(own, OneHot):
                levels, k = rows.shapes[t]
                cells = pattern.places[t].reshape(levels, k)
                where = pattern.positions(cells[:, :, None], cells[:, None, :])
                values[where] = own.level_blocks()
                continue
            table = as_sparse(own.table(operands[u])).tocoo()
            first, second = pattern.places[t][table.row], pattern.places[u][table.col]
            values[pattern.positions(first, second)] = table.data
            values[pattern.positions(second, first)] = table.data
    return values


def by_slot(rows: Rows, right: Floats, pattern: Pattern) -> Floats:
    """Cross-products of the further terms with the right columns, by slot."""
    result = np.zeros((pattern.gone, right.shape[1]))
    for t, places in pattern.places.items():
        if t not in pattern.final:
            result[places] = rows.operands[t].with_right(right)
    return result


def _slotted(border: Floats | csr_array, rows: Rows, pattern: Pattern, kept: list[int]) -> csr_array:
    """The border of the first term with a column for each slot."""
    from scipy.sparse import csr_array

    own = as_sparse(border)
    columns = np.concatenate([pattern.places[t] for t in kept])
    moved = csr_array((own.data, columns[own.indices], own.indptr), shape=(own.shape[0], pattern.size))
    moved.sort_indices()
    return moved
