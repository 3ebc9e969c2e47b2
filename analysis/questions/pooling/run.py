"""From data to a pooled gain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import CrossliftError
from ...meta.multilevel import MultilevelMeta
from ...meta.result import MetaResult
from ...outcomes.build import read_outcome
from ...outcomes.default_model import CROSSED, default_model
from ...outcomes.sources import source_words
from .answer import pooled_sentences
from .effects import check_column, grouping, inner_groups, sampling_covariance, ungrouped, with_variance
from .groups import PoolingModel, pool_groups
from .moderators import group_difference, moderated_by, robust_by, small_studies
from .request import Request, check_request, is_independent
from .result import Pooled, Robust

if TYPE_CHECKING:
    import pandas as pd

#: Fewest degrees of freedom for a reliable robust test (Tipton 2015, Psychol. Methods 20).
FEWEST_DF = 4.0


def pool(request: Request, report: Callable[[str], None] | None = None) -> Pooled:
    """Read, pair, pool and answer.

    Parameters
    ----------
    request
        What to pool and how.
    report
        Called with a short text at the start of each stage.

    Raises
    ------
    CrossliftError
        If the input cannot be used.
    """
    say = report or (lambda words: None)
    check_request(request)
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    rows, dropped, counts = with_variance(outcome)
    shared = sampling_covariance(rows)
    for name in request.by or ():
        check_column(rows, "--by", name, several=False)
    for option, column in (("--robust", request.robust), ("--leave-out", request.leave_out)):
        if column:
            check_column(rows, option, column, several=True)
    by = grouping(rows, request.by)
    how, about = _how(request, rows)
    say("pooling")
    result = _whole(request, how, rows, shared)
    weights = result.weights
    groups, difference, reason = None, None, ""
    if by:
        groups = pool_groups(rows, shared, how, by, weights, request.adjust, say)
        say("comparing groups")
        difference, reason = group_difference(how, rows, shared, by[0], request)
    moderated = None
    if request.moderators:
        say("moderators")
        moderated = moderated_by(request, how, rows, shared, result)
    robust = None
    if request.robust:
        say("robust standard errors")
        robust = robust_by(request.robust, moderated.result if moderated else result, how, rows, request)
    bias = None
    if request.bias:
        say("small-study effects")
        bias = small_studies(how, rows, shared, result, counts, request)
    left = None
    if request.leave_out:
        say(f"leaving out each {request.leave_out}")
        left = result.leave_one_out(rows[request.leave_out].astype("str").where(rows[request.leave_out].notna()))
    return Pooled(
        request,
        read.sources,
        outcome,
        rows,
        dropped,
        counts,
        result,
        by,
        groups,
        difference,
        reason,
        moderated,
        robust,
        bias,
        left,
        how.influence(rows) if request.influence else None,
        (
            *read.notices,
            *outcome.notices,
            *about,
            *inner_groups(rows, request.by),
            *ungrouped(rows, by, options.outcome),
        ),
        (*result.warnings, *_advice(result, robust, rows), *(bias.warnings if bias else ())),
        pooled_sentences(result, options.outcome, rows, source_words(rows, options.source)),
    )


def _how(request: Request, rows: pd.DataFrame) -> tuple[PoolingModel, tuple[str, ...]]:
    outcome, independent = request.options.outcome, is_independent(request)
    how = PoolingModel(outcome, request.method, request.test, independent)
    if independent:
        shared = sum(rows[name].nunique() < len(rows) for name in CROSSED)
        if request.random == "none" or not shared:
            return how, ()
        return how, (
            f"method {request.method} treats the {len(rows)} {outcome}s as independent; those of one language, task or "
            "baseline are not. --method REML crosses them, --robust language makes the test robust to it.",
        )
    notices = default_model(rows, outcome, [], few_fixed=False).notices
    return how, notices if request.random == "crossed" else ()


def _whole(request: Request, how: PoolingModel, rows: pd.DataFrame, shared: Any) -> MetaResult | MultilevelMeta:
    if len(rows) == 1:
        raise CrossliftError(f"only one {how.outcome} has a known sampling variance: there is nothing to pool.")
    if request.random in ("crossed", "none"):
        return how.pool(rows, shared)
    return how.multilevel(rows, shared, request.random, None)


def _advice(result: MetaResult | MultilevelMeta, robust: Robust | None, rows: pd.DataFrame) -> list[str]:
    """Warnings about the evidence for the pooled effect."""
    lines = []
    fixed = result.fixed.iloc[0]
    if np.isfinite(fixed["df"]) and fixed["df"] < FEWEST_DF:
        lines.append(
            f"the pooled effect is tested with {fixed['df']:.1f} degrees of freedom: a few tasks or models decide it."
        )
    if robust is not None and robust.crossed:
        name = robust.cluster.replace("_", " ")
        lines.append(
            f"robust tests by {name} allow for dependence within a {name}, but not within a task or model "
            f"across {name}s: if those vary (see the table of variances), the crossed model's interval is the "
            "valid one (validation/meta measures both)."
        )
    if robust is not None:
        low = robust.table[robust.table["df"] < FEWEST_DF]
        if len(low):
            lines.append(
                f"robust tests of {', '.join(low['term'])} have fewer than {FEWEST_DF:g} degrees of freedom: "
                "their p-values are still too small. Cluster by a column with more levels."
            )
    return lines
