"""Means at the levels of factors, over equal cells or over the rows observed, and contrasts between pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, unknown_name
from ...core.multiplicity import ADJUSTMENTS, adjust, adjusted_levels
from ..reference import check_level
from .fixed_part import FixedPart

if TYPE_CHECKING:
    import pandas as pd

#: What a mean averages over.
OVER = {
    "cells": "equal cells: every combination of the other factors once, numbers at their mean",
    "rows": "observed rows: every row as it is but for the factors asked about",
}
#: Adjustments of contrasts.
PAIRWISE = ("tukey", *ADJUSTMENTS)


@dataclass(frozen=True, slots=True)
class FactorMeans:
    """Means by level.

    Attributes
    ----------
    table
        The factors, then ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``, ``conf_low``, ``conf_high``.
    over
        ``cells`` or ``rows``.
    weights
        Combinations of the coefficients that the means are, shape ``(m, p)``.
    labels
        What each mean is called.
    contrast
        Estimates combinations of the coefficients, from rows and a level.
    """

    table: pd.DataFrame
    over: str
    weights: Floats
    labels: tuple[str, ...]
    contrast: Callable[[Floats, float], pd.DataFrame]

    def pairs(self, adjustment: str = "tukey", level: float = 0.95) -> pd.DataFrame:
        """Differences between all pairs of means, adjusted together.

        Parameters
        ----------
        adjustment
            ``tukey`` (studentized range; exact for equal variances), ``holm``, ``bh`` or ``none``.
        level
            Of the intervals, which are adjusted like the p-values: each leaves out zero exactly where its p is below
            ``1 - level``.

        Returns
        -------
        DataFrame
            ``contrast`` (``a - b``), ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``, ``p_adjusted``,
            ``conf_low``, ``conf_high``.
        """
        from scipy.special import stdtrit

        if adjustment not in PAIRWISE:
            raise unknown_name("adjustment", adjustment, PAIRWISE)
        check_level(level)
        both = list(combinations(range(len(self.labels)), 2))
        if not both:
            raise CrossliftError("one mean has no pair.")
        found = self.contrast(np.array([self.weights[i] - self.weights[j] for i, j in both]), level)
        found.insert(0, "contrast", [f"{self.labels[i]} - {self.labels[j]}" for i, j in both])
        df = np.minimum(found["df"].to_numpy(dtype=float), 1e12)
        if adjustment == "tukey":
            together, reach = _tukey(np.abs(found["statistic"].to_numpy(dtype=float)), df, len(self.labels), level)
        else:
            p = found["p_value"].to_numpy(dtype=float)
            together = adjust(p, adjustment)
            reach = stdtrit(df, 0.5 + adjusted_levels(p, together, level) / 2.0)
        width = reach * found["std_error"].to_numpy(dtype=float)
        found.insert(list(found.columns).index("p_value") + 1, "p_adjusted", together)
        return found.assign(conf_low=found["estimate"] - width, conf_high=found["estimate"] + width)


def factor_means(
    part: FixedPart,
    contrast: Callable[[Floats, float], pd.DataFrame],
    factors: str | Sequence[str],
    over: str = "cells",
    at: Mapping[str, float] | None = None,
    level: float = 0.95,
) -> FactorMeans:
    """Means at the levels of one factor, or at the combinations of several.

    Parameters
    ----------
    part
        The fixed part.
    contrast
        Estimates combinations of the coefficients, from rows and a level.
    factors
        One factor or several.
    over
        ``"cells"``: every combination of the other factors counts once, numbers stand at their mean (emmeans' default,
        SAS's least-squares means). ``"rows"``: an average over the rows observed, as if each had the level.
    at
        Values of numbers other than their mean, for ``"cells"``.
    level
        Of the intervals.

    Raises
    ------
    CrossliftError
        If a name is unknown, or ``at`` is given for rows.
    """
    import pandas as pd

    if over not in OVER:
        raise unknown_name("way to average", over, tuple(OVER))
    names = [factors] if isinstance(factors, str) else list(factors)
    part.check_factors(names)
    if at and over == "rows":
        raise CrossliftError("observed rows keep their own numbers; at= is for over='cells'.")
    for name in at or {}:
        if name not in part.columns or name in part.levels:
            raise unknown_name("number", name, [n for n in part.columns if n not in part.levels])
    combined = list(product(*(part.levels[name] for name in names)))
    base = _cells(part, names, at or {}) if over == "cells" else pd.DataFrame(dict(part.columns))
    weights = np.array(
        [part.evaluator.evaluate(base.assign(**dict(zip(names, cell, strict=True)))).mean(axis=0) for cell in combined]
    )
    table = contrast(weights, level)
    for j, name in enumerate(names):
        table.insert(j, name, [cell[j] for cell in combined])
    labels = tuple(" ".join(str(value) for value in cell) for cell in combined)
    return FactorMeans(table, over, weights, labels, contrast)


def _cells(part: FixedPart, names: list[str], at: Mapping[str, float]) -> pd.DataFrame:
    """Every combination of the other factors, with numbers at their mean or where they are asked for."""
    import pandas as pd

    others = {name: levels for name, levels in part.levels.items() if name not in names}
    frame = pd.DataFrame(list(product(*others.values())), columns=list(others))
    for name, values in part.columns.items():
        if name not in part.levels:
            frame[name] = at.get(name, float(values.mean())) if values.dtype.kind in "iufb" else values.iloc[0]
    return frame


def _tukey(statistic: Floats, df: Floats, means: int, level: float) -> tuple[Floats, Floats]:
    """p-values of the studentized range of ``means`` means, and how many standard errors an interval reaches."""
    from scipy.stats import studentized_range

    p = studentized_range.sf(statistic * np.sqrt(2.0), means, df)
    quantiles = {value: studentized_range.ppf(level, means, value) for value in np.unique(df)}
    return np.clip(p, 0.0, 1.0), np.array([quantiles[value] for value in df]) / np.sqrt(2.0)
