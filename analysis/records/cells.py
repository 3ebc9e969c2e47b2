"""Cells of a column of numbers as people write them: ``59.7%``, ``**63.3**``, ``73.8±0.4``, ``59,7``, ``n/a``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice

from ..core.missing import is_missing

_MARKUP = re.compile(
    r"\\(?:textbf|textit|underline|mathbf|mathit|emph|uline|bfseries|bf|it|cellcolor\{[^}]*\}|textcolor\{[^}]*\}|"
    r"hl|num|small|scriptsize|footnotesize|tiny|phantom\{[^}]*\})\b|[{}$]|\*\*|__|~~|</?(?:b|strong|i|em|u|sup|sub)>"
)
_MARKS = re.compile(r"[*†‡§¶↑↓▲▼⁎∗ⁱ ᵃᵇᶜ\u200b\xa0\s]+")
_SPREAD = re.compile(
    r"^(?P<value>[^±(_]+?)\s*(?:±|\+/-|\+-|\\pm|_\{?\s*(?:±|\\pm)?|\(\s*(?:±|\\pm)?)\s*(?P<spread>\d*[.,]?\d+)\s*\)?$"
)
_TWO = re.compile(r"^(?P<one>\d+(?:[.,]\d+)?)\s*/\s*(?P<two>\d+(?:[.,]\d+)?)$")
_COMMA = re.compile(r"^[+-]?\d{1,3},\d+$")
_THOUSANDS = re.compile(r"^\d{1,3}(,\d{3})+$")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of a column.

    Attributes
    ----------
    values
        Of each cell, ``None`` where it says that there is none and where it is no number.
    bad
        Position of the first cell that is no number, and how many there are; -1 if there is none.
    missing
        How often each way of writing that there is no value occurs, empty cells apart.
    percent
        True if the cells have percent signs: points already.
    spread
        How many cells had a spread behind them.
    """

    values: list[float | None]
    bad: int
    bads: int
    missing: dict[str, int]
    percent: bool
    spread: int
    comma: bool


def plain(text: str) -> str:
    """A cell without bold type, LaTeX, dagger marks and arrows."""
    return _MARKS.sub(" ", _MARKUP.sub("", text.replace("\\pm", "±").replace("\\%", "%"))).strip()


def two_values(text: str) -> tuple[str, str] | None:
    """The two numbers of a cell such as ``80.1/75.2``."""
    found = _TWO.match(plain(text))
    return (found["one"], found["two"]) if found else None


def parse_column(cells: Iterable[object], thousands: bool = False) -> Numbers:
    """Read a column of text as numbers.

    Parameters
    ----------
    cells
        Text, or what is missing.
    thousands
        Whether a comma before three digits separates thousands (of counts), rather than being a decimal comma.
    """
    texts = [None if cell is None or cell != cell else plain(str(cell)) for cell in cells]
    missing: dict[str, int] = {}
    for text in texts:
        if text and is_missing(text):
            missing[text] = missing.get(text, 0) + 1
    given = [text for text in texts if text and not is_missing(text)]
    percent = bool(given) and all(text.endswith("%") for text in given)
    if percent:
        texts = [text.rstrip("%").strip() if text else text for text in texts]
    spread = 0
    stripped: list[str | None] = []
    for text in texts:
        found = _SPREAD.match(text) if text else None
        spread += found is not None
        stripped.append(found["value"].strip() if found else text)
    numeric = [text for text in stripped if text and not is_missing(text)]
    comma = bool(numeric) and not thousands and _decimal_commas(numeric)
    values: list[float | None] = []
    bad, bads = -1, 0
    for i, text in enumerate(stripped):
        if not text or is_missing(text):
            values.append(None)
            continue
        value = _number(text, comma, thousands)
        values.append(value)
        if value is None:
            bad, bads = (i if bad < 0 else bad), bads + 1
    return Numbers(values, bad, bads, missing, percent, spread, comma)


def _decimal_commas(texts: Sequence[str]) -> bool:
    """Whether commas are decimal: every number with a fraction has one, and none has a point."""
    with_comma = [text for text in texts if _COMMA.match(text.lstrip("−-+"))]
    return bool(with_comma) and not any("." in text for text in texts)


def _number(text: str, comma: bool, thousands: bool) -> float | None:
    text = text.replace("−", "-").replace("–", "-") if text[0] in "−–" else text
    if comma:
        text = text.replace(",", ".")
    elif thousands and _THOUSANDS.match(text):
        text = text.replace(",", "")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def looks_numeric(cells: Iterable[object]) -> bool:
    """Whether most of the first cells that are filled are numbers, or pairs of them."""
    filled = (str(cell) for cell in cells if cell is not None and cell == cell and not is_missing(str(cell)))
    given = list(islice(filled, 200))
    if not given:
        return False
    found = parse_column(given)
    pairs = sum(two_values(text) is not None for text in given)
    return len(given) - found.bads + pairs >= max(1, 0.6 * len(given))


def to_points(value: float) -> float:
    """A fraction in points, with the digits that it was printed with: 0.548 is 54.8."""
    try:
        return float(Decimal(repr(float(value))).scaleb(2))
    except InvalidOperation:
        return value * 100.0
