"""Verdicts: what the readings of a claim come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .numbers.intervals import Interval
from .registry import Claim

VERDICTS = ("reproduced", "reproduced-under", "possible-by-rounding", "consistent", "contradicted", "not-checkable")
#: In place of a verdict, for a claim that this version has no check for.
NOT_COMPUTED = "not-computed"
HOLDS, POSSIBLE, FAILS, OPEN, NO_DATA = "holds", "possible", "fails", "open", "no data"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A table, the lines of its file that were used, and what they say; ``sha256`` for tables that are not bundled."""

    data: str
    lines: tuple[int, ...]
    says: str
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """With the hash of the table."""
        from ..records.bundled import find

        return {
            "data": self.data,
            "sha256": self.sha256 or find(self.data).sha256(),
            "lines": list(self.lines),
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """One defensible way to read a claim.

    Attributes
    ----------
    name
        What this reading decides: which publication, metric, average.
    status
        ``holds``, ``possible`` (by rounding of the cells only), ``fails``, ``open`` (cells are missing that could make
        it true) or ``no data``.
    recomputed
        What the data give under it, given the rounding of the cells; ``None`` if nothing.
    needs
        For an open reading, what the missing cells must be; otherwise why it does not hold.
    chance
        For a possible one, how often independent rounding errors move a figure so far.
    center
        The figure by the cells as they are printed, where that is not the middle of ``recomputed``.
    """

    name: str
    status: str
    recomputed: Interval | None = None
    needs: str = ""
    chance: float | None = None
    center: Fraction | None = None

    @property
    def central(self) -> Fraction | None:
        """The figure by the cells as they are printed."""
        return self.center if self.center is not None or self.recomputed is None else self.recomputed.center

    def to_json(self) -> dict[str, Any]:
        """Ends of the interval as numbers."""
        return {
            "reading": self.name,
            "status": self.status,
            "recomputed": as_json(self.recomputed),
            "central": None if self.central is None else float(self.central),
            "needs": self.needs,
            **({} if self.chance is None else {"chance": self.chance}),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found: its readings, in words why, the evidence, and tables to print in full."""

    readings: tuple[Reading, ...]
    reason: str
    evidence: tuple[Evidence, ...] = ()
    recomputed: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim with its verdict."""

    claim: Claim
    verdict: str
    check: Check

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.check.reason


def as_json(interval: Interval | None) -> dict[str, float] | None:
    """Ends as floating-point numbers."""
    return None if interval is None else {"low": float(interval.low), "high": float(interval.high)}


def settle(claim: Claim, check: Check) -> Outcome:
    """The verdict that the readings of one check come to.

    All hold: reproduced. Some hold: reproduced-under. None holds, but rounding of the cells could give some:
    possible-by-rounding. None of these, but some lack cells that could make it true: consistent. None holds and none
    lacks cells: contradicted. No reading has any data: not-checkable.
    """
    return Outcome(claim, verdict_of(check.readings), check)


def verdict_of(readings: Sequence[Reading]) -> str:
    """The verdict by the statuses of readings; see :func:`settle`."""
    statuses = [reading.status for reading in readings]
    if all(status == NO_DATA for status in statuses):
        return "not-checkable"
    if all(status == HOLDS for status in statuses):
        return "reproduced"
    if HOLDS in statuses:
        return "reproduced-under"
    if POSSIBLE in statuses:
        return "possible-by-rounding"
    return "consistent" if OPEN in statuses or NO_DATA in statuses else "contradicted"


def join(claim: Claim, parts: Sequence[Outcome]) -> Outcome:
    """The verdict on a claim that joins others: as good as its worst part.

    One contradicted part contradicts it; a part that cannot be checked leaves the whole unchecked.
    """
    order = ("contradicted", NOT_COMPUTED, "not-checkable", "consistent", "possible-by-rounding", "reproduced-under",
             "reproduced")  # fmt: skip
    verdict = min((part.verdict for part in parts), key=order.index)
    reason = "; ".join(f"{part.claim.id}: {part.verdict}" for part in parts)
    recomputed = "; ".join(part.check.recomputed for part in parts if part.check.recomputed)
    evidence = tuple(dict.fromkeys(item for part in parts for item in part.check.evidence))
    readings = tuple(reading for part in parts for reading in part.check.readings)
    return Outcome(claim, verdict, Check(readings, reason, evidence, recomputed))
