"""The same criterion with chosen columns of a term first, so that their spread is an entry of ``theta`` of its own.

A term's columns are standardised, so that an entry of its triangle mixes the effects that the formula names. Another
orthonormal basis of the same columns, lower triangular in the order wanted, leaves the model as it is and makes the
first entry proportional to the first effect's standard deviation; the first two rows hold the first two effects and
their correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...core.arrays import Floats
from ..model.formula import MixedFormula
from .criterion import Criterion
from .crossproducts import sum_rows
from .random_columns import OneHot, Sparse
from .whitening import Rows


def leading(
    criterion: Criterion, theta: Floats, rows: Rows, formula: MixedFormula, t: int, first: Sequence[int]
) -> tuple[Criterion, Floats]:
    """Criterion and parameters of the same model and covariances, with the columns ``first`` of term ``t`` in front.

    The columns of its ``bases[t]`` are those of the formula in the new order.
    """
    basis = rows.bases[t]
    k = len(basis)
    if k == 1:
        return criterion, theta
    order = [*first, *(column for column in range(k) if column not in first)]
    turn, lower = _lower_triangular(basis[:, order])
    operands, bases = list(rows.operands), list(rows.bases)
    operands[t], bases[t] = _turned(rows.operands[t], turn, rows.shapes[t][0]), lower
    turned = replace(rows, operands=tuple(operands), bases=tuple(bases))
    apart = criterion.data.eliminated
    result = Criterion(sum_rows(turned, formula, apart is not None), criterion.reml)
    own = [i for i, (u, _, _) in enumerate(criterion.entries) if u == t]
    triangle = _lower_triangular(turn.T @ criterion.lambdas(theta)[t], from_right=True)[1]
    moved = theta.copy()
    moved[own] = [triangle[a, b] for _, a, b in (criterion.entries[i] for i in own)]
    return result, moved


def _lower_triangular(matrix: Floats, from_right: bool = False) -> tuple[Floats, Floats]:
    """``Q`` and a lower triangle ``L`` with a diagonal of zero or more: ``Q L``, or ``L Q`` from the right."""
    if from_right:
        rotation, upper = np.linalg.qr(matrix.T)
        signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
        return (rotation * signs).T, (upper.T * signs)
    rotation, upper = np.linalg.qr(matrix[:, ::-1])
    lower = upper[::-1, ::-1]
    signs = np.where(np.diag(lower) < 0, -1.0, 1.0)
    return rotation[:, ::-1] * signs, signs[:, None] * lower


def _turned(operand: OneHot | Sparse, turn: Floats, levels: int) -> OneHot | Sparse:
    """Columns of each level times ``turn``."""
    if isinstance(operand, OneHot):
        assert operand.columns is not None
        return OneHot(operand.term, np.asfortranarray(operand.columns @ turn))
    from scipy.sparse import csr_array, eye_array, kron

    return Sparse(csr_array(operand.values @ kron(eye_array(levels), turn, format="csr")))
