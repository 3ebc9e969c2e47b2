"""The request for a pooled gain, and its checks before any data are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...core.errors import CrossliftError, unknown_name
from ...core.multiplicity import ADJUSTMENTS
from ...meta.between import LIKELIHOODS, METHODS
from ...meta.estimate import TEST_WORDS
from ...meta.multilevel import TESTS
from ...outcomes.build import Options

if TYPE_CHECKING:
    import pandas as pd

#: Differences of scores, which have a sampling variance.
OUTCOMES = ("gain", "gap")


@dataclass(frozen=True, slots=True)
class Request:
    """What to pool and how: data, grouping, moderators, model.

    ``random`` is ``crossed`` (the factors of the default model), ``none`` (independent effects) or random intercepts in
    lme4's notation. Empty ``data`` means every bundled set that has the outcome.
    """

    data: tuple[str | pd.DataFrame, ...] = ()
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


def check_request(request: Request) -> None:
    """Refuse requests that no data could satisfy, before reading any."""
    if request.options.outcome not in OUTCOMES:
        if request.options.outcome == "score":
            raise CrossliftError(
                "scores are not pooled: they are not effects.", "Use --outcome gain or gap, or 'analyze fit'."
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
            f"--by takes one column of groups and one of subgroups, not {len(request.by)} columns.",
            "For example target_task,language.",
        )
    independent = is_independent(request)
    if request.random not in ("crossed", "none") and request.method not in LIKELIHOODS:
        raise CrossliftError(
            f"method {request.method} is for independent effects, but random effects '{request.random}' were given.",
            "Use REML or ML, or leave --random out.",
        )
    if request.test in ("knha", "t") and not independent:
        raise CrossliftError(
            f"test '{request.test}' treats effects as independent, but the model does not.",
            "Add --random none, or leave --test out (Satterthwaite's degrees of freedom).",
        )
    if request.test in ("satterthwaite", "kenward-roger") and independent:
        raise CrossliftError(f"test '{request.test}' is for crossed models.", "Use knha, t or z.")


def is_independent(request: Request) -> bool:
    """Whether effects are treated as independent."""
    return request.random == "none" or (request.random == "crossed" and request.method not in LIKELIHOODS)
