"""The criterion at one point: value, gradient and average information."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from .border import apply_blocks
from .factored import Factored, solve
from .level_traces import level_traces
from .point import Point

if TYPE_CHECKING:
    from .criterion import Criterion


def evaluate(criterion: Criterion, theta: Floats, sigma2: float | None) -> Point:
    """Criterion, gradient and average information at ``theta``, with σ² profiled out where it is not given.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding left nothing to factor: variances too far apart for double precision.
    """
    data, layout, p = criterion.data, criterion.layout, criterion.data.p
    s = layout.size
    at = criterion.factor(theta)
    triangle, pivots = at.triangle, at.factor.diagonal()
    residual = float(pivots[-1]) ** 2
    coefficients = solve(triangle, at.factor[-1, s:-1], 1)
    profiled = sigma2 is None and not data.known_scale
    if sigma2 is None:
        sigma2 = residual / criterion.degrees if profiled else 1.0
    logs = np.log(pivots)
    value = 2.0 * float(logs[:s].sum()) - data.log_weights
    value += criterion.degrees * float(np.log(2.0 * np.pi * sigma2)) + residual / sigma2
    if at.reduced is not None:
        value += at.reduced.log_determinant
    if criterion.reml:
        value += 2.0 * float(logs[s:-1].sum()) + criterion.log_triangle

    back = layout.loaded(theta, solve(at.lower, at.factor[s:, :s].T, 1))
    kept = at.matrix[:s, s:] - at.matrix[:s, :s] @ back  # Z'H⁻¹[Q r]
    outcome = kept[:, p] - kept[:, :p] @ coefficients  # Z'Py
    cross: dict[int, Floats] = {t: kept[part, :p] for t, part in layout.parts.items()}
    projected: dict[int, Floats] = {t: outcome[part] for t, part in layout.parts.items()}
    gone = None
    if data.eliminated is not None and at.reduced is not None and at.border is not None:
        gone = data.eliminated.term
        block = at.reduced.right - np.asarray(apply_blocks(at.reduced.keep, at.border.carry(back)))
        cross[gone] = block[:, :p]
        projected[gone] = block[:, p] - block[:, :p] @ coefficients

    # Derivatives in each G: Σ Z'PZ - Z'Py y'PZ / σ² over levels.
    cells = level_traces(at, criterion.scale)
    white = solve(triangle, kept[:, :p].T) if criterion.reml else np.zeros((0, s))
    if len(layout.narrow_cells):
        taken = outcome**2 / sigma2 + np.einsum("ij,ij->j", white, white)
        cells[layout.narrow_cells] -= layout.by_narrow_term(taken)
    for t in layout.wide if gone is None else [*layout.wide, gone]:
        k = data.shapes[t][1]
        found = _by_level(projected[t], k) / sigma2
        if criterion.reml:
            own = solve(triangle, cross[t].T) if t == gone else white[:, layout.parts[t]]
            found += _by_level(own, k)
        cells[layout.cells[t]] -= found.ravel()

    quadratic, linear = _directions(at, outcome, projected, gone)
    information = quadratic / sigma2
    if profiled:  # taking σ out takes away what a common factor of all variances explains
        information = information - linear[:, None] * linear / (criterion.degrees * sigma2**2)
    bending = layout.bending(cells)
    return Point(
        theta=theta,
        value=value,
        gradient=bending @ theta,
        curvature=information + bending,
        sigma2=sigma2,
        residual=residual,
        coefficients=coefficients,
        fixed=triangle @ triangle.T,
        cross=tuple(cross[t] for t in range(len(data.shapes))),
        projected=tuple(projected[t].reshape(shape) for t, shape in enumerate(data.shapes)),
        slopes=tuple(cells[own].reshape(k, k) for own, (_, k) in zip(layout.cells, data.shapes, strict=True)),
        quadratic=quadratic,
    )


def _by_level(columns: Floats, k: int) -> Floats:
    """``Σ v_l v_l'`` over consecutive runs of ``k`` cells, shape ``(k, k)``."""
    rows = columns.reshape(-1, k)
    return np.asarray(rows.T @ rows)


def _directions(at: Factored, outcome: Floats, projected: dict[int, Floats], gone: int | None) -> tuple[Floats, Floats]:
    """``v_i'Z'PZv_j`` and ``v_i'Z'Py`` for ``v_i = ∂Gᵢ Z'Py``, of all entries of ``theta``, ``(m, m)`` and ``(m,)``."""
    layout, m = at.layout, len(at.theta)
    kept = np.zeros((layout.size, m))
    rows, entries = layout.narrow_rows, layout.entry_of
    kept[rows, entries] = 2.0 * at.theta[entries] * outcome[rows]
    for t in layout.wide:
        kept[layout.parts[t], layout.entries[t]] = _images(projected[t], at.lambdas[t])
    apart, linear, places = None, kept.T @ outcome, slice(0, 0)
    if gone is not None:
        apart = _images(projected[gone], at.lambdas[gone])
        places = layout.entries[gone]
        linear[places] = apart.T @ projected[gone]
    return at.products(kept, apart, places, fixed=True), linear


def _images(projected: Floats, triangle: Floats) -> Floats:
    """``∂G Z'Py`` for the entries of one term, with ``∂G = e_a λ_b' + λ_b e_a'``, shape ``(L k, k (k + 1) / 2)``."""
    k = len(triangle)
    rows = projected.reshape(-1, k)
    along = rows @ triangle
    result = np.empty((len(rows), k, k * (k + 1) // 2))
    place = 0
    for b in range(k):
        for a in range(b, k):
            result[:, :, place] = rows[:, a, None] * triangle[:, b]
            result[:, a, place] += along[:, b]
            place += 1
    return result.reshape(len(projected), -1)
