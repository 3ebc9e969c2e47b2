"""Marginal effects: the effect of a predictor on the expected outcome, averaged over rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel


def marginal_means(
    result: FittedModel, variable: str, values: Sequence[Any], frame: pd.DataFrame | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Expected outcome if every row had a given value of ``variable``, other variables unchanged.

    Parameters
    ----------
    result
        The fit.
    variable
        A variable of the fixed part.
    values
        Values to set it to.
    frame
        Rows to average over; the rows used in the fit if none is given.
    level
        Coverage.

    Returns
    -------
    DataFrame
        A column named after ``variable``, then ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``,
        ``conf_low``, ``conf_high``. For the average level: random effects are zero.
    """
    rows = _rows(result, variable, frame)
    weights = [_columns(result, rows.assign(**{variable: value})).mean(axis=0) for value in values]
    found = result.contrast(np.array(weights), level)
    found.insert(0, variable, list(values))
    return found


def marginal_effect(
    result: FittedModel, variable: str, frame: pd.DataFrame | None = None, by: str | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Slope of the expected outcome in a numeric ``variable``, averaged over rows.

    Parameters
    ----------
    result
        The fit.
    variable
        A numeric variable of the fixed part.
    frame
        Rows to average over; the rows used in the fit if none is given.
    by
        A variable within whose values to average, for example model size if the model has an interaction with it.
    level
        Coverage.

    Returns
    -------
    DataFrame
        One row, or one for each value of ``by``: ``variable``, a column named after ``by``, then the columns of
        :func:`marginal_means`, in units of the outcome per unit of ``variable``.
    """
    import pandas as pd

    rows = _rows(result, variable, frame)
    if not pd.api.types.is_numeric_dtype(rows[variable]):
        raise CrossliftError(f"'{variable}' is not numeric: it has no slope.", "Use marginal_means for its values.")
    if by is not None and by not in rows.columns:
        hint = did_you_mean(by, [str(column) for column in rows.columns])
        raise CrossliftError(f"'{by}' is not among the variables of the rows.", hint)
    values = rows[variable].to_numpy(dtype=float)
    # The columns are smooth in the variable: central differences with a step that is small relative to its range.
    step = 1e-4 * (float(np.ptp(values)) or 1.0)
    upper = _columns(result, rows.assign(**{variable: values + step}))
    lower = _columns(result, rows.assign(**{variable: values - step}))
    slopes = (upper - lower) / (2.0 * step)
    if by is None:
        found = result.contrast(slopes.mean(axis=0), level)
    else:
        codes, labels = pd.factorize(rows[by], sort=True)
        means = np.array([slopes[codes == i].mean(axis=0) for i in range(len(labels))])
        found = result.contrast(means, level)
        found.insert(0, by, list(labels))
    found.insert(0, "variable", variable)
    return found


def _rows(result: FittedModel, variable: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    result.design.check_fixed(variable)
    return pd.DataFrame(dict(result.design.columns), copy=False) if frame is None else frame


def _columns(result: FittedModel, rows: pd.DataFrame) -> Floats:
    return result.design.evaluator.evaluate(rows)
