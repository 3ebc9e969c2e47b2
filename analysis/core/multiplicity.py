"""Adjustment of p-values for multiple testing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Floats
from .errors import unknown_name

#: Name on the command line, and what it controls.
ADJUSTMENTS = {
    "holm": "family-wise error (Holm 1979)",
    "bh": "false discovery rate (Benjamini and Hochberg 1995)",
    "none": "nothing",
}


def adjust(p_values: Sequence[float] | Floats, method: str = "holm") -> Floats:
    """Adjusted p-values, shape ``(n,)``; a missing p-value stays missing and is not counted.

    Raises
    ------
    UnknownNameError
        If ``method`` is not in ``ADJUSTMENTS``.
    """
    if method not in ADJUSTMENTS:
        raise unknown_name("adjustment", method, ADJUSTMENTS)
    given = np.asarray(p_values, dtype=float)
    result, stated = given.copy(), ~np.isnan(given)
    if method != "none" and stated.any():
        result[stated] = _holm(given[stated]) if method == "holm" else _bh(given[stated])
    return result


# statsmodels' multipletests gives the same values (a test compares them), but runs the garbage collector at each call:
# 0.1 to 0.4 s in a process of this size.
def _holm(p: Floats) -> Floats:
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty_like(p)
    found[order] = np.minimum(stepped, 1.0)
    return found


def _bh(p: Floats) -> Floats:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, method="bh"), dtype=float)
