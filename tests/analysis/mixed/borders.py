"""Every way of keeping the border of the eliminated term, forced by the sizes that decide on it."""

from __future__ import annotations

import pytest

from analysis.mixed.numerics import border

#: Constants of ``analysis.mixed.numerics.border`` that lead to each way, whatever the data.
WAYS: dict[str, dict[str, float]] = {
    "dense": {"SPARSE": 0.0, "KIND": 0.0},
    "kinds": {"KIND": 1e9, "KINDS": 1e9},
    "kinds of a large border": {"DENSE": -1, "SPARSE": 2.0, "KINDS": 1e9},
    "pairs": {"SPARSE": 2.0, "KINDS": 0.0},
    "pairs of a large border": {"DENSE": -1, "SPARSE": 2.0, "KINDS": 0.0},
    "sparse products": {"DENSE": -1, "SPARSE": 2.0, "KINDS": 0.0, "MOST_PAIRS": -1},
}


def force(way: str, patch: pytest.MonkeyPatch) -> None:
    """Lead every border that is made to one way."""
    for name, value in WAYS[way].items():
        patch.setattr(border, name, value)
