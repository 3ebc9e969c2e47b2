"""Functions that work row by row, and summaries of a whole column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.arrays import Floats


def _logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-x)


def _logistic(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


#: Functions of one column of numbers.
PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "logit": _logit,
    "logistic": _logistic,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sign": np.sign,
    "floor": np.floor,
    "ceiling": np.ceil,
}

#: Summaries: one number per column, ignoring missing values. New rows get the value from the rows of the fit.
SUMMARIES: Mapping[str, Callable[[Floats], float]] = {
    "mean": lambda x: float(np.nanmean(x)),
    "median": lambda x: float(np.nanmedian(x)),
    "sd": lambda x: float(np.nanstd(x, ddof=1)),
    "var": lambda x: float(np.nanvar(x, ddof=1)),
    "min": lambda x: float(np.nanmin(x)),
    "max": lambda x: float(np.nanmax(x)),
}


def logarithm(x: Any, base: float | None = None) -> Any:
    """Natural logarithm, or logarithm to another base."""
    return np.log(x) if base is None else np.log(x) / np.log(base)


def rounded(x: Any, digits: int = 0) -> Any:
    """Rounded half to even, as R and Python do."""
    return np.round(x, digits)


def smallest(*columns: Any) -> Any:
    """The smallest of several columns in each row, as R's ``pmin``."""
    return np.minimum.reduce([np.asarray(column, dtype=float) for column in np.broadcast_arrays(*columns)])


def largest(*columns: Any) -> Any:
    """The largest of several columns in each row, as R's ``pmax``."""
    return np.maximum.reduce([np.asarray(column, dtype=float) for column in np.broadcast_arrays(*columns)])
