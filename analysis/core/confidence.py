"""The level of intervals and tests that are not asked for at another one."""

from __future__ import annotations

#: Coverage of an interval.
CONFIDENCE = 0.95
#: p values below it reject.
ALPHA = 0.05
