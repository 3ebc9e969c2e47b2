"""Default confidence level of intervals and significance level of tests."""

from __future__ import annotations

#: Coverage of an interval.
CONFIDENCE = 0.95
#: Tests reject where the p value is below it.
ALPHA = 0.05
