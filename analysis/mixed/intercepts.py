r"""The criterion of models whose random terms have one column each: all terms at once, in a few array operations.

The formulas are those of :mod:`analysis.mixed.criterion`. With scalars for :math:`\lambda`, :math:`\Lambda` is
diagonal, and the factor of the whole bordered system

.. math::
   \begin{pmatrix} \Lambda Z'WZ\Lambda + I & \Lambda Z'W[Q\; r] \\ \cdot & [Q\; r]'W[Q\; r] \end{pmatrix}

holds :math:`L`, :math:`L^{-1}\Lambda Z'W[Q\; r]`, the factor of :math:`Q'H^{-1}Q` and, squared in its last corner,
:math:`r'Pr`. In the small designs of bootstraps, simulations and multiverses this takes a third of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dtrtri, dtrtrs

from ..arrays import Floats, Integers
from .elimination import Reduced, reduce
from .point import Point

if TYPE_CHECKING:
    from .criterion import Criterion


# Relative standard deviations under which a trace is taken from the products themselves: (I - M⁻¹)/λ² loses digits.
TINY = 1e-3


class Layout:
    """Where the effects of each kept term lie.

    Attributes
    ----------
    kept
        Positions of the kept terms in the formula.
    counts, starts
        Levels of each and the first one's row.
    rows, term_of
        All rows, and the position of each one's term.
    """

    def __init__(self, kept: Sequence[int], counts: Sequence[int]) -> None:
        self.kept: Integers = np.array(kept)
        self.counts = np.array(counts, dtype=float)
        ends: Integers = np.cumsum(np.array(counts))
        self.starts: Integers = ends - np.array(counts)
        self.rows = np.arange(int(ends[-1]))
        self.term_of = np.repeat(self.kept, counts)


def evaluate(criterion: Criterion, layout: Layout, theta: Floats, sigma2: float | None) -> Point | None:
    """What ``Criterion.evaluate`` computes, or ``None`` where rounding left nothing to factor.

    Parameters
    ----------
    criterion, layout
        All of its terms have one column; at least one is kept.
    theta, sigma2
        As for the criterion.
    """
    data, s, p = criterion.data, criterion.size, criterion.data.p
    reduced, matrix = None, data.matrix
    if data.eliminated is not None and criterion.border is not None:
        reduced = reduce(data, data.eliminated, criterion.border, theta[data.eliminated.term].reshape(1, 1))
        matrix = reduced.matrix
    load = theta[layout.term_of]
    factor = bordered_factor(load, matrix)
    if factor is None:
        return None
    lower = np.asfortranarray(factor[:s, :s])
    last, triangle = factor[s:, :s].T, factor[s:-1, s:-1]
    pivots = factor.diagonal()
    residual = float(pivots[-1]) ** 2
    coefficients = solve(triangle, factor[-1, s:-1], 1)
    profiled = sigma2 is None and not data.known_scale
    if sigma2 is None:
        sigma2 = residual / criterion.degrees if profiled else 1.0
    logs = np.log(pivots)
    value = 2.0 * float(logs[:s].sum()) - data.log_weights
    value += criterion.degrees * float(np.log(2.0 * np.pi * sigma2)) + residual / sigma2
    if reduced is not None:
        value += reduced.log_determinant
    if criterion.reml:
        value += 2.0 * float(logs[s:-1].sum()) + criterion.log_triangle

    back = load[:, None] * solve(lower, last, 1)
    cross = matrix[:s, s:] - matrix[:s, :s] @ back
    projected = cross[:, p] - cross[:, :p] @ coefficients
    explained = projected**2 / sigma2
    if criterion.reml:
        explained += (solve(triangle, cross[:, :p].T) ** 2).sum(axis=0)
    slopes = np.empty(len(theta))
    # A dense border is solved for; a sparse one meets few cells of the inverse.
    sparse = criterion.border is not None and not criterion.border.plain
    inverse = np.asarray(dpotri(lower, lower=1)[0]) if sparse else None
    slopes[layout.kept] = _traces(criterion, layout, theta, load, matrix, lower, inverse) - np.add.reduceat(
        explained, layout.starts
    )
    blocks: dict[int, Floats] = {t: cross[part] for t, part in criterion.parts.items()}
    own: dict[int, Floats] = {t: projected[part] for t, part in criterion.parts.items()}
    if reduced is not None and data.eliminated is not None and criterion.border is not None:
        t, keep = data.eliminated.term, reduced.keep[:, 0, 0]
        blocks[t] = reduced.right - keep[:, None] * criterion.border.carry(back)
        own[t] = blocks[t][:, p] - blocks[t][:, :p] @ coefficients
        trace = float(reduced.own.sum())
        if inverse is not None:
            trace -= criterion.border.contract((keep * keep)[:, None, None], inverse * load * load[:, None])
        else:
            whitened = solve(lower, (keep[:, None] * criterion.border.matrix * load).T)
            trace -= float(np.vdot(whitened, whitened))
        if criterion.reml:
            white = solve(triangle, blocks[t][:, :p].T)
            trace -= float(np.vdot(white, white))
        slopes[t] = trace - float(own[t] @ own[t]) / sigma2
    squares = np.array([float(own[t] @ own[t]) for t in range(len(theta))])
    products = _products(criterion, layout, reduced, theta, own, matrix, factor)
    information = products / sigma2
    if profiled:  # taking σ out takes away what a common factor of all variances explains
        information -= squares[:, None] * squares / (criterion.degrees * sigma2**2)
    twice = 2.0 * theta  # ∂G/∂θ
    both = twice[:, None] * twice
    curvature = information * both
    curvature.flat[:: len(theta) + 1] += 2.0 * slopes
    return Point(
        theta=theta,
        value=value,
        gradient=slopes * twice,
        curvature=curvature,
        sigma2=sigma2,
        residual=residual,
        coefficients=coefficients,
        fixed=triangle @ triangle.T,
        cross=tuple(blocks[t][:, :p] for t in range(len(theta))),
        projected=tuple(own[t][:, None] for t in range(len(theta))),
        slopes=tuple(slopes.reshape(-1, 1, 1)),
        quadratic=products * both,
    )


def bordered_factor(load: Floats, matrix: Floats) -> Floats | None:
    """Lower factor of the bordered system, shape ``(s + p + 1, s + p + 1)``."""
    s, size = len(load), len(matrix)
    scale = np.empty(size)
    scale[:s], scale[s:] = load, 1.0
    system = matrix * scale
    system *= scale[:, None]
    system.flat[: s * (size + 1) : size + 1] += 1.0
    factor, info = dpotrf(system.T, lower=1, overwrite_a=1, clean=1)
    return np.asarray(factor) if info == 0 else None


def _traces(
    criterion: Criterion,
    layout: Layout,
    theta: Floats,
    load: Floats,
    matrix: Floats,
    lower: Floats,
    inverse: Floats | None,
) -> Floats:
    """``tr Z'H⁻¹Z`` of each kept term."""
    turned = None
    if inverse is None:
        turned, _ = dtrtri(lower, lower=1)
        diagonal = np.einsum("ij,ij->j", turned, turned)
    else:
        diagonal = inverse.diagonal()
    own = theta[layout.kept]
    tiny = np.abs(own) < TINY * criterion.scale
    left = layout.counts - np.add.reduceat(diagonal, layout.starts)
    if not tiny.any():
        return np.asarray(left / own**2)
    result = left / np.where(tiny, 1.0, own) ** 2
    for i in np.flatnonzero(tiny):  # the quotient loses digits
        part = criterion.parts[int(layout.kept[i])]
        columns = matrix[: criterion.size, part]
        scaled = load[:, None] * columns
        whitened = solve(lower, scaled) if turned is None else turned @ scaled
        result[i] = float(columns[part].trace() - (whitened * whitened).sum())
    return np.asarray(result)


def _products(
    criterion: Criterion,
    layout: Layout,
    reduced: Reduced | None,
    theta: Floats,
    own: dict[int, Floats],
    matrix: Floats,
    factor: Floats,
) -> Floats:
    """``(Zᵢ Zᵢ'Py)'P(Zⱼ Zⱼ'Py)`` for each pair of terms."""
    data, s, p = criterion.data, criterion.size, criterion.data.p
    images = np.zeros((s, len(theta)))
    images[layout.rows, layout.term_of] = np.concatenate([own[t] for t in data.kept])
    right = matrix[:, :s] @ images
    result = images.T @ right[:s]
    if reduced is not None and data.eliminated is not None and criterion.border is not None:
        t = data.eliminated.term
        image = own[t]
        through = criterion.border.meet(reduced.keep[:, 0, 0] * image)  # (E B)'v
        met = images.T @ through
        result[:, t] += met
        result[t, :] += met
        result[t, t] += float(image @ (reduced.own[:, 0, 0] * image))
        right[:s, t] += through
        right[s:, t] += reduced.right.T @ image
    right[:s] *= theta[layout.term_of][:, None]
    # Forward substitution through L and the factor of Q'H⁻¹Q in one go; the row of the outcome comes last.
    taken = solve(factor, right)[: s + p]
    result -= taken.T @ taken
    return np.asarray(0.5 * (result + result.T))


def solve(triangle: Floats, columns: Floats, trans: int = 0) -> Floats:
    """Solve with a lower triangle (or its transpose), of which there may be nothing."""
    if not len(triangle):
        return columns
    return np.asarray(dtrtrs(triangle, columns, lower=1, trans=trans)[0])
