"""Fit a multilevel meta-analysis with the mixed-model engine: effects, sampling covariance and random intercepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import CrossliftError, DesignError, unknown_name
from ..mixed import fit_mixed
from ..mixed.model.formula import parse_formula
from .between import LIKELIHOODS
from .effects import column
from .multilevel import TESTS, MultilevelMeta

if TYPE_CHECKING:
    import pandas as pd

# Most rows for which the dense covariance of all effects is formed.
LARGEST = 6000


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
    table, outcome = _with_effects(frame, effects)
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
                "Use analysis.fit_mixed with variances= for random slopes.",
            )
    rows = _known(table, outcome, variances)
    if len(rows.frame) > LARGEST:
        raise DesignError(
            f"{len(rows.frame)} effects are too many: a multilevel meta-analysis supports up to {LARGEST}.",
            "analysis.fit_mixed with variances= supports more, without weights and I².",
        )
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
    sampling = rows.dense()[np.ix_(used, used)]
    return MultilevelMeta(
        mixed, sampling, rows.frame[used], kept, (*rows.dropped, *mixed.dropped), method, test, random
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Rows with an effect and a sampling variance; ``covariance`` is ``(k,)`` or a sparse ``(k, k)``."""

    frame: pd.DataFrame
    covariance: Any
    kept: Booleans
    dropped: tuple[tuple[str, int], ...]

    def dense(self) -> Floats:
        """The sampling covariance, shape ``(k, k)``."""
        return np.diag(self.covariance) if np.ndim(self.covariance) == 1 else np.asarray(self.covariance.toarray())


def _known(table: pd.DataFrame, outcome: str, variances: Any) -> _Known:
    from scipy.sparse import csr_array

    if isinstance(variances, str):
        variances = column(table, variances, "variances").to_numpy(dtype=float)
    tied = np.ndim(variances) == 2 or hasattr(variances, "tocsr")
    given = csr_array(variances) if tied else np.asarray(variances, dtype=float)
    if given.shape[0] != len(table):
        raise CrossliftError(f"{len(table)} effects and {given.shape[0]} sampling variances were given.")
    own = np.asarray(given.diagonal()) if tied else given
    missing = {
        "no effect": table[outcome].isna().to_numpy(),
        "no sampling variance": np.isnan(own),
    }
    kept = np.ones(len(table), dtype=bool)
    dropped = []
    for reason, where in missing.items():
        if (where & kept).any():
            dropped.append((reason, int((where & kept).sum())))
            kept &= ~where
    if not kept.any():
        raise DesignError(f"none of {len(table)} effects has a sampling variance.")
    at = np.flatnonzero(kept)
    covariance = given[at][:, at] if tied else given[at]
    return _Known(table[kept].reset_index(drop=True), covariance, kept, tuple(dropped))


def _with_effects(frame: pd.DataFrame, effects: Any) -> tuple[pd.DataFrame, str]:
    """The frame with its outcome column, and that column's name."""
    if isinstance(effects, str):
        column(frame, effects, "effects")
        return frame, effects
    if len(effects) != len(frame):
        raise CrossliftError(f"{len(effects)} effects were given for {len(frame)} rows.")
    return frame.assign(effect=np.asarray(effects, dtype=float)), "effect"
