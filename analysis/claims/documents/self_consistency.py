"""A document against itself: counts that it announces, and numbers that its parts state differently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .parse import Document

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER = rf"(?<![\w.])(\d+(?:\.\d+)?|{'|'.join(_WORDS)})"  # not the last digit of v1.1
#: Quantities that several parts of a document may state. The first group of a pattern is the value.
_QUANTITIES = {
    "benchmark": (r"\b(XTREME(?:-[A-Z]+)?)\b",),
    "intermediate tasks": (
        rf"{_NUMBER}\s+(?:different\s+)?(?:English\s+)?intermediate\b",
        rf"\ball\s+{_NUMBER}\s+tasks\b",
    ),
    "target tasks": (rf"{_NUMBER}\s+target\s+tasks\b",),
    "papers": (rf"{_NUMBER}\s+papers\b",),
    "quality score": (rf"\bquality (?:review )?score(?: of|:)\s+{_NUMBER}",),
    "parameters": (r"\b(\d+(?:\.\d+)?[BM])\b",),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A quantity that parts of a document state differently: the values by part."""

    quantity: str
    values: tuple[tuple[str, tuple[str, ...]], ...]

    def text(self) -> str:
        """``benchmark: title XTREME-R, abstract XTREME``."""
        return f"{self.quantity}: " + ", ".join(f"{part} {'/'.join(values)}" for part, values in self.values)


@dataclass(frozen=True, slots=True)
class Account:
    """Announced against found, for one document. ``None`` where the document announces nothing."""

    document: str
    claims_announced: int | None
    claims_listed: int
    verified_announced: int | None
    verified_counted: int
    papers_announced: int | None
    references_listed: int
    cut_off: tuple[int, ...]
    title_cut_off: bool
    abstract_cut_off: bool
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]

    def mismatches(self) -> tuple[str, ...]:
        """Every count that is not as announced, in words."""
        found = []
        for what, announced, counted in (
            ("claims", self.claims_announced, self.claims_listed),
            ("verified", self.verified_announced, self.verified_counted),
            ("papers", self.papers_announced, self.references_listed),
        ):
            if announced is not None and announced != counted:
                found.append(f"{announced} {what} announced, {counted} {'referenced' if what == 'papers' else 'found'}")
        return tuple(found)


def account(document: Document) -> Account:
    """Hold a document against itself."""
    prose = "\n".join(document.sections.values())
    return Account(
        document=document.name,
        claims_announced=_announced(prose, r"\b(\d+)\s+claims?\s+extracted\b"),
        claims_listed=len(document.rows),
        verified_announced=_announced(prose, r"\b(\d+)\s+(?:independently\s+)?verified\b"),
        verified_counted=sum(row.verified for row in document.rows),
        papers_announced=_announced(prose, r"\b(\d+)\s+papers\b"),
        references_listed=len(document.references),
        cut_off=tuple(row.number for row in document.rows if row.cut_off),
        title_cut_off=document.title_cut_off,
        abstract_cut_off=bool(document.abstract) and document.abstract.rstrip()[-1] not in ".!?",
        differences=tuple(_differences(document)),
        problems=document.problems,
    )


def _announced(prose: str, pattern: str) -> int | None:
    found = re.search(pattern, prose, re.IGNORECASE)
    return int(found[1]) if found else None


def _differences(document: Document) -> Iterator[Difference]:
    parts = {"title": document.title, **document.sections, "table": "\n".join(row.text for row in document.rows)}
    for quantity, patterns in _QUANTITIES.items():
        values = {
            part: found for part, text in parts.items() if (found := _values(text, patterns)) and part != "references"
        }
        if len(set(values.values())) > 1:
            yield Difference(quantity, tuple(values.items()))


def _values(text: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    found = {match[1] for pattern in patterns for match in re.finditer(pattern, text, re.IGNORECASE)}
    return tuple(sorted({str(_WORDS.index(item.lower())) if item.lower() in _WORDS else item for item in found}))
