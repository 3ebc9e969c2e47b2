"""Cross-products of the design, formed in one pass over the rows; nothing after this module sees a row again.

The fixed columns enter as an orthonormal basis and the outcome as its least-squares residual. Both are exact
re-parametrisations (the likelihood shifts by a known constant) and keep large offsets and collinear columns from
eating digits when squares are summed.

One random term is kept apart where that pays: if its own block is diagonal by level, the criterion can eliminate it
before anything dense is factored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..errors import DesignError
from .design import Design, RandomTerm
from .operands import OneHot, Rows
from .sampling import KnownVariance

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
        Its position among the terms.
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
    spreads
        Root mean square of the columns of each random term, shapes ``(k,)``: their units.
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
    spreads: tuple[Floats, ...]

    @property
    def q(self) -> int:
        """Random effects of all terms."""
        return sum(levels * k for levels, k in self.shapes)

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the terms in ``matrix``, in its order."""
        gone = None if self.eliminated is None else self.eliminated.term
        return tuple(t for t in range(len(self.shapes)) if t != gone)


@dataclass(frozen=True, slots=True)
class Whitened:
    """The rows scaled to unit variance: ``root`` is the square root of the weights, ``None`` where all are one."""

    X: Floats
    y: Floats
    operands: tuple[OneHot | Rows, ...]
    root: Floats | None
    log_weights: float


def whiten(design: Design, known: KnownVariance | None) -> Whitened:
    """Scale (and rotate) the rows so that their own errors are independent with equal variance."""
    if known is None:
        root = None if design.weights is None else np.sqrt(design.weights)
        log_weights = 0.0 if design.weights is None else float(np.log(design.weights).sum())
    else:
        root, log_weights = 1.0 / np.sqrt(known.variance), -known.log_determinant
    X, y = design.X, design.y
    operands: list[OneHot | Rows] = []
    if known is not None and known.rotation is not None:
        turn = known.rotation.T.tocsr()
        X, y = np.asarray(turn @ X), np.asarray(turn @ y)
        assert root is not None
        for term in design.terms:
            rotated = turn @ OneHot(term, term.values).matrix()
            operands.append(Rows((rotated * root[:, None]).tocsr()))
    else:
        for term in design.terms:
            columns = term.values
            if root is not None:
                columns = root[:, None] if columns is None else columns * root[:, None]
            operands.append(OneHot(term, columns))
    if root is not None:
        X, y = X * root[:, None], y * root
    return Whitened(X, y, tuple(operands), root, log_weights)


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
    rows = whiten(design, known)
    basis, triangle = orthonormal_basis(rows.X)
    projected = basis.T @ rows.y
    remainder = rows.y - basis @ projected
    correction = basis.T @ remainder  # second projection: the first loses digits when y has a large offset
    remainder -= basis @ correction
    if remainder @ remainder <= EXACT_FIT * (rows.y @ rows.y):
        raise DesignError(
            f"the fixed effects of '{design.formula.text}' reproduce '{design.formula.response}' exactly.",
            "Is a predictor a copy of the outcome, or computed from it?",
        )
    right = np.column_stack([basis, remainder])
    operands = list(rows.operands)
    shapes = [(len(term.levels), term.width) for term in design.terms]
    spreads = [_spread(term) for term in design.terms]
    if known is not None and residual:
        from scipy.sparse import csr_array, diags_array

        operands.append(Rows(csr_array(diags_array(np.asarray(rows.root)))))
        shapes.append((design.n, 1))
        spreads.append(np.ones(1))
    apart = _apart(design, operands, eliminate)
    matrix, eliminated = _assemble(design, operands, shapes, right, apart)
    return CrossProducts(
        matrix=matrix,
        eliminated=eliminated,
        shapes=tuple(shapes),
        n=design.n,
        p=design.p,
        triangle=triangle,
        least_squares=np.linalg.solve(triangle, projected + correction),
        log_weights=rows.log_weights,
        known_scale=known is not None,
        spreads=tuple(spreads),
    )


def _spread(term: RandomTerm) -> Floats:
    """Size of a random effect's contribution to a row when ``λ`` is the identity, shape ``(k,)``; 1 if it has none."""
    squares = np.ones(1) if term.values is None else np.mean(term.values**2, axis=0)
    if term.root is not None:
        squares = squares * np.mean(np.sum(term.root**2, axis=1))
    return np.sqrt(np.where(squares > 0, squares, 1.0))


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


def _apart(design: Design, operands: list[OneHot | Rows], eliminate: bool | None) -> int | None:
    """The term to keep apart: its levels must be independent of each other, in the prior and in the rows."""
    if len(operands) > len(design.terms):  # the residual on top of known variances, one effect a row
        return len(operands) - 1 if eliminate is None or eliminate else None
    able = [t for t, operand in enumerate(operands) if isinstance(operand, OneHot) and design.terms[t].root is None]
    if not able:
        return None
    largest = max(able, key=lambda t: operands[t].size)
    if eliminate is None:
        eliminate = operands[largest].size >= ELIMINATE
    return largest if eliminate else None


def _assemble(
    design: Design,
    operands: list[OneHot | Rows],
    shapes: list[tuple[int, int]],
    right: Floats,
    apart: int | None,
) -> tuple[Floats, Eliminated | None]:
    """Fill the symmetric matrix of the kept terms block by block, and the parts of the one set apart."""
    roots = [term.root for term in design.terms] + [None] * (len(operands) - len(design.terms))
    kept = [t for t in range(len(operands)) if t != apart]
    starts = np.concatenate([[0], np.cumsum([operands[t].size for t in kept])]).astype(int)
    s, r = int(starts[-1]), right.shape[1]
    matrix = np.zeros((s + r, s + r))
    matrix[s:, s:] = right.T @ right
    for i, t in enumerate(kept):
        rows = slice(starts[i], starts[i + 1])
        matrix[rows, s:] = correlate(operands[t].with_right(right), roots[t], shapes[t])
        for j in range(i, len(kept)):
            u = kept[j]
            block = operands[t].own() if t == u else operands[t].table(operands[u])
            dense = block if isinstance(block, np.ndarray) else block.toarray()
            dense = correlate(dense, roots[t], shapes[t])
            matrix[rows, starts[j] : starts[j + 1]] = correlate(dense.T, roots[u], shapes[u]).T
    upper = np.triu(matrix)
    matrix = upper + np.triu(matrix, 1).T
    if apart is None:
        return matrix, None
    return matrix, _set_apart(operands, roots, shapes, right, apart, kept)


def _set_apart(
    operands: list[OneHot | Rows],
    roots: list[Floats | None],
    shapes: list[tuple[int, int]],
    right: Floats,
    apart: int,
    kept: list[int],
) -> Eliminated:
    from scipy.sparse import csr_array, hstack

    own = operands[apart]
    # Rows are a diagonal of roots of weights: the residual on top of known variances.
    blocks = own.level_blocks() if isinstance(own, OneHot) else (own.values.diagonal() ** 2)[:, None, None]
    parts = []
    for t in kept:
        block = own.table(operands[t])
        if roots[t] is not None:
            dense = block if isinstance(block, np.ndarray) else block.toarray()
            block = correlate(dense.T, roots[t], shapes[t]).T
        parts.append(block)
    filled = sum(np.count_nonzero(part) if isinstance(part, np.ndarray) else part.nnz for part in parts)
    cells = own.size * sum(operands[t].size for t in kept)
    border: Floats | csr_array
    if not parts:
        border = np.zeros((own.size, 0))
    elif filled < SPARSE_BORDER * cells:
        border = csr_array(hstack([csr_array(part) for part in parts], format="csr"))
    else:
        border = np.hstack([part if isinstance(part, np.ndarray) else part.toarray() for part in parts])
    return Eliminated(apart, blocks, border, own.with_right(right))


def correlate(rows: Floats, root: Floats | None, shape: tuple[int, int]) -> Floats:
    """``(R' ⊗ I)`` times rows ordered by level and column; the rows themselves where levels are independent."""
    if root is None:
        return rows
    levels, k = shape
    return np.tensordot(root.T, rows.reshape(levels, k, -1), axes=1).reshape(rows.shape)
