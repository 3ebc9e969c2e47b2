"""The rows of a design as the cross-products need them: independent errors, orthonormal fixed columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats
from ...core.errors import DesignError
from ..model.design import Design, RandomTerm
from ..model.formula import MixedFormula
from .random_columns import OneHot, Sparse
from .sampling import KnownVariance

# If the residual sum of squares is below this share of the outcome's, the fixed effects reproduce the outcome and
# variances are differences of rounding errors. Rounding alone leaves about 1e-31; an outcome with a large offset
# and little spread must pass.
EXACT_FIT = 1e-26
# Condition number of a term's columns above which they are collinear and not orthogonalised.
COLLINEAR = 1e12


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows scaled (and rotated) so that their own errors are independent with equal variance.

    Attributes
    ----------
    X, y
        Fixed columns ``(n, p)`` and outcome ``(n,)``.
    operands
        Random-effect columns of each term; the residual on top of known variances is the last one.
    roots
        Square roots of known covariances between the levels of each term, in units of their average variance.
    bases
        ``S`` of each term, shapes ``(k, k)``: the columns of the operand times ``S`` are those of the formula.
    shapes
        ``(levels, columns)`` of each term.
    root
        Square root of the weights, ``None`` if all are one.
    log_weights
        Sum of the logarithms of the weights.
    known_scale
        True if the weights are inverse variances.
    residual
        True if the last operand is a residual on top of known variances.
    turned
        True if rows that share a sampling error were rotated into each other.
    """

    X: Floats
    y: Floats
    operands: tuple[OneHot | Sparse, ...]
    roots: tuple[Floats | None, ...]
    bases: tuple[Floats, ...]
    shapes: tuple[tuple[int, int], ...]
    root: Floats | None
    log_weights: float
    known_scale: bool
    residual: bool
    turned: bool


def whiten(design: Design, known: KnownVariance | None = None, residual: bool = True) -> Rows:
    """Scale and rotate the rows of ``design``; ``residual`` adds one random effect per row to known variances."""
    if known is None:
        root = None if design.weights is None else np.sqrt(design.weights)
        log_weights = 0.0 if design.weights is None else float(np.log(design.weights).sum())
    else:
        root, log_weights = 1.0 / np.sqrt(known.variance), -known.log_determinant
    X, y = design.X, design.y
    operands: list[OneHot | Sparse] = []
    standards = [standardize(term) for term in design.terms]
    turned = known is not None and known.rotation is not None
    if known is not None and known.rotation is not None:
        turn = known.rotation.T.tocsr()
        X, y = np.asarray(turn @ X), np.asarray(turn @ y)
        assert root is not None
        for term, standard in zip(design.terms, standards, strict=True):
            rotated = turn @ OneHot(term, standard.values).matrix()
            operands.append(Sparse((rotated * root[:, None]).tocsr()))
    else:
        for term, standard in zip(design.terms, standards, strict=True):
            columns = standard.values
            if root is not None:
                columns = root[:, None] if columns is None else columns * root[:, None]
            operands.append(OneHot(term, columns))
    if root is not None:
        X, y = X * root[:, None], y * root
    roots = [standard.root for standard in standards]
    bases = [standard.basis for standard in standards]
    shapes = [(len(term.levels), term.width) for term in design.terms]
    if known is not None and residual:
        from scipy.sparse import csr_array, diags_array

        operands.append(Sparse(csr_array(diags_array(np.asarray(root)))))
        roots.append(None)
        bases.append(np.ones((1, 1)))
        shapes.append((design.n, 1))
    return Rows(
        X=X,
        y=y,
        operands=tuple(operands),
        roots=tuple(roots),
        bases=tuple(bases),
        shapes=tuple(shapes),
        root=root,
        log_weights=log_weights,
        known_scale=known is not None,
        residual=known is not None and residual,
        turned=turned,
    )


@dataclass(frozen=True, slots=True)
class Standard:
    """A standardised term: orthogonal columns of size one, a covariance of levels of size one.

    The search then does not depend on the unit or the origin of a predictor.
    ``values`` times ``basis`` are the columns of the formula, up to the scale of ``root``.
    """

    values: Floats | None
    basis: Floats
    root: Floats | None


def standardize(term: RandomTerm) -> Standard:
    """Columns of a random term as an orthogonal basis with mean squares of one."""
    root, scale = term.root, 1.0
    if root is not None:
        scale = float(np.sqrt((root**2).sum() / len(root)))
        root = root / scale if scale > 0 else root
    if term.values is None:
        return Standard(None, np.full((1, 1), scale or 1.0), root)
    n = len(term.values)
    sizes = np.sqrt(np.einsum("ij,ij->j", term.values, term.values) / n)
    if (sizes > 0).all() and term.width > 1:
        basis, triangle = orthonormal_basis(term.values)
        if np.linalg.cond(triangle / sizes) < COLLINEAR:
            return Standard(basis * np.sqrt(n), triangle * (scale or 1.0) / np.sqrt(n), root)
    sizes[sizes == 0] = 1.0
    return Standard(term.values / sizes, np.diag(sizes) * (scale or 1.0), root)


@dataclass(frozen=True, slots=True)
class Right:
    """Orthonormal basis and residual of the outcome as columns ``(n, p + 1)``, and what the fixed effects need."""

    columns: Floats
    triangle: Floats
    least_squares: Floats


def right_columns(X: Floats, y: Floats, formula: MixedFormula) -> Right:
    """Orthonormalise whitened fixed columns and take them out of the outcome."""
    basis, triangle = orthonormal_basis(X)
    projected = basis.T @ y
    remainder = y - basis @ projected
    correction = basis.T @ remainder  # second projection: the first loses digits when y has a large offset
    remainder -= basis @ correction
    if remainder @ remainder <= EXACT_FIT * (y @ y):
        raise DesignError(
            f"the fixed effects of '{formula.text}' reproduce '{formula.response}' exactly.",
            "Is a predictor a copy of the outcome, or computed from it?",
        )
    columns = np.empty((len(y), X.shape[1] + 1), order="F")  # contiguous columns: sums over levels go by column
    columns[:, :-1], columns[:, -1] = basis, remainder
    return Right(columns, triangle, np.linalg.solve(triangle, projected + correction))


def orthonormal_basis(X: Floats) -> tuple[Floats, Floats]:
    """Return ``Q, R`` with ``X = Q R`` and ``Q'Q = I`` by Cholesky QR, done twice.

    Each round is one pass over the rows, where Householder QR needs a pass per column; two rounds give full accuracy
    for condition numbers up to 1e8 (Yamamoto et al. 2015, ETNA 44), beyond which Householder QR takes over.
    """
    gram = X.T @ X
    lengths = np.sqrt(gram.diagonal())
    if np.linalg.cond(gram / np.outer(lengths, lengths)) > 1e14:
        return np.linalg.qr(X)
    first = np.linalg.cholesky(gram).T
    basis = X @ np.linalg.inv(first)
    second = np.linalg.cholesky(basis.T @ basis).T
    return basis @ np.linalg.inv(second), second @ first
