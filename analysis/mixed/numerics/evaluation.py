"""The criterion at one point: value, gradient and average information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from .border import apply_blocks
from .evaluated import Point
from .factored import Factored, solve
from .level_traces import level_traces

if TYPE_CHECKING:
    from .criterion import Criterion


@dataclass(frozen=True, slots=True)
class _Projected:
    """``Z'H⁻¹[Q r]`` and ``Z'Py`` over the kept effects, and ``Z'H⁻¹Q`` and ``Z'Py`` of each term."""

    kept: Floats
    outcome: Floats
    cross: dict[int, Floats]
    own: dict[int, Floats]
    eliminated: int | None


def evaluate(criterion: Criterion, theta: Floats, sigma2: float | None) -> Point:
    """Criterion, gradient and average information at ``theta``, with σ² profiled out if it is not given.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding makes the system singular: variances differ by more than double precision can represent.
    """
    data, s = criterion.data, criterion.layout.size
    at = criterion.factor(theta)
    triangle = at.triangle
    residual = float(at.factor[-1, -1]) ** 2
    coefficients = solve(triangle, at.factor[-1, s:-1], 1)
    profiled = sigma2 is None and not data.known_scale
    if sigma2 is None:
        sigma2 = residual / criterion.degrees if profiled else 1.0
    found = _project(at, coefficients)
    cells = _slopes(criterion, at, found, sigma2)
    quadratic, linear = _directions(at, found)
    information = quadratic / sigma2
    if profiled:  # profiling σ out removes the part that a common factor of all variances explains
        information = information - linear[:, None] * linear / (criterion.degrees * sigma2**2)
    bending = criterion.layout.bending(cells)
    return Point(
        theta=theta,
        value=_value(criterion, at, residual, sigma2),
        gradient=bending @ theta,
        curvature=information + bending,
        sigma2=sigma2,
        residual=residual,
        coefficients=coefficients,
        fixed=triangle @ triangle.T,
        cross=tuple(found.cross[t] for t in range(len(data.shapes))),
        projected=tuple(found.own[t].reshape(shape) for t, shape in enumerate(data.shapes)),
        slopes=tuple(cells[own].reshape(k, k) for own, (_, k) in zip(at.layout.cells, data.shapes, strict=True)),
        quadratic=quadratic,
        linear=linear,
    )


def _value(criterion: Criterion, at: Factored, residual: float, sigma2: float) -> float:
    """Minus twice the (restricted) log-likelihood."""
    s, logs = at.layout.size, np.log(at.factor.diagonal())
    value = 2.0 * float(logs[:s].sum()) - at.data.log_weights
    value += criterion.degrees * float(np.log(2.0 * np.pi * sigma2)) + residual / sigma2
    if at.reduced is not None:
        value += at.reduced.log_determinant
    if criterion.reml:
        value += 2.0 * float(logs[s:-1].sum()) + criterion.log_triangle
    return value


def _project(at: Factored, coefficients: Floats) -> _Projected:
    layout, s, p = at.layout, at.layout.size, at.data.p
    back = layout.loaded(at.theta, at.backward(at.factor[s:, :s].T))
    kept = at.matrix[:s, s:] - at.matrix[:s, :s] @ back
    outcome = kept[:, p] - kept[:, :p] @ coefficients
    cross: dict[int, Floats] = {t: kept[part, :p] for t, part in layout.parts.items()}
    own: dict[int, Floats] = {t: outcome[part] for t, part in layout.parts.items()}
    if at.data.eliminated is None or at.reduced is None or at.border is None:
        return _Projected(kept, outcome, cross, own, None)
    eliminated = at.data.eliminated.term
    block = at.reduced.right - np.asarray(apply_blocks(at.reduced.keep, at.border.carry(back)))
    cross[eliminated] = block[:, :p]
    own[eliminated] = block[:, p] - block[:, :p] @ coefficients
    return _Projected(kept, outcome, cross, own, eliminated)


def _slopes(criterion: Criterion, at: Factored, found: _Projected, sigma2: float) -> Floats:
    """Cells of the derivatives in each ``G``, ``Σ Z'PZ - Z'Py y'PZ / σ²`` over levels."""
    layout, p = at.layout, at.data.p
    cells = level_traces(at, criterion.scale)
    white = solve(at.triangle, found.kept[:, :p].T) if criterion.reml else np.zeros((0, layout.size))
    if len(layout.narrow_cells):
        taken = found.outcome**2 / sigma2 + np.einsum("ij,ij->j", white, white)
        cells[layout.narrow_cells] -= layout.by_narrow_term(taken)
    for t in layout.wide if found.eliminated is None else [*layout.wide, found.eliminated]:
        k = at.data.shapes[t][1]
        taken = _by_level(found.own[t], k) / sigma2
        if criterion.reml:
            own = solve(at.triangle, found.cross[t].T) if t == found.eliminated else white[:, layout.parts[t]]
            taken += _by_level(own, k)
        cells[layout.cells[t]] -= taken.ravel()
    return cells


def _by_level(columns: Floats, k: int) -> Floats:
    """``Σ v_l v_l'`` over consecutive runs of ``k`` cells, shape ``(k, k)``."""
    rows = columns.reshape(-1, k)
    return np.asarray(rows.T @ rows)


def _directions(at: Factored, found: _Projected) -> tuple[Floats, Floats]:
    """``v_i'Z'PZv_j`` and ``v_i'Z'Py`` for ``v_i = ∂Gᵢ Z'Py``, shapes ``(m, m)`` and ``(m,)``."""
    layout, m = at.layout, len(at.theta)
    kept = np.zeros((layout.size, m))
    rows, entries = layout.narrow_rows, layout.entry_of
    kept[rows, entries] = 2.0 * at.theta[entries] * found.outcome[rows]
    for t in layout.wide:
        kept[layout.parts[t], layout.entries[t]] = _images(found.own[t], at.lambdas[t])
    on_eliminated, linear, places = None, kept.T @ found.outcome, slice(0, 0)
    if found.eliminated is not None:
        on_eliminated = _images(found.own[found.eliminated], at.lambdas[found.eliminated])
        places = layout.entries[found.eliminated]
        linear[places] = on_eliminated.T @ found.own[found.eliminated]
    return at.products(kept, on_eliminated, places, fixed=True), linear


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
