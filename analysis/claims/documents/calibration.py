"""Flags and confidences of the documents' rows, held against each other and against the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..registry import Registry, Statement
from ..verdicts import VERDICTS, Outcome
from .parse import Document

HOLD = frozenset({"reproduced", "reproduced-under"})


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
    """Whether confidences separate what holds from what does not, in words."""
    rows = stated_rows(outcomes)
    hold = [row.statement.confidence for row in rows if row.outcome.verdict in HOLD]
    fail = [row.statement.confidence for row in rows if row.outcome.verdict == "contradicted"]
    if not hold or not fail:
        lacking = "is contradicted" if not fail else "is reproduced"
        rest = [row.statement.confidence for row in rows if row.outcome.verdict not in HOLD]
        words = f"No claim {lacking}, so it cannot be said whether the confidences separate what holds from what fails."
        if hold and rest:
            words += (
                f" Of {len(hold) * len(rest)} pairs of a row that holds and one that the data leave open, the first "
                f"has the higher confidence in {_wins(hold, rest):.0%} (50% is chance)."
            )
        return words
    return (
        f"Of {len(hold) * len(fail)} pairs of a row that holds and one that fails, the first has the higher confidence "
        f"in {_wins(hold, fail):.0%} (50% is chance)."
    )


def _wins(first: Sequence[float], second: Sequence[float]) -> float:
    """Share of pairs in which the first is higher; ties count half."""
    return sum((a > b) + (a == b) / 2 for a in first for b in second) / (len(first) * len(second))


def against_registry(document: Document, registry: Registry) -> tuple[str, ...]:
    """Differences between a document and its rows in the registry, one line per difference."""
    if document.name not in registry.documents:
        return (f"{document.name} is not in the registry: its rows have no verdicts.",)
    held = {
        item.row: item for claim in registry.claims.values() for item in claim.stated if item.document == document.name
    }
    lines = []
    for row in document.rows:
        item = held.pop(row.number, None)
        if item is None:
            lines.append(f"{document.name}, row {row.number}, is not in the registry.")
        elif (item.verified, item.confidence) != (row.verified, row.confidence):
            lines.append(
                f"{document.name}, row {row.number}: {_flag(row.verified)} {row.confidence:.2f} here, "
                f"{_flag(item.verified)} {item.confidence:.2f} in the registry."
            )
    lines += [f"{document.name}, row {number}, was not read, but the registry has it." for number in held]
    return tuple(lines)


def _flag(verified: bool) -> str:
    return "✓" if verified else "×"
