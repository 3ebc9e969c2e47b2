"""Cross-products of the design, formed in one pass over the rows; nothing after this module sees a row again.

The fixed columns enter as an orthonormal basis and the outcome as its least-squares residual. Both are exact
re-parametrisations (the likelihood shifts by a known constant) and keep large offsets and collinear columns from
eating digits when squares are summed.

The largest random term is kept apart where that pays: its own block is diagonal by level, so the criterion can
eliminate it before anything dense is factored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..errors import DesignError
from .design import Design, RandomTerm

if TYPE_CHECKING:
    from scipy.sparse import csr_array


# A residual sum of squares below this share of the outcome's own means that the fixed effects reproduce the outcome:
# variances are then differences of rounding errors. Rounding alone leaves about 1e-31; an outcome with a large offset
# and little spread must pass.
EXACT_FIT = 1e-26
# Random effects of the largest term from which eliminating it first is faster than one dense factor
# (benchmarks/elimination.py).
ELIMINATE = 150
# Share of non-zero cells under which the border of the eliminated term is kept sparse.
SPARSE_BORDER = 0.15


@dataclass(frozen=True, slots=True)
class Eliminated:
    """Cross-products of the term that is eliminated first.

    Attributes
    ----------
    term
        Its position in the formula.
    blocks
        With itself, one block a level, shape ``(L, k, k)``.
    border
        With the random effects of the other terms, shape ``(L k, s)``; sparse where few cells are filled.
    right
        With the fixed basis and the outcome, shape ``(L k, p + 1)``.
    """

    term: int
    blocks: Floats
    border: Floats | csr_array
    right: Floats


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
        then column.
    n, p
        Rows and fixed effects.
    triangle
        Upper-triangular ``R`` with ``√W X = Q R``, shape ``(p, p)``.
    least_squares
        Coefficients of the weighted least-squares fit, shape ``(p,)``.
    log_weights
        Sum of the logarithms of the prior weights.
    """

    matrix: Floats
    eliminated: Eliminated | None
    shapes: tuple[tuple[int, int], ...]
    n: int
    p: int
    triangle: Floats
    least_squares: Floats
    log_weights: float

    @property
    def q(self) -> int:
        """Random effects of all terms."""
        return sum(levels * k for levels, k in self.shapes)

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the terms in ``matrix``, in its order."""
        gone = None if self.eliminated is None else self.eliminated.term
        return tuple(t for t in range(len(self.shapes)) if t != gone)


def form_crossproducts(design: Design, eliminate: bool | None = None) -> CrossProducts:
    """Sum the cross-products of ``design``.

    Parameters
    ----------
    design
        The model's arrays.
    eliminate
        Whether to keep the largest term apart; decided by its size if not given.

    Raises
    ------
    DesignError
        If the fixed effects reproduce the outcome exactly, so that no variance is left to divide.
    """
    root = None if design.weights is None else np.sqrt(design.weights)
    X = design.X if root is None else design.X * root[:, None]
    y = design.y if root is None else design.y * root
    basis, triangle = orthonormal_basis(X)
    projected = basis.T @ y
    residual = y - basis @ projected
    correction = basis.T @ residual  # second projection: the first loses digits when y has a large offset
    residual -= basis @ correction
    if residual @ residual <= EXACT_FIT * (y @ y):
        raise DesignError(
            f"the fixed effects of '{design.formula.text}' reproduce '{design.formula.response}' exactly.",
            "Is a predictor a copy of the outcome, or computed from it?",
        )
    right = np.column_stack([basis, residual])
    largest = max(range(len(design.terms)), key=lambda t: design.terms[t].size)
    if eliminate is None:
        eliminate = design.terms[largest].size >= ELIMINATE
    columns = [_columns(term, root) for term in design.terms]
    matrix, apart = _assemble(design.terms, columns, right, largest if eliminate else None)
    return CrossProducts(
        matrix=matrix,
        eliminated=apart,
        shapes=tuple((len(term.levels), term.width) for term in design.terms),
        n=design.n,
        p=design.p,
        triangle=triangle,
        least_squares=np.linalg.solve(triangle, projected + correction),
        log_weights=0.0 if design.weights is None else float(np.log(design.weights).sum()),
    )


def orthonormal_basis(X: Floats) -> tuple[Floats, Floats]:
    """Return ``Q, R`` with ``X = Q R`` and ``Q'Q = I`` by Cholesky QR, done twice.

    One pass over the rows each, where Householder QR needs a pass a column; two rounds give full accuracy for
    condition numbers up to 1e8 (Yamamoto et al. 2015, ETNA 44), beyond which Householder QR takes over.
    """
    lengths = np.linalg.norm(X, axis=0)
    basis, triangle = X / lengths, np.diag(lengths)
    if np.linalg.cond(basis.T @ basis) > 1e14:
        return np.linalg.qr(X)
    for _ in range(2):
        factor = np.linalg.cholesky(basis.T @ basis).T
        basis = basis @ np.linalg.inv(factor)
        triangle = factor @ triangle
    return basis, triangle


def _assemble(
    terms: tuple[RandomTerm, ...], columns: list[Floats | None], right: Floats, apart: int | None
) -> tuple[Floats, Eliminated | None]:
    """Fill the symmetric matrix of the kept terms block by block, and the parts of the one set apart."""
    kept = [t for t in range(len(terms)) if t != apart]
    starts = np.concatenate([[0], np.cumsum([terms[t].size for t in kept])]).astype(int)
    s, r = int(starts[-1]), right.shape[1]
    matrix = np.zeros((s + r, s + r))
    matrix[s:, s:] = right.T @ right
    for i, t in enumerate(kept):
        rows = slice(starts[i], starts[i + 1])
        matrix[rows, s:] = _with_right(terms[t], columns[t], right)
        for j in range(i, len(kept)):
            u = kept[j]
            block = _own(terms[t], columns[t]) if t == u else _table(terms[t], terms[u], columns[t], columns[u])
            matrix[rows, starts[j] : starts[j + 1]] = block
    upper = np.triu(matrix)
    matrix = upper + np.triu(matrix, 1).T
    if apart is None:
        return matrix, None
    term, own = terms[apart], columns[apart]
    tables = [_table(term, terms[t], own, columns[t]) for t in kept]
    border = np.hstack(tables) if tables else np.zeros((term.size, 0))
    filled = np.count_nonzero(border)
    if border.size and filled < SPARSE_BORDER * border.size:
        from scipy.sparse import csr_array

        border = csr_array(border)
    return matrix, Eliminated(apart, _level_blocks(term, own), border, _with_right(term, own, right))


def _columns(term: RandomTerm, root: Floats | None) -> Floats | None:
    """Columns of a term times the root of the weights, shape ``(n, k)``; ``None`` where all are one."""
    if term.values is None:
        return None if root is None else root[:, None]
    return term.values if root is None else term.values * root[:, None]


def _with_right(term: RandomTerm, columns: Floats | None, right: Floats) -> Floats:
    """``Z'[Q r]`` of one term, in one pass over the rows."""
    from scipy.sparse import csc_array

    n, k = len(right), term.width
    values = np.ones(n) if columns is None else columns.ravel()
    indices = (term.codes[:, None] * k + np.arange(k)).ravel()
    transposed = csc_array((values, indices, np.arange(0, n * k + 1, k)), shape=(term.size, n))
    return np.asarray(transposed @ right)


def _level_blocks(term: RandomTerm, columns: Floats | None) -> Floats:
    """Cross-products of a term with itself: one ``(k, k)`` block a level."""
    levels, k = len(term.levels), term.width
    blocks = np.empty((levels, k, k))
    for i in range(k):
        for j in range(i, k):
            both = None if columns is None else columns[:, i] * columns[:, j]
            blocks[:, i, j] = blocks[:, j, i] = np.bincount(term.codes, weights=both, minlength=levels)
    return blocks


def _own(term: RandomTerm, columns: Floats | None) -> Floats:
    """The level blocks as one block-diagonal matrix."""
    levels, k = len(term.levels), term.width
    block = np.zeros((levels, k, levels, k))
    every = np.arange(levels)
    block[every, :, every, :] = _level_blocks(term, columns)
    return block.reshape(term.size, term.size)


def _table(a: RandomTerm, b: RandomTerm, za: Floats | None, zb: Floats | None) -> Floats:
    """Cross-products of the columns of two terms, summed over the rows that share a pair of levels."""
    la, lb = len(a.levels), len(b.levels)
    cell = a.codes * lb + b.codes
    block = np.empty((la, a.width, lb, b.width))
    for i in range(a.width):
        for j in range(b.width):
            left = None if za is None else za[:, i]
            right = None if zb is None else zb[:, j]
            both = left if right is None else right if left is None else left * right
            block[:, i, :, j] = np.bincount(cell, weights=both, minlength=la * lb).reshape(la, lb)
    return block.reshape(a.size, b.size)
