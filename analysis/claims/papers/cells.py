"""A cell of a printed table: its numbers, whatever is printed around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

#: Marks of footnotes, significance and emphasis that stand behind or around a number.
_MARKS = re.compile(r"[*†‡§¶♦♠♣★☆^]+|[⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ]+|\[\w{1,2}\]|(?<=\d)\s*(?:pts?|points?)\b", re.IGNORECASE)
_EMPTY = re.compile(r"^(?:[-–—−]+|n/?a|nan|none|\?|\.\.\.|…)?$", re.IGNORECASE)
_NUMBER = r"[+\-−–]?\s?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+[.,]\d+|\d+|\.\d+)"
_CELL = re.compile(
    rf"^(?P<value>{_NUMBER})\s*%?"
    rf"(?:\s*/\s*(?P<second>{_NUMBER})\s*%?)?"
    rf"(?:\s*(?:±|\+/-|\+-)\s*(?P<spread>{_NUMBER}))?"
    rf"(?:\s*\((?P<bracket>[^()]*)\))?$"
)
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed number: its value, its decimals, and whether it has a sign of its own (a difference)."""

    value: Fraction
    decimals: int
    signed: bool = False
    text: str = ""

    @property
    def half(self) -> Fraction:
        """Half a unit of the last decimal."""
        return Fraction(1, 2 * 10**self.decimals)


@dataclass(frozen=True, slots=True)
class PaperCell:
    """A cell as it is printed: its text without markup, how it is emphasised, and where it stands.

    ``line`` is that of the file, or the page of a PDF.
    """

    text: str
    bold: bool = False
    underline: bool = False
    line: int = 0

    @property
    def blank(self) -> bool:
        """Whether nothing is printed."""
        return bool(_EMPTY.match(self.text.strip()))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Its numbers: one, two of a pair such as F1/EM, none if it is text."""
        return parse_figures(self.text)


def parse_figures(text: str) -> tuple[Figure, ...]:
    """The number or pair of numbers of a cell; what stands behind ± or in brackets is its spread and left out."""
    plain = _MARKS.sub("", text.replace("\xa0", " ").replace("−", "-").replace("–", "-")).strip()
    found = _CELL.match(plain)
    if found is None:
        return ()
    parts = [found["value"], found["second"]]
    return tuple(_figure(part) for part in parts if part is not None)


def _figure(printed: str) -> Figure:
    plain = printed.replace(" ", "")
    if _THOUSANDS.match(plain):
        plain = plain.replace(",", "")
    plain = plain.replace(",", ".")
    decimals = len(plain.partition(".")[2])
    return Figure(Fraction(plain), decimals, plain[0] in "+-", printed.strip())
