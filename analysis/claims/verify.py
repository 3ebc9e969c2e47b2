"""The verdicts on all claims of a registry: each by the computation that the registry names for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from . import registry as claims
from .computations import COMPUTATIONS
from .verdicts import NOT_COMPUTED, Check, Outcome, join, settle
from .xtreme.checks_on_user_tables import with_own_tables
from .xtreme.user_tables import Supplied


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


def check_of(computation: str) -> Callable[[claims.Claim], Check]:
    """The function that carries out a computation on the bundled data."""
    module, _, function = COMPUTATIONS[computation].partition(":")
    found: Callable[[claims.Claim], Check] = getattr(importlib.import_module(f".{module}", __package__), function)
    return found


def _single(claim: claims.Claim, own: Supplied | None) -> Outcome:
    if not claim.computation:
        return Outcome(claim, NOT_COMPUTED, Check((), "not computed by this version"))
    check = check_of(claim.computation)(claim)
    return settle(claim, check if own is None else with_own_tables(claim, check, own))
