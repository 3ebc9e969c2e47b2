"""Variance components and correlations, with the names that results print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats
from .design import RandomTerm


@dataclass(frozen=True, slots=True)
class VarianceComponent:
    """Variance of one column over the levels of one grouping factor; ``group`` is Residual for the residual."""

    group: str
    term: str
    variance: float

    @property
    def std_dev(self) -> float:
        """Standard deviation, in the unit of the outcome."""
        return float(np.sqrt(self.variance))


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of two varying columns of one random term; missing where a variance is zero."""

    group: str
    term: str
    other: str
    correlation: float


def components_of(
    terms: Sequence[RandomTerm], loadings: list[Floats], sigma2: float, known_scale: bool
) -> tuple[tuple[VarianceComponent, ...], tuple[Correlation, ...]]:
    """Variances and correlations from the loadings of the terms; the residual comes last."""
    components, correlations = effects(terms, [sigma2 * loading @ loading.T for loading in loadings])
    if len(loadings) > len(terms):  # on top of known sampling variances
        components.append(VarianceComponent("Residual", "", float(loadings[-1][0, 0] ** 2)))
    elif not known_scale:
        components.append(VarianceComponent("Residual", "", sigma2))
    return tuple(components), tuple(correlations)


def effects(
    terms: Sequence[RandomTerm], covariances: Sequence[Floats]
) -> tuple[list[VarianceComponent], list[Correlation]]:
    """Variances and correlations from the covariance matrix of each term's effects, shapes ``(k, k)``."""
    components, correlations = [], []
    for term, covariance in zip(terms, covariances, strict=False):
        std_dev = np.sqrt(np.diag(covariance))
        for a, column in enumerate(term.labels):
            components.append(VarianceComponent(term.group, column, float(covariance[a, a])))
            for b in range(a):
                both = std_dev[a] * std_dev[b]
                value = float(covariance[a, b] / both) if both > 0 else float("nan")
                correlations.append(Correlation(term.group, term.labels[b], column, value))
    return components, correlations
