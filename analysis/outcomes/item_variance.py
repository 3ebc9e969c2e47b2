"""Sampling variance of gains from the results of single test items.

Two models answer the same items, so the error of the difference of their scores is that of the per-item differences,
which is smaller than the sum of two binomial variances by twice the covariance of the items' results. Gains that share
a baseline share its answers too, and their covariance comes from the same items.

Not covered: the covariance between gains in different languages where the items are translations of each other
(SIB-200, XQuAD, XNLI), and between gains over the same items against different baselines (other seeds, other models).
Both are taken as zero; a mixed model accounts for them by its random effects, a plain weighted mean does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Floats
from ..core.errors import PairingError
from ..store.items import ItemResults

if TYPE_CHECKING:
    import pandas as pd

#: Name of this source of variances in ``variance_source``.
PAIRED = "paired"
#: Columns with the results of the items, of the row itself and of its baseline, and the baseline's cell.
ITEMS, BASELINE_ITEMS, BASELINE_CELL = "items", "baseline_items", "baseline_cell"


def paired_variance(difference: Floats) -> float:
    """Variance in points² of a mean difference over ``n`` items, from their differences (-1, 0 or 1), shape ``(n,)``.

    ``(b + c - (b - c)² / n) / n²`` shares² with ``b`` and ``c`` the numbers of items that only one of the two gets
    right: the variance of a difference of paired proportions (Agresti, *Categorical Data Analysis*, 3rd ed., section
    11.1), in whose terms McNemar's statistic is ``(b - c)² / (b + c)``. Two models that agree on every item get the
    variance of half an item on which they differ: zero would mean certainty.
    """
    n = len(difference)
    spread = float(np.mean(difference**2) - np.mean(difference) ** 2) / n
    return max(1e4 * spread, half_item(n))


def half_item(n: int) -> float:
    """Variance in points² if half an item of ``n`` differed between two models: the smallest variance used."""
    return 1e4 * (0.5 - 0.25 / n) / n**2


def paired_variances(frame: pd.DataFrame) -> Floats:
    """Paired variance of every gain in points², shape ``(rows,)``.

    NaN where one of the two has no results by item, or the numbers of items differ. If that holds for any gain of a
    baseline it holds for all: a matrix partly from items and partly binomial need not be a covariance matrix.
    """
    found = np.full(len(frame), np.nan)
    differences = _differences(frame)
    for rows in _groups(frame):
        own = [differences[row] for row in rows]
        known = [difference for difference in own if difference is not None]
        if len(known) == len(rows) and len({len(difference) for difference in known}) == 1:
            found[rows] = [paired_variance(difference) for difference in known]
    return found


def paired_blocks(frame: pd.DataFrame) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """For each baseline its rows, shape ``(k,)``, and their covariance in points², shape ``(k, k)``.

    Only of rows whose variance is paired. Raises PairingError if the results of their items are no longer available.
    """
    used = np.flatnonzero((frame["variance_source"] == PAIRED).to_numpy())
    part = frame.iloc[used]
    variance = part["variance"].to_numpy(dtype=float)
    known = [difference for difference in _differences(part) if difference is not None]
    if len(known) < len(used):
        raise PairingError(
            f"{len(used)} gains have paired variances, but the results of their items are not available.",
            "Read the store itself: analysis.read_inputs([STORE]).",
        )
    for rows in _groups(part):
        matrix = np.stack([known[row] for row in rows])
        n = matrix.shape[1]
        block = 1e4 * np.cov(matrix, bias=True).reshape(len(rows), len(rows)) / n
        np.fill_diagonal(block, variance[rows])
        yield used[rows], _with_least_variance(block, n)


def _with_least_variance(block: Floats, n: int) -> Floats:
    """The block with half an item's variance left between arms that agree on every item, shape ``(k, k)``.

    Their gains are one and the same and the block is singular, as if what sets the arms apart were known without error.
    The contrast of two of them, of length one, is half their difference squared: its variance is raised to half.
    """
    roots, vectors = np.linalg.eigh(block)
    least = 0.5 * half_item(n)
    if roots[0] >= least:
        return block
    return np.asarray((vectors * np.maximum(roots, least)) @ vectors.T)


def _groups(frame: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Positions of the rows that share a baseline and a metric, for rows whose baseline is a cell of a store."""
    cell = frame[BASELINE_CELL].to_numpy(dtype=object)
    metric = frame["metric"].to_numpy(dtype=object)
    groups: dict[tuple[object, object], list[int]] = {}
    for i, key in enumerate(zip(cell, metric, strict=True)):
        if isinstance(key[0], str):
            groups.setdefault(key, []).append(i)
    return [np.array(rows, dtype=np.int64) for rows in groups.values()]


def _differences(frame: pd.DataFrame) -> list[Floats | None]:
    """Result with minus result without, item by item, shape ``(n,)`` each; ``None`` where they are not available."""
    columns = (frame[name].tolist() for name in (ITEMS, BASELINE_ITEMS, "metric"))
    return [_difference(*row) for row in zip(*columns, strict=True)]


def _difference(items: object, reference: object, metric: object) -> Floats | None:
    if not isinstance(items, ItemResults) or not isinstance(reference, ItemResults):
        return None
    own, other = items.correct(str(metric)), reference.correct(str(metric))
    if own is None or other is None or len(own) != len(other) or not len(own):
        return None
    return own.astype(np.float64) - other.astype(np.float64)
