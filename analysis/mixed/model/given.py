"""Weights and variances as users give them: a column by name, or one number per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import DesignError

if TYPE_CHECKING:
    import pandas as pd


def as_column(given: Any, frame: pd.DataFrame, what: str) -> tuple[str, pd.DataFrame]:
    """The name of the column that ``given`` is, and the frame with it.

    Parameters
    ----------
    given
        A column name, or one number per row: a sequence, an array, or a Series, which is aligned by its index.
    frame
        The data.
    what
        What the numbers are, for messages and as the name of the column; ``"weights"``.

    Raises
    ------
    DesignError
        If there is not one number per row.
    """
    if isinstance(given, str):
        return given, frame
    values = per_row(given, frame, what)
    name = what if what not in frame.columns else f"{what} given"
    return name, frame.assign(**{name: values})


def per_row(given: Any, frame: pd.DataFrame, what: str) -> Floats:
    """One number per row of ``frame``; parameters and errors as :func:`as_column`."""
    import pandas as pd

    if isinstance(given, pd.Series) and not given.index.equals(frame.index):
        if len(given) != len(frame):
            raise DesignError(f"{len(given)} {what} were given for {len(frame)} rows.", "Give one per row.")
        if not (given.index.is_unique and frame.index.isin(given.index).all()):
            raise DesignError(
                f"the {what} have another index than the frame, so that it is not clear which row each belongs to.",
                "Give a Series with the frame's index, or an array in the order of its rows.",
            )
        given = given.reindex(frame.index)
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise DesignError(
            f"{what} are not numbers: {error}.", "Give a column name, or an array or Series with one number per row."
        ) from error
    if values.ndim != 1:
        raise DesignError(f"{what} have shape {values.shape}; one number per row is needed.")
    if len(values) != len(frame):
        raise DesignError(f"{len(values)} {what} were given for {len(frame)} rows.", "Give one per row.")
    return values
