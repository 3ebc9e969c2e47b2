"""Joint inference: all specifications together under the null hypothesis that distance and outcome are unrelated.

Specification-curve analysis (Simonsohn, Simmons & Nelson 2020, Nature Human Behaviour 4) asks how often data without
an effect give a curve as extreme as the observed one. Here the distances of whole languages are shuffled, with the same
arrangement for all specifications and measures, and rows stay in place. Slopes and t statistics use the variances of
the fit without the distance, which are the same for every arrangement and for the observed data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from ...core.arrays import Booleans, Floats
from ...core.confidence import ALPHA
from ...core.multiplicity import adjust
from .fits import Null

#: Statistics by name, with descriptions.
STATISTICS = {
    "median": "median standardised effect, in absolute value",
    "significant": "share of significant fits in the more frequent direction",
    "mean_t": "mean t statistic, in absolute value",
}


@dataclass(frozen=True, slots=True)
class JointTest:
    """One statistic of the whole multiverse under the permutation null.

    ``p_value`` is ``(1 + b) / (1 + draws)`` for ``b`` arrangements at least as extreme; ``adjusted`` is Holm's over the
    statistics. ``null_median`` and ``null_high`` are the median and the 95% quantile of the arrangements.
    """

    statistic: str
    observed: float
    null_median: float
    null_high: float
    p_value: float
    adjusted: float


@dataclass(frozen=True, slots=True)
class Joint:
    """Tests, with the numbers of arrangements and of specifications used."""

    tests: tuple[JointTest, ...]
    draws: int
    seed: int
    specifications: int


@dataclass(frozen=True, slots=True)
class Arrangements:
    """Standardised effects and signed significance of a specification: the data first, then each arrangement."""

    effect: Floats
    statistic: Floats
    significant: Floats


def shuffle_keys(draws: int, languages: int, seed: int) -> Floats:
    """A random key of each language in each arrangement, shape ``(draws, languages)``.

    The languages of a specification are sorted by their keys, so one draw permutes languages consistently in all
    specifications.
    """
    return np.random.default_rng(seed).random((draws, languages))


def arrange(null: Null, distance: Floats, keys: Floats, scale: float, df: float) -> Arrangements:
    """Refit one specification to the data and to every arrangement.

    Parameters
    ----------
    null
        The fit without the distance.
    distance
        Distance of each language of the specification, shape ``(L,)``.
    keys
        Keys of all languages, shape ``(B, M)``.
    scale
        Factor that standardises a slope per unit of distance.
    df
        Degrees of freedom for significance.
    """
    order = np.argsort(keys[:, null.languages], axis=1)
    slopes, t = null.slopes(np.vstack([distance, distance[order]]))
    p = 2.0 * stdtr(min(df, 1e12), -np.abs(t))
    return Arrangements(slopes * scale, t, np.where(p < ALPHA, np.sign(t), 0.0))


def joint_tests(found: Sequence[Arrangements], draws: int, seed: int) -> Joint:
    """Compare the multiverse of the data with those of the arrangements."""
    effects = np.stack([item.effect for item in found]).astype(np.float32)
    signs = np.stack([item.significant for item in found]).astype(np.int8)
    t = np.stack([item.statistic for item in found]).astype(np.float32)
    values: dict[str, Any] = {
        "median": np.abs(np.nanmedian(effects, axis=0)),
        "significant": np.maximum((signs > 0).mean(axis=0), (signs < 0).mean(axis=0)),
        "mean_t": np.abs(np.nanmean(t, axis=0)),
    }
    p = {name: _p_value(value) for name, value in values.items()}
    adjusted = adjust(list(p.values()), "holm")
    tests = tuple(
        JointTest(
            name,
            float(value[0]),
            float(np.median(value[1:])),
            float(np.quantile(value[1:], 0.95)),
            p[name],
            float(adjusted[i]),
        )
        for i, (name, value) in enumerate(values.items())
    )
    return Joint(tests, draws, seed, len(found))


def _p_value(value: Floats) -> float:
    beyond: Booleans = value[1:] >= value[0] * (1.0 - 1e-6)
    return (1 + int(beyond.sum())) / len(value)
