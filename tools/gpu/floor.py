"""Lowest acceptable English accuracy, set before anything was run on a GPU."""

from __future__ import annotations

import math

#: Lowest accuracy of me5-small (12 layers) on the 204 English test sentences of SIB-200 in ``crosslift_mini``: five
#: seeds of each arm, which are no intermediate stage, 2,000 examples of banking77, and as many steps on the target.
LOWEST, SENTENCES = 83.82, 204
#: Standard errors of one accuracy that the floor lies below the lowest of those fifteen. All runs have the same
#: sentences, so that two of them differ by less than this; a fault of training or of the data costs far more.
ERRORS = 3.0


def standard_error(accuracy: float, sentences: int) -> float:
    """Binomial standard error of an accuracy, in points."""
    return math.sqrt(accuracy * (100.0 - accuracy) / sentences)


#: Points that every English accuracy of the last block has to reach.
FLOOR = round(LOWEST - ERRORS * standard_error(LOWEST, SENTENCES), 2)
