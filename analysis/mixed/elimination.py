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

from ..arrays import Floats
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
    own
        ``Z₀'H₀⁻¹Z₀`` by level, shape ``(L, k, k)``.
    border
        ``Z₀'H₀⁻¹Z`` with the kept terms, shape ``(L k, s)``.
    right
        ``Z₀'H₀⁻¹[Q r]``, shape ``(L k, p + 1)``.
    """

    matrix: Floats
    log_determinant: float
    own: Floats
    border: Floats | csr_array
    right: Floats


def reduce(data: CrossProducts, part: Eliminated, triangle: Floats) -> Reduced:
    """Eliminate ``part`` at its lower triangle ``λ``."""
    levels, k, _ = part.blocks.shape
    inner = np.eye(k) + triangle.T @ part.blocks @ triangle
    omega = triangle @ np.linalg.solve(inner, np.broadcast_to(triangle.T, (levels, k, k)))
    keep = np.eye(k) - part.blocks @ omega
    own = keep @ part.blocks
    matrix = data.matrix.copy()
    s = matrix.shape[0] - part.right.shape[1]
    weighted_right = apply_blocks(omega, part.right)
    matrix[s:, s:] -= part.right.T @ weighted_right
    if s:
        cross = part.border.T @ weighted_right
        matrix[:s, s:] -= cross
        matrix[s:, :s] -= cross.T
        matrix[:s, :s] -= gram(part.border, omega)
    sign, log_determinant = np.linalg.slogdet(inner)
    assert (sign > 0).all(), "the identity plus a Gram matrix is positive definite"
    return Reduced(
        matrix,
        float(log_determinant.sum()),
        0.5 * (own + own.transpose(0, 2, 1)),
        apply_blocks(keep, part.border),
        apply_blocks(keep, part.right),
    )


def apply_blocks(blocks: Floats, rows: Floats | csr_array) -> Floats | csr_array:
    """Multiply the rows of each level by its ``(k, k)`` block."""
    levels, k, _ = blocks.shape
    if isinstance(rows, np.ndarray):
        if k == 1:
            return blocks[:, 0, 0][:, None] * rows
        return np.asarray(np.matmul(blocks, rows.reshape(levels, k, -1))).reshape(rows.shape)
    return _block_diagonal(blocks) @ rows


def gram(border: Floats | csr_array, omega: Floats) -> Floats:
    """``B'ΩB`` for a border and one symmetric block a level, dense."""
    product = border.T @ apply_blocks(omega, border)
    return np.asarray(product if isinstance(product, np.ndarray) else product.toarray())


def _block_diagonal(blocks: Floats) -> csr_array:
    from scipy.sparse import bsr_array, csr_array, diags_array

    levels, k, _ = blocks.shape
    if k == 1:
        return csr_array(diags_array(blocks[:, 0, 0]))
    every = np.arange(levels + 1)
    return csr_array(bsr_array((blocks, every[:-1], every), shape=(levels * k, levels * k)))
