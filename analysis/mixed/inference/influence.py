"""How much one level decides: estimates without each language, family or study in turn.

The rows of a level are taken out of the cross-products (a difference of sums), and the search goes on from the whole
fit's minimum; nothing is summed over the remaining rows again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Booleans, Floats, Integers
from ...core.errors import CrossliftError
from ..numerics.criterion import Criterion
from ..numerics.curvature import coefficients
from ..numerics.downdate import downdated
from ..numerics.optimize import DECREASE
from ..numerics.threads import blas_threads
from .refit import Refitter

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import EngineState, FittedModel

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
    data, used = downdated(state.criterion.data, state.rows, out)
    criterion = Criterion(data, state.criterion.reml)
    try:
        search = refitter.borrow(criterion)
        own, covariance = coefficients(criterion, search.point)
    except np.linalg.LinAlgError:  # the whole fit's variances, from which the search starts, need not suit these rows
        return "its variances differ by more than double precision can represent"
    estimate, std_error = np.full(len(used), np.nan), np.full(len(used), np.nan)
    estimate[used], std_error[used] = own, np.sqrt(np.diag(covariance))
    return _Without(estimate, std_error, search.converged)
