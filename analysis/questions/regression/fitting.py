"""Fit a formula: a mixed model, or least squares where it has no random effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.text import count
from ...mixed import fit_mixed
from ...mixed.external.least_squares import ENGINE, fit_least_squares

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed import MixedResult


def fit_formula(formula: str, frame: pd.DataFrame, reml: bool, **how: Any) -> MixedResult:
    """Fit ``formula``; ``how`` is what a mixed model takes besides.

    Raises
    ------
    CrossliftError
        If it cannot be estimated on these rows.
    """
    return fit_mixed(formula, frame, reml, **how) if "|" in formula else fit_least_squares(formula, frame, reml)


def is_least_squares(result: MixedResult) -> bool:
    """Whether nothing was grouped."""
    return result.engine == ENGINE


def least_squares_notice(result: MixedResult) -> tuple[str, ...]:
    """What a fit without random effects cannot say; nothing for the others."""
    if not is_least_squares(result):
        return ()
    return (
        f"no language, task or model repeats in these {count(result.n_obs)} rows, so this is plain least squares: it "
        "cannot tell how languages differ from the noise of a single score, and says nothing about other tasks or "
        "models.",
    )
