"""Flags and confidences of the documents' rows, held against each other and against the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...core.confidence import CONFIDENCE
from ..registry import Registry, Statement
from ..verdicts import VERDICTS, Outcome

HOLD = frozenset({"reproduced", "reproduced-under"})
#: At 0 and 1 the equation of the interval has a root that is none of its ends.
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Stated:
    """One row with the verdict on the claim it states."""

    statement: Statement
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose claims came to one verdict."""

    verdict: str
    rows: int
    verified: int
    confidence_mean: float
    confidence_low: float
    confidence_high: float


def stated_rows(outcomes: Sequence[Outcome]) -> tuple[Stated, ...]:
    """Every row that states a claim."""
    return tuple(Stated(item, outcome) for outcome in outcomes for item in outcome.claim.stated)


def overturned(outcomes: Sequence[Outcome]) -> tuple[Stated, ...]:
    """Rows flagged unverified whose claim is reproduced, and rows flagged verified whose claim is contradicted."""
    return tuple(
        row
        for row in stated_rows(outcomes)
        if (row.outcome.verdict in HOLD and not row.statement.verified)
        or (row.outcome.verdict == "contradicted" and row.statement.verified)
    )


def flagged_both_ways(registry: Registry) -> Iterator[tuple[str, tuple[Statement, ...], tuple[Statement, ...]]]:
    """Claims that some rows flag verified and others do not, alone or joined with others: id, verified, unverified."""
    for claim in registry.claims.values():
        if claim.parts:
            continue
        rows = [*claim.stated]
        for whole in registry.claims.values():
            rows += whole.stated if claim.id in whole.parts else ()
        for_it = tuple(item for item in rows if item.verified)
        against = tuple(item for item in rows if not item.verified)
        if for_it and against:
            yield claim.id, for_it, against


def calibration(outcomes: Sequence[Outcome]) -> tuple[Bin, ...]:
    """Rows, flags and confidences by verdict, in the order of ``VERDICTS``."""
    rows = stated_rows(outcomes)
    names = [*VERDICTS, *dict.fromkeys(row.outcome.verdict for row in rows if row.outcome.verdict not in VERDICTS)]
    bins = []
    for name in names:
        here = [row.statement for row in rows if row.outcome.verdict == name]
        if here:
            values = [item.confidence for item in here]
            verified = sum(item.verified for item in here)
            bins.append(Bin(name, len(here), verified, sum(values) / len(values), min(values), max(values)))
    return tuple(bins)


def separation(outcomes: Sequence[Outcome]) -> str:
    """Whether confidences separate what holds from what does not, in words; a claim counts once."""
    hold, fail, rest = (_confidences(outcomes, test) for test in (
        lambda verdict: verdict in HOLD,
        lambda verdict: verdict == "contradicted",
        lambda verdict: verdict not in HOLD,
    ))  # fmt: skip
    if not hold or not fail:
        lacking = "is contradicted" if not fail else "is reproduced"
        words = f"No claim {lacking}, so it cannot be said whether the confidences separate what holds from what fails."
        if hold and rest:
            words += f" Of {_pairs(hold, rest, 'one that the data leave open')}."
        return words
    return f"Of {_pairs(hold, fail, 'one that fails')}."


def _confidences(outcomes: Sequence[Outcome], wanted: Callable[[str], bool]) -> list[float]:
    """The mean confidence of each claim with a verdict, over the rows that state it."""
    by_claim: dict[str, list[float]] = {}
    for row in stated_rows(outcomes):
        if wanted(row.outcome.verdict):
            by_claim.setdefault(row.outcome.claim.id, []).append(row.statement.confidence)
    return [sum(values) / len(values) for values in by_claim.values()]


def _pairs(hold: Sequence[float], other: Sequence[float], what: str) -> str:
    share = _wins(hold, other)
    low, high = wins_interval(share, len(hold), len(other))
    return (
        f"{len(hold) * len(other)} pairs of a claim that holds and {what}, the first has the higher confidence in "
        f"{share:.0%} ({CONFIDENCE:.0%} interval {low:.0%} to {high:.0%}; 50% is chance)"
    )


def _wins(first: Sequence[float], second: Sequence[float]) -> float:
    """Share of pairs in which the first is higher; ties count half."""
    return sum((a > b) + (a == b) / 2 for a in first for b in second) / (len(first) * len(second))


def wins_interval(share: float, n: int, m: int) -> tuple[float, float]:
    """Interval for the share of pairs that the first wins: a score interval with Hanley and McNeil's variance.

    All shares whose own standard error does not rule out the one that was found (Newcombe 2006, method 5): unlike the
    plain interval it has a width where every pair is won.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    half = (n + m) / 2 - 1

    def gap(theta: float) -> float:
        inner = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
        return (theta - share) ** 2 - z * z * theta * (1 - theta) * inner / (n * m)

    low = 0.0 if share <= 0 else float(brentq(gap, 0.0, min(share, 1 - _EDGE)))
    high = 1.0 if share >= 1 else float(brentq(gap, max(share, _EDGE), 1.0))
    return low, high
