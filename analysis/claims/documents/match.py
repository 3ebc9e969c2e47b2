"""Rows of documents against the registry, by what they say: which claim a row states, and whether it does so rightly.

Neither the name of a document nor the place of a row counts. A row states the claim whose patterns it holds, the most
specific one where several fit. Figures are the numbers that are not part of a name, a version, a citation or a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ..registry import Claim, Registry, Statement
from .parse import Document, Row

#: A row says what a claim says; it says it with another figure or name; nothing in the registry is about it.
STATES, DIFFERS, UNKNOWN = "states", "contradicted by the registry", "not-checkable"
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
#: Numbers that count nothing: years in citations, versions, items of a list, footnotes.
_NO_FIGURE = re.compile(
    r"\((?:[^()]*,\s*)?(?:19|20)\d\d[a-z]?\)|\bv\d+(?:\.\d+)*|\b[A-Za-z]+-\d+\b|\([ivx]+\)|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\[\d+\]"
)
_FIGURE = re.compile(
    rf"(?<![\w.,-])(\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|{'|'.join(_WORDS[2:])})(?!\w|,\d|\.\d)",
    re.IGNORECASE,
)
#: Models and sources that a row may name in place of the right one.
_OTHERS = re.compile(
    r"\b(mBERT|XLM-R(?:oBERTa)?(?: (?:Base|Large|XL|XXL))?|mT5(?: \w+)?|RoBERTa|BERT|mBART"
    r"|Quora|Wikipedia|Reddit|Twitter)\b"
)


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What the registry says of one row.

    Attributes
    ----------
    document, row
        Which row.
    claim
        Id of the claim that it is about, or empty.
    verdict
        ``STATES``, ``DIFFERS`` or ``UNKNOWN``.
    why
        The figures that differ, or those that were found.
    """

    document: str
    row: Row
    claim: str
    verdict: str
    why: str = ""

    def text(self) -> str:
        """One line for a reader."""
        about = f" ({self.claim})" if self.claim else ""
        return f"{self.document}, row {self.row.number}: {self.verdict}{about}, {self.why}"


def match_rows(document: Document, registry: Registry) -> tuple[RowVerdict, ...]:
    """The verdict of the registry on every row of a document."""
    return tuple(_match(document.name, row, registry) for row in document.rows)


def restated(registry: Registry, documents: Sequence[Document]) -> Registry:
    """The registry with the rows of these documents as those that state its claims."""
    stated: dict[str, list[Statement]] = {}
    for document in documents:
        for found in match_rows(document, registry):
            if found.verdict == STATES:
                item = Statement(document.name, found.row.number, found.row.verified, found.row.confidence)
                stated.setdefault(found.claim, []).append(item)
    claims = {name: replace(claim, stated=tuple(stated.get(name, ()))) for name, claim in registry.claims.items()}
    return Registry(claims, {document.name: len(document.rows) for document in documents})


def figures(text: str) -> tuple[Fraction, ...]:
    """Numbers of a text that count or measure something, words included, in their order."""
    return tuple(_number(match[1]) for match in _FIGURE.finditer(_NO_FIGURE.sub(" ", text)))


def _number(printed: str) -> Fraction:
    low = printed.lower()
    return Fraction(_WORDS.index(low)) if low in _WORDS else Fraction(printed.replace(",", ""))


def _match(name: str, row: Row, registry: Registry) -> RowVerdict:
    found = figures(row.text)
    shown = ", ".join(_shown(figure) for figure in found)
    claim = best_claim(row.text, registry)
    if claim is None:
        return RowVerdict(
            name, row, "", UNKNOWN, f"figures: {shown}" if shown else "no figure, and no claim is about it"
        )
    wrong = list(_wrong_names(row.text, claim)) + list(_wrong_figures(found, claim, registry, row))
    if wrong:
        return RowVerdict(name, row, claim.id, DIFFERS, "; ".join(wrong))
    return RowVerdict(name, row, claim.id, STATES)


def best_claim(text: str, registry: Registry) -> Claim | None:
    """The claim whose patterns a text holds; of several that with most of them."""
    fitting = [
        claim
        for claim in registry.claims.values()
        if claim.says and all(re.search(pattern, text, re.IGNORECASE) for pattern in claim.says)
    ]
    return max(fitting, key=lambda claim: len(claim.says), default=None)


def _wrong_names(text: str, claim: Claim) -> Iterator[str]:
    """Another name in the place of the one that the claim has."""
    for name in claim.names:
        if name.lower() not in text.lower() and (others := _OTHERS.findall(text)):
            yield f"{', '.join(others)} in place of {name}"


def _wrong_figures(found: Sequence[Fraction], claim: Claim, registry: Registry, row: Row) -> Iterator[str]:
    """Figures that are neither claimed nor in the claim's own words; nothing is said of one that is cut off."""
    parts = [claim, *(registry.claims[part] for part in claim.parts)]
    claimed = [Fraction(str(item.value)) for item in parts if item.value is not None]
    context = figures(claim.statement)
    known = [*claimed, *context]
    foreign = [figure for figure in found if figure not in known]
    lacking = [figure for figure in claimed if figure not in found]
    if not claimed:
        return
    if foreign and row.cut_off and not lacking:
        foreign = foreign[:-1] if found[-1] == foreign[-1] else foreign
    for figure in foreign:
        place = f" in place of {', '.join(map(_shown, lacking))}" if lacking else ", which the claim does not have"
        yield f"{_shown(figure)}{place}"


def _shown(figure: Fraction) -> str:
    return f"{int(figure):,}" if figure.denominator == 1 else f"{float(figure):g}"
