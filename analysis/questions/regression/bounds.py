"""Degrees of freedom of a factor: never more than the levels that it belongs to carry.

Where the variance between languages is estimated as zero, Satterthwaite's degrees of freedom of a slope over languages
are those of rows: hundreds, on 25 languages. What such a slope rests on is languages, however their variance came out,
so its degrees of freedom are at most their number less the fixed effects that are constant within languages
(validation/slopes has what this does to false positives).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...mixed.reference import Bounded, Normal

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed import MixedResult
    from ...outcomes.covariates import Factor


def bounded(result: MixedResult, rows: pd.DataFrame, factors: Sequence[Factor]) -> MixedResult:
    """The result with the degrees of freedom of the factors' slopes bounded.

    Parameters
    ----------
    result
        Any fit; one that tests by the normal distribution stays as it is.
    rows
        The frame it was fitted on.
    factors
        With the columns that the bounds are for. A factor that varies within a level that it should belong to has no
        bound.
    """
    if isinstance(result.reference, Normal):
        return result
    bounds = {}
    for factor in factors:
        if factor.column not in result.names or factor.level not in rows.columns:
            continue
        codes = rows.loc[result.design.kept, factor.level].factorize()[0]
        column = result.names.index(factor.column)
        X = result.design.X
        first = np.unique(codes, return_index=True)[1]
        constant = (X - X[first][codes] == 0.0).all(axis=0)
        if (codes < 0).any() or not constant[column]:
            continue
        bounds[column] = max(float(len(first) - np.linalg.matrix_rank(X[first][:, constant])), 1.0)
    if not bounds:
        return result
    return replace(result, reference=Bounded(result.reference, tuple(bounds.items())))
