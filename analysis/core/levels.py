"""Levels of factors as numbers, which are counted many times faster than names."""

from __future__ import annotations

import numpy as np

from .arrays import Integers

# Largest code that is counted in a table of all codes below it; beyond, codes are sorted.
TABLE = 1_000_000


def compact(codes: Integers) -> tuple[Integers, int]:
    """Renumber the levels that occur from zero, keeping their order.

    Parameters
    ----------
    codes
        Level numbers, some of which may not occur; -1 where the level is missing. Shape ``(n,)``.

    Returns
    -------
    tuple
        The new numbers, -1 where the level is missing, and how many levels occur.
    """
    highest = int(codes.max(initial=-1))
    if highest > TABLE:
        levels, found = np.unique(codes, return_inverse=True)
        none = int(levels[0] < 0)
        return found - none, len(levels) - none
    occurs = np.bincount(codes + 1, minlength=highest + 2) > 0
    occurs[0] = False
    numbers = np.cumsum(occurs) - 1
    numbers[0] = -1
    return numbers[codes + 1], int(numbers[-1]) + 1


def pairs(one: Integers, other: Integers) -> Integers:
    """Number of each pair of levels, -1 where either is missing; not compact."""
    numbers = one * (int(other.max(initial=-1)) + 1) + other
    return np.where((one < 0) | (other < 0), -1, numbers)
