"""From data to an answer: the whole of ``analyze fit`` as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...core.draws import check_counts
from ...core.errors import CrossliftError, DesignError, unknown_name
from ...core.jsonable import dropped_rows, single
from ...languages.kernels import parse_kernel
from ...mixed import MixedResult, fit_mixed
from ...mixed.fit import with_degrees
from ...outcomes.build import Options, Outcome, read_outcome
from ...outcomes.covariates import Factor
from ...outcomes.default_model import DefaultModel, default_model
from ...outcomes.own_factors import factors_of
from ...outcomes.sources import source_code, source_words
from ...records.read import Source
from . import coverage
from .answer import Answer, Naive, answer, naive, words_of
from .bounds import bounded
from .coupling import Coupling, couplings
from .coverage import OwnFactor, describe_own
from .fitting import fit_formula, is_least_squares, least_squares_notice
from .other_sources import OtherSources, kinds_beside, other_sources
from .other_sources import check_policy as check_sources
from .related_languages import Related, fit_related
from .resampling import BootstrapCheck, LeftOut, PermutationCheck, bootstrap_checks, left_out, permutation_checks
from .robustness import Asked, Robustness, robustness
from .robustness import check_policy as check_robustness
from .slopes import SlopeChoice, check_policy, choose_slopes
from .survival import survival
from .verdict import judged
from .within_between import Within, check_group, fit_within

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed.numerics.evaluated import Point

ENGINES = ("crosslift", "statsmodels", "mixedlm", "glmm")


@dataclass(frozen=True, slots=True)
class Request:
    """What to fit and how: data, outcome, factors or a formula, engine and checks.

    Empty ``data`` means every bundled set with the outcome: those with gains for the outcome ``gain``, all sets of
    scores otherwise.
    """

    factors: tuple[str, ...] = ("typology",)
    data: tuple[str | pd.DataFrame, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    formula: str | None = None
    reml: bool = True
    df: str = "satterthwaite"
    engine: str = "crosslift"
    kernel: str | None = None
    within: str | None = None
    bootstrap: int | None = None
    permute: int | None = None
    leave_out: str | None = None
    seed: int = 1
    slopes: str = "auto"
    robustness: str = "auto"
    dispersion: str | None = None
    sources: str = "auto"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The slope of a factor of languages once log corpus size is in the model, or why it is missing."""

    answer: Answer | None
    reason: str


@dataclass(frozen=True, slots=True)
class Checks:
    """The robustness checks that were requested."""

    bootstrap: tuple[BootstrapCheck, ...] = ()
    permutation: tuple[PermutationCheck, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """One sentence per check."""
        return [
            *(check.sentence for check in self.bootstrap),
            *(check.sentence for check in self.permutation),
            *(check.sentence for check in self.left_out),
        ]


@dataclass(frozen=True, slots=True)
class FactorFit:
    """The fit and everything that is printed around it."""

    request: Request
    sources: tuple[Source, ...]
    outcome: Outcome
    result: MixedResult
    answers: tuple[Answer, ...]
    naives: tuple[Naive, ...]
    coverage: coverage.Coverage | None
    sensitivity: Sensitivity | None
    notices: tuple[str, ...]
    related: Related | None = None
    within: Within | None = None
    checks: Checks = Checks()
    slopes: SlopeChoice | None = None
    robustness: tuple[Robustness, ...] = ()
    couplings: tuple[Coupling, ...] = ()
    other_sources: OtherSources | None = None
    factors: tuple[Factor, ...] = ()
    own: tuple[OwnFactor, ...] = ()

    def factor(self, name: str) -> Factor:
        """The factor of an answer."""
        return next(item for item in self.factors if item.name == name)

    @property
    def survival(self) -> str:
        """What the answer on typological distance survives, in one sentence; empty where nothing was tried."""
        found = [item for item in self.answers if item.factor == "typology"]
        if not found or self.other_sources is None:
            return ""
        rows = [row for strip in self.robustness if strip.factor == "typology" for row in strip.rows]
        return survival(found[0], self.other_sources, rows)

    @property
    def dropped(self) -> tuple[tuple[str, int], ...]:
        """Rows left out before and by the model."""
        return (*self.outcome.dropped, *self.result.dropped)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the model and about the answers."""
        return _merged(self.result.warnings, self.slopes)

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``fit``."""
        content = self.result.to_json()
        content["dropped"] = dropped_rows(self.dropped)
        content["warnings"] = list(self.warnings)
        content["notices"] = list(self.notices)
        content["rows_read"] = self.outcome.read
        content["data"] = [asdict(source) for source in self.sources]
        content["answers"] = [item.to_json() for item in self.answers]
        content["naive"] = [asdict(item) for item in self.naives]
        content["coverage"] = single(asdict(self.coverage)) if self.coverage else None
        if self.sensitivity:
            found = self.sensitivity.answer
            content["sensitivity"] = {
                "with": "log_corpus",
                "answer": found.to_json() if found else None,
                "reason": self.sensitivity.reason,
            }
        if self.related:
            content["kernel"] = self.related.to_json()
        if self.within:
            content["within"] = self.within.to_json()
        if self.checks.sentences:
            content["checks"] = asdict(self.checks)
        if self.slopes:
            content["slopes"] = self.slopes.to_json()
        content["robustness"] = [item.to_json() for item in self.robustness]
        if self.other_sources:
            content["other_sources"] = {**self.other_sources.to_json(), "survival": self.survival}
        if self.own:
            content["own_factors"] = [asdict(item) for item in self.own]
        if self.couplings:
            content["coupling"] = [item.to_json() for item in self.couplings]
        return content


def fit_factors(request: Request, report: Callable[[str], None] | None = None) -> FactorFit:
    """Read, pair, join, fit and answer.

    Parameters
    ----------
    request
        What to fit and how.
    report
        Called with a short text at the start of each stage and during a search, to show progress.

    Raises
    ------
    CrossliftError
        If the input cannot be used.
    """
    say = report or (lambda words: None)
    _check(request)
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    names = request.factors or _of_distances(request, outcome)
    factors, frame, of_factors = factors_of(names, outcome.frame, options.source)
    outcome = replace(outcome, frame=frame, notices=(*outcome.notices, *of_factors))
    if request.within:
        check_group(outcome.frame, request.within)
    predictors = [item.column for item in factors]
    model = None if request.formula else default_model(outcome.frame, options.outcome, predictors)
    formula = request.formula or (model.formula if model else "")
    about = model.notices if model else ()
    say("fitting")
    chosen, fitted = None, {}  # type: tuple[SlopeChoice | None, dict[str, MixedResult]]
    if model is not None and model.groups:
        chosen, fitted = _slopes(model, outcome, factors, request, say)
        formula = chosen.model.formula
    result = bounded(_fit(formula, outcome, request, say, fitted), outcome.frame, factors)
    if is_least_squares(result):
        _refuse_draws(request)
    source = source_words(outcome.frame, options.source)
    answers = tuple(answer(result, item, outcome.frame, source) for item in factors)
    naives = tuple(naive(result, item) for item in factors)
    described = None
    used = outcome.frame.loc[result.design.kept]
    if any(item.name == "typology" for item in factors):
        origin = source_code(used, options.source)
        described = coverage.describe(used, outcome.frame, origin, options.kind, options.corpus)
    of_languages = [item for item in factors if item.level == "language" and item.name != "corpus"]
    checked = {}
    if of_languages:
        say("checking against corpus size")
        checked = _sensitivities(result, outcome, of_languages, request)
    related = None
    if request.kernel:
        say("fitting with related languages")
        related = fit_related(result, outcome.frame, request.kernel, factors, request.df)
    divided = None
    if request.within:
        say(f"splitting by {request.within}")
        asked = list(zip(factors, answers, naives, strict=True))
        divided = fit_within(result, outcome.frame, request.within, asked, _own_df(request))
    strips: list[Robustness] = []
    in_what = "in the default model" if chosen else "in the model stated"
    in_what = "by least squares" if is_least_squares(result) else in_what
    plain = _without_slopes(model, chosen, outcome, factors, request, fitted)
    beside_sources = _other_sources(result, plain, outcome, request, say)
    if request.robustness != "none" and request.engine == "crosslift":
        for item, found, pooled in zip(factors, answers, naives, strict=True):
            plain_words = chosen.without(item.column) if chosen else ""
            with_corpus = checked.get(item.name, Sensitivity(None, ""))
            beside = Asked(result, outcome.frame, item, found, pooled, source, request.df, in_what, plain, plain_words,
                           related, with_corpus.answer, with_corpus.reason, beside_sources)  # fmt: skip
            strips.append(robustness(beside, request.robustness, say))
    words = [words_of(result, item, source) for item in factors]
    beside_each = [strip.rows for strip in strips] or [()] * len(factors)
    answers = tuple(judged(*each) for each in zip(answers, words, beside_each, strict=True))
    checks = _checks(result, plain, outcome, request, list(zip(factors, answers, strict=True)), say)
    return FactorFit(
        request,
        read.sources,
        outcome,
        result,
        answers,
        naives,
        described,
        next(iter(checked.values()), None),
        (*read.notices, *outcome.notices, *about, *least_squares_notice(result), *_engine_note(request)),
        related,
        divided,
        checks,
        chosen,
        tuple(strips),
        couplings(result, outcome.frame) if result.fitted is not None else (),
        beside_sources,
        factors,
        describe_own(used, factors),
    )


def _of_distances(request: Request, outcome: Outcome) -> tuple[str, ...]:
    """Where neither factors nor a formula are given: the values that were joined to the rows."""
    return () if request.formula else outcome.joined


def _merged(warnings: tuple[str, ...], chosen: SlopeChoice | None) -> tuple[str, ...]:
    """Warnings of the model; those on slopes that were added to it are one, since nobody asked for them by hand."""
    added = [item.group for item in chosen.kept if item.predictor] if chosen else []
    about = [group for group in added if any(f"by '{group}'" in line for line in warnings if "singular" in line)]
    if not about:
        return warnings
    others = [w for w in warnings if not ("singular" in w and any(f"by '{group}'" in w for group in about))]
    named = " and ".join(group.replace("_", " ") for group in about)
    return (
        *others,
        f"singular fit: the slopes by {named} are estimated as perfectly correlated with the intercepts. Few levels "
        "tell little about their covariance; the interval of the slope stays valid (validation/slopes).",
    )


def _engine_note(request: Request) -> tuple[str, ...]:
    """What an outside engine leaves out of the default model."""
    if request.engine == "crosslift" or request.formula or request.slopes == "none":
        return ()
    return (
        f"the engine '{request.engine}' fits random intercepts alone: compare with --slopes none, or state one model "
        "with --formula.",
    )


def _slopes(
    model: DefaultModel, outcome: Outcome, factors: Sequence[Factor], request: Request, say: Callable[[str], None]
) -> tuple[SlopeChoice, dict[str, MixedResult]]:
    """The default model with what the data ask for, and fits of the first model tried and of the last by formula.

    The other engines fit random intercepts alone.
    """
    if request.engine != "crosslift":
        return SlopeChoice("none", model), {}
    fitted: dict[str, MixedResult] = {}

    def fit(formula: str) -> MixedResult:
        say("choosing slopes")
        found = fit_mixed(formula, outcome.frame, request.reml, df="normal")
        for other in [*fitted][1:]:  # large tables have no room for all
            del fitted[other]
        fitted[formula] = found
        return found

    return choose_slopes(model, outcome.frame, factors, request.slopes, fit), fitted


def _without_slopes(
    model: DefaultModel | None,
    chosen: SlopeChoice | None,
    outcome: Outcome,
    factors: Sequence[Factor],
    request: Request,
    fitted: Mapping[str, MixedResult],
) -> MixedResult | None:
    """The model of random intercepts alone, if the answer's has more."""
    if model is None or chosen is None or not chosen.kept:
        return None
    before = fitted.get(model.formula)
    return bounded(
        fit_mixed(model.formula, outcome.frame, request.reml, df=request.df)
        if before is None
        else with_degrees(before, request.df),
        outcome.frame,
        factors,
    )


def _other_sources(
    result: MixedResult, plain: MixedResult | None, outcome: Outcome, request: Request, say: Callable[[str], None]
) -> OtherSources | None:
    """Slopes under other sources of distance, if the question is about distance and they were not declined."""
    wanted = request.sources == "all" or (request.sources == "auto" and request.robustness != "none")
    if "typology" not in request.factors or not wanted or request.engine != "crosslift" or is_least_squares(result):
        return None
    own = outcome.options.kind
    if not kinds_beside(own, request.sources):
        return None
    return other_sources(result, plain, outcome.frame, own, outcome.options.source, request.df, request.sources, say)


def _check(request: Request) -> None:
    """Refuse requests that no data could satisfy, before reading any."""
    if request.engine not in ENGINES:
        raise unknown_name("engine", request.engine, ENGINES)
    if request.engine == "mixedlm":
        from ...mixed.external.mixedlm import require_mixedlm

        require_mixedlm()
    if request.engine == "glmm":
        from ...mixed.external.glmm import require_glmm

        require_glmm()
    if request.kernel:
        parse_kernel(request.kernel)
        if request.engine != "crosslift":
            raise CrossliftError(
                f"the engine '{request.engine}' does not support a covariance between languages.", "Leave --engine out."
            )
    check_policy(request.slopes)
    check_robustness(request.robustness)
    check_sources(request.sources)
    if request.formula and request.slopes == "all":
        raise CrossliftError(
            "--slopes all adds to the default model, and --formula states another.",
            "Write the slopes into the formula.",
        )
    if request.dispersion and request.engine != "crosslift":
        raise CrossliftError(
            f"the engine '{request.engine}' has one residual variance.", "Leave --engine or --dispersion out."
        )
    check_counts({"--bootstrap": request.bootstrap, "--permute": request.permute})
    if request.engine != "crosslift" and (request.bootstrap or request.permute or request.leave_out):
        raise CrossliftError(
            f"the engine '{request.engine}' does not support --bootstrap, --permute or --leave-out.",
            "Leave --engine out.",
        )
    if request.within and not request.factors:
        raise CrossliftError(f"--within {request.within} splits a factor, but no factor was given.", "Give --factor.")


def _checks(
    result: MixedResult,
    plain: MixedResult | None,
    outcome: Outcome,
    request: Request,
    asked: Sequence[tuple[Factor, Answer]],
    say: Callable[[str], None],
) -> Checks:
    """Run the requested robustness checks."""
    bootstrapped: tuple[BootstrapCheck, ...] = ()
    permuted: tuple[PermutationCheck, ...] = ()
    left: tuple[LeftOut, ...] = ()
    if request.bootstrap:
        total = request.bootstrap
        bootstrapped = bootstrap_checks(
            result, asked, total, request.seed, lambda done: say(f"bootstrap: {done:,} of {total:,} draws")
        )
    if request.permute:
        whole = request.permute
        permuted = permutation_checks(
            # A column of random slopes cannot be shuffled: slopes added to the model are left out of this test.
            plain or result,
            asked,
            whole,
            request.seed,
            lambda done: say(f"permutation: {done:,} of {whole:,} arrangements"),
        )
    if request.leave_out:
        say(f"leaving out each {request.leave_out}")
        left = left_out(result, outcome.frame, request.leave_out, asked)
    return Checks(bootstrapped, permuted, left)


def _check_grouping(formula: str, outcome: Outcome) -> None:
    if "|" not in formula:
        raise DesignError(
            f"no grouping factor has two levels in these {len(outcome.frame)} rows, so a mixed model cannot be fitted.",
            "Add languages, tasks or models, or state a model with --formula.",
        )


def _fit(
    formula: str,
    outcome: Outcome,
    request: Request,
    say: Callable[[str], None],
    fitted: Mapping[str, MixedResult],
) -> MixedResult:
    """The model of the answer; ``fitted`` are models that were fitted before it."""
    if request.engine != "crosslift":
        _check_grouping(formula, outcome)
        if request.df not in ("satterthwaite", "normal"):
            raise CrossliftError(
                f"--engine {request.engine} does not support the degrees-of-freedom method '{request.df}'."
            )
        say(
            f"fitting with {request.engine}" + (" (minutes on large tables)" if request.engine == "statsmodels" else "")
        )
        if request.engine == "mixedlm":
            from ...mixed.external.mixedlm import fit_mixedlm

            return fit_mixedlm(formula, outcome.frame, request.reml)
        if request.engine == "glmm":
            from ...mixed.external.glmm import fit_glmm

            return fit_glmm(formula, outcome.frame, request.reml)
        from ...mixed.external.statsmodels import fit_statsmodels

        return fit_statsmodels(formula, outcome.frame, request.reml)

    if formula in fitted and not request.dispersion and request.df != "kenward-roger":  # which needs REML
        return with_degrees(fitted[formula], request.df)

    def searching(evaluations: int, point: Point) -> None:
        say(f"fitting: {evaluations} evaluations, criterion {point.value:.4f}")

    if request.formula:
        _check_grouping(formula, outcome)
    return fit_formula(
        formula, outcome.frame, request.reml, df=request.df, report=searching, dispersion=request.dispersion
    )


def _refuse_draws(request: Request) -> None:
    """Refuse the checks that need random effects, where there are none."""
    asked = {"--bootstrap": request.bootstrap, "--permute": request.permute, "--leave-out": request.leave_out}
    given = [name for name, value in asked.items() if value]
    if given:
        raise DesignError(
            f"no language, task or model repeats in these rows: plain least squares does not support {given[0]}.",
            "Leave it out.",
        )


def _own_df(request: Request) -> str:
    """Degrees-of-freedom method of the additional fits, which always use our own engine."""
    return request.df if request.engine == "crosslift" else "normal"


def _sensitivities(
    result: MixedResult, outcome: Outcome, factors: Sequence[Factor], request: Request
) -> dict[str, Sensitivity]:
    """Refit with log corpus size added: it is correlated with distance, so either may stand in for the other."""
    if "log_corpus" in result.design.fixed_variables:
        return {item.name: Sensitivity(None, "log corpus size is already in the model") for item in factors}
    left, _, right = result.formula.partition("~")
    formula = f"{left.strip()} ~ log_corpus + {right.strip()}"
    try:
        refit = fit_formula(formula, outcome.frame, request.reml, df=_own_df(request))
        refit = bounded(refit, outcome.frame, factors)
        return {item.name: Sensitivity(answer(refit, item, outcome.frame), "") for item in factors}
    except CrossliftError as error:
        return {item.name: Sensitivity(None, error.message) for item in factors}
