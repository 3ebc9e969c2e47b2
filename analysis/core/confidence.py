"""Default confidence level of intervals and significance level of tests."""

from __future__ import annotations

#: Coverage of an interval.
CONFIDENCE = 0.95
#: Tests reject where the p value is below it.
ALPHA = 0.05


def side(low: float, high: float) -> int:
    """1 or -1 where an interval lies above or below zero, 0 where it holds it."""
    return int(low > 0.0) - int(high < 0.0)
