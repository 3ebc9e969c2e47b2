"""Additional tests of a pooled effect: moderators, group differences, robust tests, small-study effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import CrossliftError
from ...core.multiplicity import adjust
from ...meta.bias import Bias, assess_bias
from ...meta.multilevel import MultilevelMeta
from ...meta.result import MetaResult
from .answer import moderator_sentences, robust_sentences
from .groups import PoolingModel, random_terms
from .request import Request
from .result import Moderated, Robust

if TYPE_CHECKING:
    import pandas as pd


def group_difference(
    how: PoolingModel, rows: pd.DataFrame, shared: Any, name: str, request: Request
) -> tuple[pd.DataFrame | None, str]:
    """Test whether groups differ: the grouping column as a moderator instead of a random effect."""
    if rows[name].nunique() < 2:
        return None, f"'{name}' has one level"
    own = rows[name].notna().to_numpy()
    at = np.flatnonzero(own)
    frame = rows[own].reset_index(drop=True).astype({name: "str"})
    try:
        if how.independent:
            return how.alone(frame, name).moderator_test(), ""
        random = random_terms(frame, how.outcome) if request.random == "crossed" else request.random
        rest = _without(random, name) if random else ""
        if not rest:
            return None, "no random effect remains besides the groups"
        return how.multilevel(frame, shared[at][:, at], rest, name).moderator_test(), ""
    except CrossliftError as error:
        return None, error.message


def _without(random: str, name: str) -> str:
    """The random terms that do not group by ``name``."""
    from ...mixed.model.formula import parse_formula

    bars = parse_formula(f"y ~ 1 + {random}").bars
    return " + ".join(f"(1|{bar.group})" for bar in bars if bar.factors != (name,))


def moderated_by(
    request: Request, how: PoolingModel, rows: pd.DataFrame, shared: Any, alone: MetaResult | MultilevelMeta
) -> Moderated:
    """The pooled effect with moderators, and the share of the variance they explain on the same rows."""
    formula = " + ".join(request.moderators)
    if how.independent:
        result: MetaResult | MultilevelMeta = how.alone(rows, formula)
    else:
        random = request.random
        if random == "crossed":
            random = random_terms(rows, how.outcome)
        result = how.multilevel(rows, shared, random, formula) if random else how.pool(rows, shared, formula)
    before = alone.tau2
    kept = result.effects.kept if isinstance(result, MetaResult) else result.kept
    if not kept.all():  # compare on the same rows
        at = np.flatnonzero(kept)
        before = how.pool(rows.iloc[at].reset_index(drop=True), shared[at][:, at]).tau2
    table = result.fixed
    tested = (table["term"] != "Intercept").to_numpy()
    table["p_adjusted"] = np.nan
    table.loc[tested, "p_adjusted"] = adjust(table.loc[tested, "p_value"].to_numpy(dtype=float), request.adjust)
    explained = max(0.0, 100.0 * (before - result.tau2) / before) if before > 0 else float("nan")
    return Moderated(result, table, explained, moderator_sentences(result, table, how.outcome))


def robust_by(
    cluster: str, result: MetaResult | MultilevelMeta, how: PoolingModel, rows: pd.DataFrame, request: Request
) -> Robust:
    """Cluster-robust tests, from a model of independent effects if other factors cross the clusters."""
    labels = rows[cluster].astype("str").where(rows[cluster].notna())
    if labels.isna().any():
        raise CrossliftError(
            f"'{cluster}' is missing for {int(labels.isna().sum())} of {len(rows)} effects.",
            f'--where "notna({cluster})" leaves them out.',
        )
    count = int(labels.nunique())

    def robust(table: pd.DataFrame, working: str, crossed: bool = False) -> Robust:
        return Robust(cluster, count, table, working, crossed, robust_sentences(table, cluster, count, how.outcome))

    try:
        return robust(result.robust(labels), "the model above")
    except CrossliftError:
        if isinstance(result, MetaResult):
            raise
    formula = " + ".join(request.moderators) or None
    working = how.alone(rows, formula)
    words = (
        f"a model of independent effects: '{cluster}' crosses the other factors, and robust errors need "
        "independent clusters"
    )
    return robust(working.robust(labels), words, crossed=True)


def small_studies(
    how: PoolingModel,
    rows: pd.DataFrame,
    shared: Any,
    result: MetaResult | MultilevelMeta,
    counts: Sequence[tuple[str, int]],
    request: Request,
) -> Bias:
    """Test whether less precise effects are larger, in the same model as the pooled effect."""
    alone = how.alone(rows)
    computed = sum(count for source, count in counts if "binomial" in source)
    studies = int(rows["study"].nunique())
    if isinstance(result, MetaResult):
        return assess_bias(alone, None, None, studies, computed)
    frame = rows.assign(std_error_of_effect=np.sqrt(rows["variance"].to_numpy(dtype=float)))
    random = result.random

    def slope() -> pd.DataFrame:
        found = how.multilevel(frame, shared, random, "std_error_of_effect").fixed
        return found.assign(term=["limit", "slope"])

    return assess_bias(alone, result, slope if all(c in frame for c in _columns(random)) else None, studies, computed)


def _columns(random: str) -> list[str]:
    from ...mixed.model.formula import parse_formula

    return [name for bar in parse_formula(f"y ~ 1 + {random}").bars for name in bar.factors]
