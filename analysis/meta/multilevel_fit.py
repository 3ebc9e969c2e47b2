"""Fit a multilevel meta-analysis with the mixed-model engine: effects, sampling covariance and random intercepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError, unknown_name
from ..mixed import fit_mixed
from ..mixed.model.formula import parse_formula
from .between import LIKELIHOODS
from .effects import column
from .known import known_rows, with_effects
from .multilevel import TESTS, MultilevelMeta

if TYPE_CHECKING:
    import pandas as pd


def fit_multilevel(
    effects: Any,
    variances: Any,
    moderators: Any,
    method: str,
    test: str,
    random: str,
    frame: pd.DataFrame | None,
) -> MultilevelMeta:
    """Fit ``effects ~ moderators + random`` with known sampling variances: see :func:`analysis.meta_analyze`.

    Effects in one cell get a residual variance, unless a random effect already has one level per row.
    """
    if method not in LIKELIHOODS:
        raise CrossliftError(f"method '{method}' is for independent effects.", "Use REML or ML for a multilevel model.")
    if test not in TESTS:
        raise unknown_name("test of a multilevel model", test, TESTS)
    if frame is None:
        raise CrossliftError(f"random effects '{random}' name columns, but no frame was given.", "Give frame=.")
    if moderators is not None and not isinstance(moderators, str):
        raise CrossliftError("moderators of a multilevel model must be a formula.", "Give their names in the frame.")
    table, outcome = with_effects(frame, effects)
    formula = f"{outcome} ~ {moderators or '1'} + {random}"
    bars = parse_formula(formula).bars
    if not bars:
        raise CrossliftError(
            f"'{random}' is not a random effect.", "Write it like (1|language) or (1|language/target_task)."
        )
    for bar in bars:
        for name in bar.factors:
            column(frame, name, "random effect")
        if bar.expression != "1":
            raise CrossliftError(
                f"'({bar.expression}|{bar.group})' is not a random intercept: heterogeneity would not be one number.",
                "Give struct='UN' for correlated slopes or struct='DIAG' for others.",
            )
    rows = known_rows(table, outcome, variances)
    one_per_row = any(len(rows.frame) == rows.frame.groupby(list(bar.factors)).ngroups for bar in bars)
    mixed = fit_mixed(
        formula,
        rows.frame,
        reml=method == "REML",
        variances=rows.covariance,
        df=TESTS[test],
        residual=not one_per_row,
    )
    used, kept = mixed.design.kept, rows.kept.copy()
    kept[rows.kept] = used
    return MultilevelMeta(
        mixed, rows.sparse(used), rows.frame[used], kept, (*rows.dropped, *mixed.dropped), method, test, random
    )
