"""How much one level decides: estimates without each language, family or study in turn.

The rows of a level are taken out of the cross-products (a difference of sums), and the search goes on from the whole
fit's minimum; nothing is summed over the remaining rows again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Booleans, Floats, Integers
from ..errors import CrossliftError, DesignError, did_you_mean
from .criterion import Criterion
from .crossproducts import CrossProducts, Eliminated, assemble
from .inference import coefficients
from .operands import OneHot
from .optimize import DECREASE
from .refit import Refitter
from .rows import Rows
from .threads import blas_threads

if TYPE_CHECKING:
    import pandas as pd

    from .result import Fitted, MixedResult

# What is left of a unit column once a level is gone, below which it can no longer be estimated.
ESTIMABLE = 1e-8
COLUMNS = ["level", "rows", "term", "estimate", "std_error", "change", "dfbetas", "cooks_distance", "note"]


def influence(result: MixedResult, by: str | pd.Series[Any]) -> pd.DataFrame:
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
        a ``note`` where a fixed effect cannot be estimated without the level or the search did not end.

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
    with blas_threads(state.criterion.data.q):
        for code, level in enumerate(levels):
            out = codes == code
            found = _without(state, out, refitter)
            for j, name in enumerate(result.names):
                if isinstance(found, str):
                    records.append((level, int(out.sum()), name, *(np.nan,) * 5, found))
                    continue
                change = found.estimate - result.coefficients
                records.append(
                    (
                        level,
                        int(out.sum()),
                        name,
                        found.estimate[j],
                        found.std_error[j],
                        change[j],
                        change[j] / found.std_error[j],
                        float(change @ precision @ change) / len(change),
                        "" if found.converged else "the search did not end",
                    )
                )
    return pd.DataFrame(records, columns=COLUMNS)


@dataclass(frozen=True, slots=True)
class _Without:
    estimate: Floats
    std_error: Floats
    converged: bool


def _groups(result: MixedResult, by: str | pd.Series[Any]) -> tuple[Integers, list[str]]:
    """Code of each row used (-1 for none) and the labels."""
    import pandas as pd

    if isinstance(by, str):
        for term in result.design.terms:
            if term.group == by:
                return term.codes, list(term.levels)
        groups = sorted(result.groups)
        hint = did_you_mean(by, groups) or f"Grouping factors: {', '.join(groups)}; or pass a column of the data."
        raise CrossliftError(f"'{by}' is no grouping factor of the model.", hint)
    if len(by) != len(result.design.kept):
        raise CrossliftError(f"{len(by)} labels were given for {len(result.design.kept)} rows of data.")
    codes, labels = pd.factorize(by[result.design.kept], sort=True)
    if len(labels) < 2:
        raise CrossliftError("all rows used have the same label: nothing is left without it.")
    return np.asarray(codes, dtype=np.intp), [str(label) for label in labels]


def _without(state: Fitted, out: Booleans, refitter: Refitter) -> _Without | str:
    """Fit without some rows; why not, if it cannot be done."""
    try:
        data = _downdated(state.criterion.data, state.rows, out)
    except DesignError as error:
        return error.message
    criterion = Criterion(data, state.criterion.reml)
    search = refitter.borrow(criterion)
    estimate, covariance = coefficients(criterion, search.point)
    return _Without(estimate, np.sqrt(np.diag(covariance)), search.converged)


def _downdated(data: CrossProducts, rows: Rows, out: Booleans) -> CrossProducts:
    """Cross-products of the other rows, in a new orthonormal basis."""
    p = data.p
    apart = None if data.eliminated is None else data.eliminated.term
    basis = rows.X[out] @ np.linalg.inv(data.triangle)
    remainder = rows.y[out] - rows.X[out] @ data.least_squares
    right = np.column_stack([basis, remainder])
    if rows.residual and apart == len(rows.operands) - 1:
        gone = replace(rows, operands=rows.operands[:-1], roots=rows.roots[:-1], shapes=rows.shapes[:-1])
        matrix, _ = assemble(_taken(gone, out), right, None)
        eliminated = _masked(data.eliminated, out)
    else:
        matrix, part = assemble(_taken(rows, out), right, apart)
        eliminated = _difference(data.eliminated, part)
    s = data.matrix.shape[0] - p - 1
    left = data.matrix - matrix
    # [Q r] of the whole fit is no longer orthonormal: with Q'Q = LL', the new basis is Q L⁻ᵀ.
    own = left[s:-1, s:-1]
    roots, vectors = np.linalg.eigh(own)
    if roots[0] < ESTIMABLE:
        raise DesignError(f"without these {int(out.sum())} rows the fixed effects are no longer all estimable.")
    lower = np.linalg.cholesky(own)
    change = np.zeros((p + 1, p + 1))
    change[:p, :p] = np.linalg.inv(lower).T
    coefficients_ = vectors @ ((vectors.T @ left[s:-1, -1]) / roots)
    change[:p, p] = -coefficients_
    change[p, p] = 1.0
    matrix = np.empty_like(left)
    matrix[:s, :s] = left[:s, :s]
    matrix[:s, s:] = left[:s, s:] @ change
    matrix[s:, :s] = matrix[:s, s:].T
    matrix[s:, s:] = change.T @ left[s:, s:] @ change
    if eliminated is not None:
        eliminated = replace(eliminated, right=eliminated.right @ change)
    log_weights = 0.0 if rows.root is None else 2.0 * float(np.log(rows.root[out]).sum())
    return replace(
        data,
        matrix=matrix,
        eliminated=eliminated,
        n=data.n - int(out.sum()),
        triangle=lower.T @ data.triangle,
        least_squares=data.least_squares + np.linalg.solve(data.triangle, coefficients_),
        log_weights=data.log_weights - log_weights,
    )


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
        border = whole.border - (part.border if isinstance(part.border, np.ndarray) else part.border.toarray())
    else:
        from scipy.sparse import csr_array

        border = csr_array(whole.border - csr_array(part.border))
    return Eliminated(whole.term, whole.blocks - part.blocks, border, whole.right - part.right)


def _masked(whole: Eliminated | None, out: Booleans) -> Eliminated | None:
    """The residual on top of known variances has one level a row: those of rows left out carry nothing."""
    assert whole is not None
    keep = np.where(out, 0.0, 1.0)
    border: Any = whole.border * keep[:, None]
    if not isinstance(border, np.ndarray):
        border = border.tocsr()
    return Eliminated(whole.term, whole.blocks * keep[:, None, None], border, whole.right * keep[:, None])
