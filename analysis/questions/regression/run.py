"""From data to an answer: the whole of ``analyze fit`` as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ...core.draws import check_counts
from ...core.errors import CrossliftError, DesignError, unknown_name
from ...core.jsonable import dropped_rows, single
from ...languages.kernels import parse_kernel
from ...mixed import MixedResult, fit_mixed
from ...outcomes.build import Options, Outcome, read_outcome
from ...outcomes.covariates import FACTORS, Factor
from ...outcomes.default_model import default_model
from ...outcomes.sources import source_code, source_words
from ...records.read import Source
from . import coverage
from .answer import Answer, Naive, advice, answer, naive
from .related_languages import Related, fit_related
from .robustness import BootstrapCheck, LeftOut, PermutationCheck, bootstrap_checks, left_out, permutation_checks
from .within_between import Within, check_group, fit_within

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed.numerics.evaluated import Point

ENGINES = ("crosslift", "statsmodels", "mixedlm")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: data, outcome, factors or a formula, and how to fit.

    Empty ``data`` means every bundled set that can answer: those with gains for the outcome ``gain``, all sets of
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


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The typology slope once log corpus size is in the model, or why there is none."""

    answer: Answer | None
    reason: str


@dataclass(frozen=True, slots=True)
class Checks:
    """What the answers withstand, as far as it was asked for."""

    bootstrap: tuple[BootstrapCheck, ...] = ()
    permutation: tuple[PermutationCheck, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """One for each."""
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

    @property
    def dropped(self) -> tuple[tuple[str, int], ...]:
        """Rows left out before and by the model."""
        return (*self.outcome.dropped, *self.result.dropped)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Advice of the model and about the answers."""
        about = [line for item in self.answers for line in advice(item, FACTORS[item.factor])]
        return (*self.result.warnings, *about)

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
        return content


def fit_factors(request: Request, report: Callable[[str], None] | None = None) -> FactorFit:
    """Read, pair, join, fit and answer.

    Parameters
    ----------
    request
        What is asked.
    report
        Called with a few words when a new stage begins and while a search goes on.

    Raises
    ------
    CrossliftError
        For every kind of input that cannot be used.
    """
    say = report or (lambda words: None)
    factors = [_factor(name) for name in request.factors]
    _check(request)
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    if request.within:
        check_group(outcome.frame, request.within)
    predictors = [item.column for item in factors]
    model = None if request.formula else default_model(outcome.frame, options.outcome, predictors)
    formula = request.formula or (model.formula if model else "")
    about = model.notices if model else ()
    say("fitting")
    result = _fit(formula, outcome, request, say)
    trained = source_words(outcome.frame, options.source)
    answers = tuple(answer(result, item, outcome.frame, trained) for item in factors)
    naives = tuple(naive(result, item) for item in factors)
    described, checked = None, None
    if any(item.name == "typology" for item in factors):
        used = outcome.frame.loc[result.design.kept]
        origin = source_code(used, options.source)
        described = coverage.describe(used, origin, options.measure, options.recipe, options.corpus)
        say("checking against corpus size")
        checked = _sensitivity(result, outcome, request)
    related = None
    if request.kernel:
        say("fitting with related languages")
        related = fit_related(result, outcome.frame, request.kernel, factors, request.df)
    divided = None
    if request.within:
        say(f"splitting by {request.within}")
        asked = list(zip(factors, answers, naives, strict=True))
        divided = fit_within(result, outcome.frame, request.within, asked, _own_df(request))
    checks = _checks(result, outcome, request, list(zip(factors, answers, strict=True)), say)
    return FactorFit(
        request,
        read.sources,
        outcome,
        result,
        answers,
        naives,
        described,
        checked,
        (*read.notices, *outcome.notices, *about, *_independence(request, factors)),
        related,
        divided,
        checks,
    )


def _factor(name: str) -> Factor:
    if name not in FACTORS:
        raise unknown_name("factor", name, FACTORS)
    return FACTORS[name]


def _check(request: Request) -> None:
    """Refuse what no data can make good, before any are read."""
    if request.engine not in ENGINES:
        raise unknown_name("engine", request.engine, ENGINES)
    if request.engine == "mixedlm":
        from ...mixed.external.mixedlm import require_mixedlm

        require_mixedlm()
    if request.kernel:
        parse_kernel(request.kernel)
        if request.engine != "crosslift":
            raise CrossliftError(
                f"the engine '{request.engine}' takes no covariance between languages.", "Leave --engine out."
            )
    check_counts({"--bootstrap": request.bootstrap, "--permute": request.permute})
    if request.engine != "crosslift" and (request.bootstrap or request.permute or request.leave_out):
        raise CrossliftError(
            f"the engine '{request.engine}' keeps nothing to draw from or to leave out of.", "Leave --engine out."
        )
    if request.within and not request.factors:
        raise CrossliftError(f"--within {request.within} splits factors, and none is asked for.", "Give --factor.")


def _checks(
    result: MixedResult,
    outcome: Outcome,
    request: Request,
    asked: Sequence[tuple[Factor, Answer]],
    say: Callable[[str], None],
) -> Checks:
    """What was asked of the answers beyond their intervals."""
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
            result, asked, whole, request.seed, lambda done: say(f"permutation: {done:,} of {whole:,} arrangements")
        )
    if request.leave_out:
        say(f"leaving out each {request.leave_out}")
        left = left_out(result, outcome.frame, request.leave_out, asked)
    return Checks(bootstrapped, permuted, left)


def _independence(request: Request, factors: Sequence[Factor]) -> tuple[str, ...]:
    """What an interval over languages takes for granted, where no kernel was asked for."""
    if request.kernel or not any(factor.level == "language" for factor in factors):
        return ()
    return (
        "languages are taken as independent. Where related ones are alike beyond the model the interval is too narrow "
        "(validation/calibration measures by how much); --kernel genealogy+geography puts a fit with related languages "
        "beside it.",
    )


def _fit(formula: str, outcome: Outcome, request: Request, say: Callable[[str], None]) -> MixedResult:
    if "|" not in formula:
        raise DesignError(
            f"no grouping factor has two levels among the {len(outcome.frame)} rows, so there is nothing to cross.",
            "Add languages, tasks or models, or state a model with --formula.",
        )
    if request.engine != "crosslift":
        if request.df not in ("satterthwaite", "normal"):
            raise CrossliftError(f"--engine {request.engine} has no degrees of freedom '{request.df}'.")
        say(
            f"fitting with {request.engine}" + (" (minutes on large tables)" if request.engine == "statsmodels" else "")
        )
        if request.engine == "mixedlm":
            from ...mixed.external.mixedlm import fit_mixedlm

            return fit_mixedlm(formula, outcome.frame, request.reml)
        from ...mixed.external.statsmodels import fit_statsmodels

        return fit_statsmodels(formula, outcome.frame, request.reml)

    def searching(evaluations: int, point: Point) -> None:
        say(f"fitting: {evaluations} evaluations, criterion {point.value:.4f}")

    return fit_mixed(formula, outcome.frame, request.reml, df=request.df, report=searching)


def _own_df(request: Request) -> str:
    """Degrees of freedom of the fits beside the main one, which are our own engine's whatever fitted that."""
    return request.df if request.engine == "crosslift" else "normal"


def _sensitivity(result: MixedResult, outcome: Outcome, request: Request) -> Sensitivity:
    """Refit with log corpus size beside distance: the two go together, so either may stand in for the other."""
    if "log_corpus" in result.design.fixed_variables:
        return Sensitivity(None, "log corpus size is in the model already")
    left, _, right = result.formula.partition("~")
    formula = f"{left.strip()} ~ log_corpus + {right.strip()}"
    try:
        refit = fit_mixed(formula, outcome.frame, request.reml, df=_own_df(request))
        return Sensitivity(answer(refit, FACTORS["typology"], outcome.frame), "")
    except CrossliftError as error:
        return Sensitivity(None, error.message)
