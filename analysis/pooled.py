"""From data to a pooled gain: the whole of ``analyze meta`` as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import CrossliftError, unknown_name
from .inputs import Source
from .languages import resolve
from .meta.between import LIKELIHOODS, METHODS
from .meta.bias import Bias, assess_bias
from .meta.groups import How, pool_groups, random_terms
from .meta.multilevel import TESTS, MultilevelMeta
from .meta.result import TEST_WORDS, MetaResult
from .multiplicity import ADJUSTMENTS, adjust
from .outcomes import CROSSED, Options, Outcome, default_model, read_outcome
from .plain import dropped_rows, records, single
from .pooled_rows import check_column, grouping, sampling_covariance, ungrouped, with_variance
from .pooled_words import moderator_sentences, pooled_sentences, robust_sentences

if TYPE_CHECKING:
    import pandas as pd

#: Differences of scores, which have a sampling variance.
OUTCOMES = ("gain", "gap")
#: Degrees of freedom under which a robust test is not to be trusted (Tipton 2015, Psychol. Methods 20).
FEWEST_DF = 4.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: data, grouping, moderators, and how to pool.

    ``random`` is ``crossed`` (the factors of the default model), ``none`` (independent effects) or random intercepts in
    lme4's notation. Empty ``data`` means every bundled set that has the outcome.
    """

    data: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    by: tuple[str, ...] | None = None
    moderators: tuple[str, ...] = ()
    method: str = "REML"
    test: str | None = None
    random: str = "crossed"
    robust: str | None = None
    bias: bool = False
    leave_out: str | None = None
    influence: bool = False
    adjust: str = "holm"


@dataclass(frozen=True, slots=True)
class Moderated:
    """The fit with moderators: its coefficients with adjusted p-values, and the share of variance they account for."""

    result: MetaResult | MultilevelMeta
    table: pd.DataFrame
    explained: float
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Robust:
    """Cluster-robust tests of the coefficients, and the model they start from.

    ``crossed`` is true where other factors of the model cross the clusters, which the tests do not see.
    """

    cluster: str
    clusters: int
    table: pd.DataFrame
    working: str
    crossed: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled effect and everything that is printed around it.

    ``rows`` are the effects that have a sampling variance, with their columns; ``sources_of_variance`` counts the
    effects by where it comes from, those without one included; ``by`` are the columns of ``groups``.
    """

    request: Request
    sources: tuple[Source, ...]
    outcome: Outcome
    rows: pd.DataFrame
    dropped: tuple[tuple[str, int], ...]
    sources_of_variance: tuple[tuple[str, int], ...]
    result: MetaResult | MultilevelMeta
    by: tuple[str, ...]
    groups: pd.DataFrame | None
    difference: pd.DataFrame | None
    difference_reason: str
    moderated: Moderated | None
    robust: Robust | None
    bias: Bias | None
    left_out: pd.DataFrame | None
    influence: pd.DataFrame | None
    notices: tuple[str, ...]
    warnings: tuple[str, ...]
    sentences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``meta``."""
        content = self.result.to_json()
        content |= {
            "outcome": self.request.options.outcome,
            "rows_read": self.outcome.read,
            "dropped": dropped_rows(self.dropped),
            "variance_sources": [{"source": source, "rows": rows} for source, rows in self.sources_of_variance],
            "answers": list(self.sentences),
            "warnings": list(self.warnings),
            "notices": list(self.notices),
            "adjust": self.request.adjust,
            "data": [asdict(source) for source in self.sources],
        }
        if self.groups is not None:
            content["by"] = list(self.by)
            content["groups_pooled"] = records(self.groups)
            content["difference"] = None if self.difference is None else records(self.difference)[0]
            content["difference_reason"] = self.difference_reason
        if self.moderated:
            content["moderated"] = {
                **self.moderated.result.to_json(),
                "fixed": records(self.moderated.table),
                **single({"explained": self.moderated.explained}),
                "answers": list(self.moderated.sentences),
            }
        if self.robust:
            content["robust"] = {"cluster": self.robust.cluster, "clusters": self.robust.clusters,
                                 "working": self.robust.working, "answers": list(self.robust.sentences),
                                 "fixed": records(self.robust.table)}  # fmt: skip
        if self.bias:
            content["bias"] = self.bias.to_json()
        if self.left_out is not None:
            content["left_out"] = records(self.left_out)
        if self.influence is not None:
            content["influence"] = records(self.influence)
        return content


def pool(request: Request, report: Callable[[str], None] | None = None) -> Pooled:
    """Read, pair, pool and answer.

    Parameters
    ----------
    request
        What is asked.
    report
        Called with a few words when a new stage begins.

    Raises
    ------
    CrossliftError
        For every kind of input that cannot be used.
    """
    say = report or (lambda words: None)
    _check(request)
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    rows, dropped, counts = with_variance(outcome)
    shared = sampling_covariance(rows, options.outcome)
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
        difference, reason = _difference(how, rows, shared, by[0], request)
    moderated = None
    if request.moderators:
        say("moderators")
        moderated = _moderated(request, how, rows, shared, result)
    robust = None
    if request.robust:
        say("robust standard errors")
        robust = _robust(request.robust, moderated.result if moderated else result, how, rows, request)
    bias = None
    if request.bias:
        say("small-study effects")
        bias = _bias(how, rows, shared, result, counts, request)
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
        (*read.notices, *outcome.notices, *about, *ungrouped(rows, by, options.outcome)),
        (*result.warnings, *_advice(result, robust, rows), *(bias.warnings if bias else ())),
        pooled_sentences(result, options.outcome, rows, resolve(options.source).name),
    )


def _check(request: Request) -> None:
    """Refuse what no data can make good, before any are read."""
    if request.options.outcome not in OUTCOMES:
        if request.options.outcome == "score":
            raise CrossliftError(
                "scores are not pooled: they are no effects.", "Use --outcome gain or gap, or 'analyze fit'."
            )
        raise unknown_name("outcome", request.options.outcome, OUTCOMES)
    if request.method not in METHODS:
        raise unknown_name("method", request.method, METHODS)
    known = (*TEST_WORDS, *TESTS)
    if request.test is not None and request.test not in known:
        raise unknown_name("test", request.test, known)
    if request.adjust not in ADJUSTMENTS:
        raise unknown_name("adjustment", request.adjust, ADJUSTMENTS)
    if request.by is not None and len(request.by) > 2:
        raise CrossliftError(
            f"--by takes a column of groups and one of subgroups, not {len(request.by)}.",
            "For example target_task,language.",
        )
    independent = _independent(request)
    if request.random not in ("crossed", "none") and request.method not in LIKELIHOODS:
        raise CrossliftError(
            f"method {request.method} is for independent effects, and random effects '{request.random}' were given.",
            "Use REML or ML, or leave --random out.",
        )
    if request.test in ("knha", "t") and not independent:
        raise CrossliftError(
            f"test '{request.test}' counts every effect as independent of the others, and the model does not.",
            "Add --random none, or leave --test out (Satterthwaite's degrees of freedom).",
        )
    if request.test in ("satterthwaite", "kenward-roger") and independent:
        raise CrossliftError(f"test '{request.test}' is for crossed models.", "Use knha, t or z.")


def _independent(request: Request) -> bool:
    return request.random == "none" or (request.random == "crossed" and request.method not in LIKELIHOODS)


def _how(request: Request, rows: pd.DataFrame) -> tuple[How, tuple[str, ...]]:
    outcome, independent = request.options.outcome, _independent(request)
    how = How(outcome, request.method, request.test, independent)
    if independent:
        shared = sum(rows[name].nunique() < len(rows) for name in CROSSED)
        if request.random == "none" or not shared:
            return how, ()
        return how, (
            f"method {request.method} takes the {len(rows)} {outcome}s as independent; those of one language, task or "
            "baseline are not. --method REML crosses them, --robust language makes the test robust to it.",
        )
    notices = default_model(rows, outcome, [], few_fixed=False).notices
    return how, notices if request.random == "crossed" else ()


def _whole(request: Request, how: How, rows: pd.DataFrame, shared: Any) -> MetaResult | MultilevelMeta:
    if len(rows) == 1:
        raise CrossliftError(f"one {how.outcome} has a known sampling variance: there is nothing to pool.")
    if request.random in ("crossed", "none"):
        return how.pool(rows, shared)
    return how.multilevel(rows, shared, request.random, None)


def _without(random: str, name: str) -> str:
    """The random terms that do not group by ``name``."""
    from .mixed.formula import parse_formula

    bars = parse_formula(f"y ~ 1 + {random}").bars
    return " + ".join(f"(1|{bar.group})" for bar in bars if bar.factors != (name,))


def _difference(
    how: How, rows: pd.DataFrame, shared: Any, name: str, request: Request
) -> tuple[pd.DataFrame | None, str]:
    """Test that groups do not differ: the grouping column as a moderator, in place of its random effect."""
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
            return None, "no random effect is left beside the groups"
        return how.multilevel(frame, shared[at][:, at], rest, name).moderator_test(), ""
    except CrossliftError as error:
        return None, error.message


def _moderated(
    request: Request, how: How, rows: pd.DataFrame, shared: Any, alone: MetaResult | MultilevelMeta
) -> Moderated:
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


def _robust(
    cluster: str, result: MetaResult | MultilevelMeta, how: How, rows: pd.DataFrame, request: Request
) -> Robust:
    labels = rows[cluster].astype("str").where(rows[cluster].notna())
    if labels.isna().any():
        raise CrossliftError(
            f"'{cluster}' is not stated for {int(labels.isna().sum())} of {len(rows)} effects.",
            f'--where "{cluster}.notna()" leaves them out.',
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
        f"a model of independent effects: '{cluster}' and the other factors cross, and robust errors need clusters "
        "that share nothing"
    )
    return robust(working.robust(labels), words, crossed=True)


def _bias(
    how: How,
    rows: pd.DataFrame,
    shared: Any,
    result: MetaResult | MultilevelMeta,
    counts: Sequence[tuple[str, int]],
    request: Request,
) -> Bias:
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
    from .mixed.formula import parse_formula

    return [name for bar in parse_formula(f"y ~ 1 + {random}").bars for name in bar.factors]


def _advice(result: MetaResult | MultilevelMeta, robust: Robust | None, rows: pd.DataFrame) -> list[str]:
    """Warnings about what the pooled effect rests on."""
    lines = []
    fixed = result.fixed.iloc[0]
    if np.isfinite(fixed["df"]) and fixed["df"] < FEWEST_DF:
        lines.append(
            f"the pooled effect is tested with {fixed['df']:.1f} degrees of freedom: a few tasks or models decide it."
        )
    if robust is not None and robust.crossed:
        name = robust.cluster.replace("_", " ")
        lines.append(
            f"robust tests by {name} see what ties effects of one {name}, and not what ties those of one task or model "
            f"across {name}s: where those vary (the table of variances says so) the crossed model's interval is the "
            "one that holds (validation/meta measures both)."
        )
    if robust is not None:
        low = robust.table[robust.table["df"] < FEWEST_DF]
        if len(low):
            lines.append(
                f"robust tests of {', '.join(low['term'])} have under {FEWEST_DF:g} degrees of freedom: their p-values "
                "are too small even so. Cluster by something with more levels."
            )
    return lines
