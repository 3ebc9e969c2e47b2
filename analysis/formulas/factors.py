"""Functions that make factors: ``factor``, ``C``, ``T``, ``S``, ``cut``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import FormulaError, did_you_mean
from .values import Labels, missing, numbers

#: More intervals than this are a mistake.
MOST_INTERVALS = 1000


def factor(
    value: Any, levels: Sequence[Any] | None = None, ref: Any = None, coding: str = "treatment"
) -> Callable[[Any], Labels]:
    """Turn numbers, truth values or text into the levels of a factor.

    Parameters
    ----------
    value
        A column on the rows of the fit.
    levels
        All levels, in order; rows with another are refused.
    ref
        The reference level, which comes first.
    coding
        ``treatment`` or ``sum``.
    """
    first = as_labels(value, coding)
    order = list(first.found())
    if levels is not None:
        unknown = [level for level in order if level not in levels]
        if unknown:
            raise FormulaError(f"a row has '{unknown[0]}', which is not in 'levels'.", f"Levels: {_few(levels)}.")
        order = [level for level in levels if level in order]
    if ref is not None:
        if ref not in order:
            hint = did_you_mean(str(ref), map(str, order)) or f"Levels: {_few(order)}."
            raise FormulaError(f"no row has the level '{ref}'.", hint)
        order = [ref, *(level for level in order if level != ref)]
    return lambda new: Labels(as_labels(new, coding).values, tuple(order), coding)


def as_labels(value: Any, coding: str = "treatment") -> Labels:
    """Any column as a factor; whole numbers lose their decimal point."""
    if isinstance(value, Labels):
        return Labels(value.values, value.levels, coding)
    if value.dtype == bool:
        return Labels(value.astype(object), (False, True), coding)
    whole = [int(x) if x == np.floor(x) and abs(x) < 2**53 else float(x) for x in value.tolist()]
    return Labels(np.array(whole, dtype=object), None, coding)


def cut(x: Floats, breaks: Any, right: bool = True) -> Callable[[Any], Labels]:
    """Intervals as the levels of a factor, as R's ``cut``.

    Parameters
    ----------
    x
        The rows of the fit.
    breaks
        Ends of the intervals, or how many intervals of equal width.
    right
        Whether an interval includes its right end, ``(0,1]``, or its left one, ``[0,1)``.
    """
    if isinstance(breaks, float):
        if breaks != int(breaks) or not 2 <= breaks <= MOST_INTERVALS:
            raise FormulaError(f"cut into {breaks:g} intervals is not possible.", "Give 2 or more, or their ends.")
        low, high = float(np.nanmin(x)), float(np.nanmax(x))
        ends = np.linspace(low, high, int(breaks) + 1)
        margin = (high - low) / 1000.0
        ends[0], ends[-1] = low - margin, high + margin
    else:
        ends = np.sort(np.asarray(breaks, dtype=float))
    if len(ends) < 2 or len(np.unique(ends)) < len(ends):
        raise FormulaError("cut needs at least two different ends.")
    open_, close = ("(", "]") if right else ("[", ")")
    names = [f"{open_}{a:.3g},{b:.3g}{close}" for a, b in pairwise(ends)]
    if len(set(names)) < len(names):
        names = [f"{open_}{a:.12g},{b:.12g}{close}" for a, b in pairwise(ends)]

    def labels(new: Any) -> Labels:
        values = numbers(new, "cut's column")
        where = np.searchsorted(ends, values, side="left" if right else "right") - 1
        inside = (where >= 0) & (where < len(names))
        found = np.array([names[i] if ok else None for i, ok in zip(where, inside, strict=True)], dtype=object)
        return Labels(found, tuple(names))

    return labels


def is_missing(value: Any) -> Any:
    """Rows without a value."""
    return missing(value.values) if isinstance(value, Labels) else np.isnan(np.asarray(value, dtype=float))


def _few(levels: Sequence[Any]) -> str:
    return ", ".join(map(str, list(levels)[:12])) + (", …" if len(levels) > 12 else "")
