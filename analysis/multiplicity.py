"""p-values of several hypotheses of a kind, adjusted together."""

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
_STATSMODELS = {"holm": "holm", "bh": "fdr_bh"}


def adjust(p_values: Sequence[float] | Floats, method: str = "holm") -> Floats:
    """Adjusted p-values, shape ``(n,)``; a missing p-value stays missing and counts as no hypothesis.

    Raises
    ------
    UnknownNameError
        If ``method`` is none of ``ADJUSTMENTS``.
    """
    if method not in ADJUSTMENTS:
        raise unknown_name("adjustment", method, ADJUSTMENTS)
    given = np.asarray(p_values, dtype=float)
    result, stated = given.copy(), ~np.isnan(given)
    if method != "none" and stated.any():
        from statsmodels.stats.multitest import multipletests

        result[stated] = multipletests(given[stated], method=_STATSMODELS[method])[1]
    return result
