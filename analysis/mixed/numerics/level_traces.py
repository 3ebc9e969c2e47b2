"""``Z'H⁻¹Z`` summed over the levels of each term: the derivatives of the log-determinant."""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .border import Border
from .elimination import Reduced
from .factored import Factored, inverse_triangle

# Below this relative standard deviation a trace is computed from the products, because (I - M⁻¹)/λ² loses precision.
TINY = 1e-3


def level_traces(at: Factored, scale: float) -> Floats:
    """The cells of every term's ``Σ Z'H⁻¹Z``, shape ``(Σ k²,)``, in the order of the formula.

    Parameters
    ----------
    at
        The factored system.
    scale
        Size of a typical entry of ``theta``.
    """
    layout = at.layout
    cells = np.empty(layout.cells[-1].stop)
    # A dense border uses a solve; a sparse one needs only few cells of the inverse.
    inverse = at.inverse() if at.border is not None and not at.border.plain else None
    if layout.size:
        _kept(at, scale, inverse, cells)
    if at.data.eliminated is not None and at.reduced is not None and at.border is not None:
        cells[layout.cells[at.data.eliminated.term]] = _eliminated(at, at.reduced, at.border, inverse).ravel()
    return cells


def _kept(at: Factored, scale: float, inverse: Floats | None, cells: Floats) -> None:
    """Fill in the kept terms, from ``λ'(Σ Z'H⁻¹Z)λ = Σ (I - M⁻¹)`` over the levels of each."""
    layout = at.layout
    turned: Floats | None = None
    if inverse is None:
        turned = inverse_triangle(at.lower).T  # its rows are contiguous
        diagonal = np.einsum("ij,ij->i", turned, turned)
    else:
        diagonal = inverse.diagonal()
    tiny: list[int] = []
    if len(layout.narrow_cells):
        own = at.theta[layout.narrow_entries]
        left = layout.narrow_levels - layout.by_narrow_term(diagonal)
        small = np.abs(own) < TINY * scale
        if small.any():
            tiny = [t for t, is_small in zip(layout.narrow_terms, small.tolist(), strict=True) if is_small]
            own = np.where(small, 1.0, own)
        cells[layout.narrow_cells] = left / own**2
    for t in layout.wide:
        if np.abs(at.lambdas[t].diagonal()).min() < TINY * scale:
            tiny.append(t)
            continue
        total = _blocks(diagonal, turned, inverse, layout.parts[t], len(at.lambdas[t]))
        back = np.linalg.inv(at.lambdas[t])
        cells[layout.cells[t]] = (back.T @ (at.data.shapes[t][0] * np.eye(len(back)) - total) @ back).ravel()
    for t in tiny:  # from the products, because (I - M⁻¹)/λ² has lost its precision
        cells[layout.cells[t]] = _from_products(at, t).ravel()


def _blocks(diagonal: Floats, turned: Floats | None, inverse: Floats | None, part: slice, k: int) -> Floats:
    """``Σ M⁻¹`` over the levels of one term, shape ``(k, k)``, from rows of ``L⁻ᵀ`` or from ``M⁻¹`` itself."""
    total = np.empty((k, k))
    for a in range(k):
        total[a, a] = diagonal[part.start + a : part.stop : k].sum()
        for b in range(a):
            if turned is not None:
                one, other = (turned[part.start + c : part.stop : k] for c in (a, b))
                cell = np.einsum("ij,ij->", one, other)
            else:
                assert inverse is not None
                cell = inverse.diagonal(b - a)[part.start + b : part.stop : k].sum()
            total[a, b] = total[b, a] = cell
    return total


def _from_products(at: Factored, t: int) -> Floats:
    levels, k = at.data.shapes[t]
    s, part = at.layout.size, at.layout.parts[t]
    whitened = at.solved(at.matrix[:s, part]).reshape(-1, levels, k)
    blocks = at.matrix[part, part].reshape(levels, k, levels, k)
    return np.asarray(np.einsum("iaib->ab", blocks) - np.einsum("sia,sib->ab", whitened, whitened))


def _eliminated(at: Factored, reduced: Reduced, border: Border, inverse: Floats | None) -> Floats:
    total, keep = np.asarray(reduced.own.sum(axis=0)), reduced.keep
    if not at.layout.size:
        return total
    if inverse is None:
        whitened = at.solved((keep[:, 0] * border.matrix).T)
        return total - np.vdot(whitened, whitened)
    spread = at.spread()
    k = keep.shape[1]
    if k == 1:
        return np.asarray(total - border.contract(keep * keep, spread))
    for a in range(k):
        for b in range(a, k):
            weights = keep[:, a, :, None] * keep[:, b, None, :]
            overlap = border.contract(0.5 * (weights + weights.transpose(0, 2, 1)), spread)
            total[a, b] -= overlap
            if a != b:
                total[b, a] -= overlap
    return total
