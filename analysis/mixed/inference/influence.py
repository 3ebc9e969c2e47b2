"""How much one level decides: estimates without each language, family or study in turn.

The rows of a level are taken out of the cross-products (a difference of sums), and the search goes on from the whole
fit's minimum; nothing is summed over the remaining rows again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Booleans, Floats, Integers
from ...core.errors import CrossliftError
from ..numerics.border import as_dense
from ..numerics.chain import Further
from ..numerics.criterion import Criterion
from ..numerics.crossproducts import CrossProducts, Eliminated, assemble
from ..numerics.curvature import coefficients
from ..numerics.optimize import DECREASE
from ..numerics.random_columns import OneHot
from ..numerics.threads import blas_threads
from ..numerics.whitening import Rows
from .refit import Refitter

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import EngineState, FittedModel

# Share of a column's squared length that other columns leave, below which it repeats them.
ESTIMABLE = 1e-8
COLUMNS = ["level", "rows", "term", "estimate", "std_error", "change", "dfbetas", "cooks_distance", "note"]


def influence(result: FittedModel, by: str | pd.Series[Any]) -> pd.DataFrame:
    """Fixed effects without each level of a factor.

    Parameters
    ----------
    result
        A fit of this engine.
    by
        A grouping factor of the model, or one label a row of the data (aligned on its index), such as the language
        family. Rows without a label are never left out.

    Returns
    -------
    DataFrame
        A row for each level and fixed effect: ``level``, ``rows`` (left out), ``term``, ``estimate`` and ``std_error``
        without the level, ``change`` of the estimate, ``dfbetas`` (the change in standard errors without the level;
        Belsley, Kuh & Welsch 1980), ``cooks_distance`` of the level (over all fixed effects, in their covariance), and
        a ``note`` where a fixed effect cannot be told from others without the level (its row is then empty, and the
        others are fitted without it), double precision cannot represent the variances, or the search did not end.

    Raises
    ------
    CrossliftError
        If ``by`` is neither, or rows share a sampling error across levels.
    """
    import pandas as pd

    state = result.engine_state()
    codes, levels = _groups(result, by)
    if state.rows.turned:
        raise CrossliftError(
            "rows that share a sampling error were rotated into each other: a level cannot be taken out of them.",
            "Fit without its rows, or with one sampling variance a row.",
        )
    refitter = Refitter(state.criterion, state.point, DECREASE)
    precision = np.linalg.inv(result.covariance)
    records: list[tuple[Any, ...]] = []
    with blas_threads(state.criterion.dense):
        for code, level in enumerate(levels):
            out = codes == code
            found = _without(state, out, refitter)
            for j, name in enumerate(result.names):
                if isinstance(found, str):
                    records.append((level, int(out.sum()), name, *(np.nan,) * 5, found))
                    continue
                change = found.estimate - result.coefficients
                kept = np.isfinite(change)
                moved = np.where(kept, change, 0.0)
                note = "" if kept[j] else "collinear with other fixed effects in the remaining rows"
                records.append(
                    (
                        level,
                        int(out.sum()),
                        name,
                        found.estimate[j],
                        found.std_error[j],
                        change[j],
                        change[j] / found.std_error[j],
                        float(moved @ precision @ moved) / int(kept.sum()),
                        note if found.converged else "the refit did not converge",
                    )
                )
    return pd.DataFrame(records, columns=COLUMNS)


@dataclass(frozen=True, slots=True)
class _Without:
    estimate: Floats
    std_error: Floats
    converged: bool


def _groups(result: FittedModel, by: str | pd.Series[Any]) -> tuple[Integers, list[str]]:
    """Code of each row used (-1 for none) and the labels."""
    import pandas as pd

    if isinstance(by, str):
        term = result.design.grouping(by, "; or pass a column of the data")
        return term.codes, list(term.levels)
    if len(by) != len(result.design.kept):
        raise CrossliftError(f"{len(by)} labels were given for {len(result.design.kept)} rows of data.")
    codes, labels = pd.factorize(by[result.design.kept], sort=True)
    if len(labels) < 2:
        raise CrossliftError("all rows used have the same label: no rows remain without it.")
    return np.asarray(codes, dtype=np.intp), [str(label) for label in labels]


def _without(state: EngineState, out: Booleans, refitter: Refitter) -> _Without | str:
    """Fit without some rows; why not, if it cannot be done."""
    if out.all():
        return "no row is left without it"
    data, used = _downdated(state.criterion.data, state.rows, out)
    criterion = Criterion(data, state.criterion.reml)
    try:
        search = refitter.borrow(criterion)
        own, covariance = coefficients(criterion, search.point)
    except np.linalg.LinAlgError:  # the whole fit's variances, from which the search starts, need not suit these rows
        return "its variances differ by more than double precision can represent"
    estimate, std_error = np.full(len(used), np.nan), np.full(len(used), np.nan)
    estimate[used], std_error[used] = own, np.sqrt(np.diag(covariance))
    return _Without(estimate, std_error, search.converged)


def _downdated(data: CrossProducts, rows: Rows, out: Booleans) -> tuple[CrossProducts, Booleans]:
    """Cross-products of the other rows in a new orthonormal basis, and which fixed columns are left in it."""
    p = data.p
    apart = None if data.eliminated is None else data.eliminated.term
    basis = rows.X[out] @ np.linalg.inv(data.triangle)
    remainder = rows.y[out] - rows.X[out] @ data.least_squares
    right = np.column_stack([basis, remainder])
    pattern = None if data.further is None else data.further.pattern
    if rows.residual and apart == len(rows.operands) - 1:
        gone = replace(rows, operands=rows.operands[:-1], roots=rows.roots[:-1], shapes=rows.shapes[:-1])
        matrix, _, further = assemble(_taken(gone, out), right, None, pattern)
        eliminated = _masked(data.eliminated, out)
    else:
        matrix, part, further = assemble(_taken(rows, out), right, apart, pattern)
        eliminated = _difference(data.eliminated, part)
    left = replace(
        data, matrix=data.matrix - matrix, eliminated=eliminated, further=_without_part(data.further, further)
    )
    # [Q r] of the whole fit is no longer orthonormal, and a column may repeat others once the level is gone.
    s = len(matrix) - p - 1
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


def _taken(rows: Rows, where: Booleans) -> Rows:
    """Some of the rows, with all levels of every term."""
    operands = []
    for operand in rows.operands:
        if not isinstance(operand, OneHot):
            raise CrossliftError("rotated rows cannot be taken out.")
        columns = None if operand.columns is None else operand.columns[where]
        operands.append(OneHot(replace(operand.term, codes=operand.term.codes[where]), columns))
    return replace(rows, X=rows.X[where], y=rows.y[where], operands=tuple(operands))


def _difference(whole: Eliminated | None, part: Eliminated | None) -> Eliminated | None:
    if whole is None or part is None:
        return None
    border: Any
    if isinstance(whole.border, np.ndarray):
        border = whole.border - as_dense(part.border)
    else:
        from scipy.sparse import csr_array

        border = csr_array(whole.border - csr_array(part.border))
    return replace(whole, blocks=whole.blocks - part.blocks, border=border, right=whole.right - part.right)


def _without_part(whole: Further | None, part: Further | None) -> Further | None:
    if whole is None or part is None:
        return None
    return replace(whole, values=whole.values - part.values, right=whole.right - part.right)


def _masked(whole: Eliminated | None, out: Booleans) -> Eliminated | None:
    """The residual on top of known variances has one level a row: those of rows left out carry nothing."""
    assert whole is not None
    keep = np.where(out, 0.0, 1.0)
    border: Any = whole.border * keep[:, None]
    if not isinstance(border, np.ndarray):
        border = border.tocsr()
    return replace(whole, blocks=whole.blocks * keep[:, None, None], border=border, right=whole.right * keep[:, None])
