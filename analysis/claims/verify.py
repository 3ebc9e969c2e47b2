"""The checks by the name that the registry gives them, and the verdicts on all claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import registry as claims
from .verdicts import NOT_COMPUTED, Check, Outcome, join, settle
from .xtreme.average_gain import check_average_gain
from .xtreme.checks_on_user_tables import with_own_tables
from .xtreme.design_facts import (
    check_anli_size,
    check_intermediate_tasks,
    check_languages_of_a_task,
    check_mnli_size,
    check_no_training_data,
    check_start_model,
    check_target_tasks,
    missing,
    unstated,
)
from .xtreme.development_gain import check_development_gain
from .xtreme.task_gains import check_retrieval_gain, check_tydiqa_gain, check_xnli_gain
from .xtreme.user_tables import Supplied

#: Name of a computation → the function that carries it out on the bundled data.
CHECKS: Mapping[str, Callable[[claims.Claim], Check]] = {
    "average-gain": check_average_gain,
    "development-gain": check_development_gain,
    "retrieval-gain": check_retrieval_gain,
    "tydiqa-gain": check_tydiqa_gain,
    "xnli-gain": check_xnli_gain,
    "no-training-data": check_no_training_data,
    "start-model": check_start_model,
    "intermediate-tasks": check_intermediate_tasks,
    "target-tasks": check_target_tasks,
    "languages-of-a-task": check_languages_of_a_task,
    "anli-size": check_anli_size,
    "mnli-size": check_mnli_size,
    "missing-table": missing,
    "unstated": unstated,
}


def verify(registry: claims.Registry | None = None, own: Supplied | None = None) -> tuple[Outcome, ...]:
    """The outcome of every claim, in the order of the registry (default: the bundled one).

    ``own`` are tables that a user has (:func:`analysis.claims.xtreme.user_tables.read_supplied`).
    """
    known = claims.registry() if registry is None else registry
    single = {name: _single(claim, own) for name, claim in known.claims.items() if not claim.parts}
    return tuple(
        join(claim, [single[part] for part in claim.parts]) if claim.parts else single[name]
        for name, claim in known.claims.items()
    )


def _single(claim: claims.Claim, own: Supplied | None) -> Outcome:
    if not claim.computation:
        return Outcome(claim, NOT_COMPUTED, Check((), "not computed by this version"))
    check = CHECKS[claim.computation](claim)
    return settle(claim, check if own is None else with_own_tables(claim, check, own))
