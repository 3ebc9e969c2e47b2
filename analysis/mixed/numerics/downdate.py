"""Cross-products without some rows, or with other values in them: differences of sums, in a new orthonormal basis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...core.arrays import Booleans, Floats
from ...core.errors import CrossliftError
from .border import as_dense
from .chain import Further
from .crossproducts import CrossProducts, Eliminated, assemble
from .random_columns import OneHot
from .whitening import Rows

# Share of a column's squared length that other columns leave, below which it repeats them.
ESTIMABLE = 1e-8


def downdated(
    data: CrossProducts, rows: Rows, out: Booleans, entering: tuple[Booleans, Rows] | None = None
) -> tuple[CrossProducts, Booleans]:
    """Cross-products of the other rows in a new orthonormal basis, and which fixed columns are left in it.

    Parameters
    ----------
    data, rows
        The whole fit's cross-products and rows.
    out
        Rows that are left out.
    entering
        Which of the other rows have other values in their columns, and these rows as they are to be.

    Raises
    ------
    CrossliftError
        If rows that share a sampling error were rotated into each other.
    """
    p = data.p
    if rows.residual and data.eliminated is not None and data.eliminated.term == len(rows.operands) - 1:
        own = replace(rows, operands=rows.operands[:-1], roots=rows.roots[:-1], shapes=rows.shapes[:-1])
        left = replace(_changed(data, taken(own, out), -1.0, None), eliminated=_masked(data.eliminated, out))
    else:
        apart = None if data.eliminated is None else data.eliminated.term
        left = _changed(data, taken(rows, out if entering is None else out | entering[0]), -1.0, apart)
        if entering is not None:
            left = _changed(left, entering[1], 1.0, apart)
    # [Q r] of the whole fit is no longer orthonormal, and a column may repeat others once the level is gone.
    s = len(left.matrix) - p - 1
    basis, outcome = left.matrix[s:-1, s:-1], left.matrix[s:-1, -1]
    gram = data.triangle.T @ basis @ data.triangle
    used = _independent(gram, np.diag(data.triangle.T @ data.triangle))
    lower = np.linalg.cholesky(gram[np.ix_(used, used)])
    turn = data.triangle[:, used] @ np.linalg.inv(lower).T  # from Q to the new basis
    whole = data.triangle @ data.least_squares  # Q'y of all rows
    projected = turn.T @ (basis @ whole + outcome)
    width = int(used.sum())
    change = np.zeros((p + 1, width + 1))
    change[:p, :width] = turn
    change[:p, width] = whole - turn @ projected
    change[p, width] = 1.0
    log_weights = 0.0 if rows.root is None else 2.0 * float(np.log(rows.root[out]).sum())
    remaining = replace(
        left.with_columns(change),
        n=data.n - int(out.sum()),
        triangle=lower.T,
        least_squares=np.linalg.solve(lower.T, projected),
        log_weights=data.log_weights - log_weights,
    )
    return remaining, used


def _independent(gram: Floats, before: Floats) -> Booleans:
    """Columns that no earlier ones repeat on the rows that are left; ``before`` are squared lengths on all rows."""
    used = np.zeros(len(gram), dtype=bool)
    for j in range(len(gram)):
        own = float(gram[j, j])
        if used.any():
            cross = gram[used, j]
            own -= float(cross @ np.linalg.solve(gram[np.ix_(used, used)], cross))
        used[j] = own > ESTIMABLE * max(float(gram[j, j]), ESTIMABLE * before[j])
    return used


def taken(rows: Rows, where: Booleans) -> Rows:
    """Some of the rows, with all levels of every term."""
    operands = []
    for operand in rows.operands:
        if not isinstance(operand, OneHot):
            raise CrossliftError("rotated rows cannot be taken out.")
        columns = None if operand.columns is None else operand.columns[where]
        operands.append(OneHot(replace(operand.term, codes=operand.term.codes[where]), columns))
    return replace(rows, X=rows.X[where], y=rows.y[where], operands=tuple(operands))


def _changed(data: CrossProducts, some: Rows, sign: float, apart: int | None) -> CrossProducts:
    """Cross-products with those of some rows added or, with ``sign`` -1, taken out, beside the same ``[Q r]``."""
    basis = some.X @ np.linalg.inv(data.triangle)
    remainder = some.y - some.X @ data.least_squares
    pattern = None if data.further is None else data.further.pattern
    matrix, part, further = assemble(some, np.column_stack([basis, remainder]), apart, pattern)
    return replace(
        data,
        matrix=data.matrix + sign * matrix,
        eliminated=_sum(data.eliminated, part, sign),
        further=_sum_further(data.further, further, sign),
    )


def _sum(whole: Eliminated | None, part: Eliminated | None, sign: float) -> Eliminated | None:
    if whole is None or part is None:
        return whole
    border: Any
    if isinstance(whole.border, np.ndarray):
        border = whole.border + sign * as_dense(part.border)
    else:
        from scipy.sparse import csr_array

        border = csr_array(whole.border + sign * csr_array(part.border))
    return replace(
        whole, blocks=whole.blocks + sign * part.blocks, border=border, right=whole.right + sign * part.right
    )


def _sum_further(whole: Further | None, part: Further | None, sign: float) -> Further | None:
    if whole is None or part is None:
        return whole
    return replace(whole, values=whole.values + sign * part.values, right=whole.right + sign * part.right)


def _masked(whole: Eliminated | None, out: Booleans) -> Eliminated | None:
    """The residual on top of known variances has one level a row: those of rows left out carry nothing."""
    assert whole is not None
    keep = np.where(out, 0.0, 1.0)
    border: Any = whole.border * keep[:, None]
    if not isinstance(border, np.ndarray):
        border = border.tocsr()
    return replace(whole, blocks=whole.blocks * keep[:, None, None], border=border, right=whole.right * keep[:, None])
