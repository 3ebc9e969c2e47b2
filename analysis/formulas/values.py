"""What the parts of a formula are on rows: numbers, truth values, or labels of a factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import FormulaError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Labels:
    """A factor on rows.

    Attributes
    ----------
    values
        One label per row, shape ``(n,)``, of objects; missing ones are ``None`` or NaN.
    levels
        The labels in the order of their columns; ``None`` for those that occur, sorted.
    coding
        ``treatment`` (differences from the first level) or ``sum`` (differences from the mean of all).
    """

    values: Any
    levels: tuple[Any, ...] | None = None
    coding: str = "treatment"

    def found(self) -> tuple[Any, ...]:
        """Levels that occur, in order."""
        import pandas as pd

        present = pd.unique(self.values[~missing(self.values)])
        if self.levels is None:
            try:
                return tuple(sorted(present.tolist()))
            except TypeError:  # numbers mixed with text
                return tuple(sorted(present.tolist(), key=str))
        known = set(present.tolist())
        return tuple(level for level in self.levels if level in known)


#: Columns, or a constant.
Value: TypeAlias = "Floats | Booleans | Labels | float | bool"


def column_value(column: pd.Series[Any]) -> Floats | Booleans | Labels:
    """A column of data: numbers, truth values, or labels for everything else."""
    import pandas as pd

    kind = column.dtype.kind
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Labels(column.astype(object).to_numpy(), tuple(column.cat.categories.tolist()))
    if kind == "b":
        return column.to_numpy(dtype=bool) if not column.hasnans else Labels(column.astype(object).to_numpy())
    if kind in "iuf":
        return column.to_numpy(dtype=float, na_value=np.nan)
    values = column.astype(object).to_numpy()
    present = values[~missing(values)]
    if len(present) and all(isinstance(value, (bool, np.bool_)) for value in present) and len(present) == len(values):
        return values.astype(bool)
    if len(present) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return pd.Series(values).astype(float).to_numpy()
    return Labels(values)


def missing(values: Any) -> Booleans:
    """Rows without a value; ``values`` are objects."""
    import pandas as pd

    return np.asarray(pd.isna(values))


def numbers(value: Value, what: str) -> Any:
    """A value as numbers; truth values count as 0 and 1.

    Raises
    ------
    FormulaError
        For labels; ``what`` names the value.
    """
    if isinstance(value, Labels):
        raise FormulaError(f"'{what}' is text, not a number.", "factor(…) and comparisons take text.")
    return np.asarray(value, dtype=float) if np.ndim(value) else float(value)


def truth(value: Value, what: str) -> Any:
    """A value as truth values.

    Raises
    ------
    FormulaError
        For anything else; ``what`` names the value.
    """
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, np.ndarray) and value.dtype == bool):
        return value
    raise FormulaError(f"'{what}' is neither true nor false.", "Compare it: x > 0, x == 'a'.")
