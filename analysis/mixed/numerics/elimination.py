r"""Eliminating one random term exactly, level by level.

With :math:`H_0 = W^{-1} + Z_0 G_0 Z_0'` for the eliminated term alone and :math:`C_l` its cross-products in level
:math:`l`, every product with :math:`H_0^{-1}` needs only ``k × k`` algebra:

.. math::
   \Omega_l = \lambda (I + \lambda' C_l \lambda)^{-1} \lambda', \qquad
   A'H_0^{-1}A = A'WA - \sum_l B_l' \Omega_l B_l, \qquad
   Z_0'H_0^{-1}A = E B, \quad E_l = I - C_l \Omega_l .
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from .border import Border, apply_blocks
from .crossproducts import CrossProducts, Eliminated

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True)
class Reduced:
    """The data with one term eliminated at a given ``λ``.

    Attributes
    ----------
    matrix
        ``[Z Q r]'H₀⁻¹[Z Q r]`` over the kept terms, shape ``(s + p + 1, s + p + 1)``.
    log_determinant
        ``log |I + λ'Cλ|`` summed over levels.
    keep
        ``E``, shape ``(L, k, k)``: the factor by which ``H₀⁻¹`` shrinks a level's rows.
    own
        ``Z₀'H₀⁻¹Z₀`` by level, shape ``(L, k, k)``.
    right
        ``Z₀'H₀⁻¹[Q r]``, shape ``(L k, p + 1)``.
    """

    matrix: Floats
    log_determinant: float
    keep: Floats
    own: Floats
    right: Floats


def reduce(data: CrossProducts, part: Eliminated, border: Border, triangle: Floats) -> Reduced:
    """Eliminate ``part`` at its lower triangle ``λ``."""
    levels, k, _ = part.blocks.shape
    if k == 1:
        inner = 1.0 + triangle[0, 0] ** 2 * part.blocks
        omega = triangle[0, 0] ** 2 / inner
        keep = 1.0 / inner
        log_determinant = float(np.log(inner).sum())
    else:
        inner = np.eye(k) + triangle.T @ part.blocks @ triangle
        omega = triangle @ np.linalg.solve(inner, np.broadcast_to(triangle.T, (levels, k, k)))
        keep = np.eye(k) - part.blocks @ omega
        log_determinant = float(np.log(np.linalg.det(inner)).sum())
    own = keep @ part.blocks
    weighted = apply_blocks(omega, part.right)
    assert isinstance(weighted, np.ndarray)
    matrix = data.matrix.copy()
    s = matrix.shape[0] - part.right.shape[1]
    matrix[s:, s:] -= part.right.T @ weighted
    if s:
        cross = border.meet(weighted)
        matrix[:s, s:] -= cross
        matrix[s:, :s] -= cross.T
        border.subtract_gram(omega, matrix[:s, :s])
    right = apply_blocks(keep, part.right)
    assert isinstance(right, np.ndarray)
    return Reduced(matrix, log_determinant, keep, 0.5 * (own + own.transpose(0, 2, 1)), right)


def eliminated_border(border: Border, keep: Floats) -> Floats | csr_array:
    """``Z₀'H₀⁻¹Z`` with the kept terms, shape ``(L k, s)``."""
    return apply_blocks(keep, border.matrix)
