"""Repeated evaluations of one criterion."""

from __future__ import annotations

import statistics
import time

from analysis.mixed.numerics.criterion import Criterion


def evaluation(criterion: Criterion, repeats: int = 10) -> float:
    """Median milliseconds of an evaluation, after one that does not count."""
    theta, seconds = criterion.start(), []
    for _ in range(repeats):
        start = time.perf_counter()
        criterion(theta)
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds[1:])
