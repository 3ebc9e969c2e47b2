"""The constant in which restricted likelihoods of programs differ."""

from __future__ import annotations

import numpy as np

from ..core.arrays import Floats
from ..core.text import number


def restricted_constant(method: str, X: Floats) -> float:
    """``log |X'X| / 2``: metafor adds it to a restricted log-likelihood, lme4 and this package do not.

    Zero for full likelihoods.
    """
    return 0.5 * float(np.linalg.slogdet(X.T @ X)[1]) if method == "REML" else 0.0


def likelihood_words(value: float, method: str, X: Floats) -> str:
    """A log-likelihood, and what metafor prints for it."""
    if method != "REML":
        return f"log-likelihood {number(value)}"
    return (
        f"restricted log-likelihood {number(value)}, with every constant but ½ log|X'X| as in lme4 (metafor adds it: "
        f"{number(value + restricted_constant(method, X))})"
    )
