"""Prose that names numbers: ``{slope}``, ``{slope.interval}``, ``{figure main}``, ``{table slopes}``."""

from __future__ import annotations

import re
from collections.abc import Callable

from .numbers import Numbers

#: Mathematics and code are left as they are.
_KEPT = re.compile(r"(\$\$.+?\$\$|\$[^$\n]+\$|```.*?```|`[^`\n]*`)", re.DOTALL)
_REFERENCE = re.compile(r"\{([^{}\n]*)\}")
_BLOCK = re.compile(r"^\{(figure|table) ([\w-]+)\}[ \t]*$", re.MULTILINE)

#: Text in which a number is not a statistic: names of models, data sets, sizes and levels.
_NAMES = re.compile(
    r"\b(?:x?P3(?:mt)?|mT[05]|T0|XLM-\d+|CC-100|BERT4\w*|MasakhaNER\s2(?:\.0)?|WikiANN|SQuAD\sv[12]\.[01]|ISO\s639-\d"
    r"|\d+(?:\.\d+)?[MB]|F1|R²|B\d+|Okapi)\b|\b95%"
)
_NUMERAL = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?%?")


def fill(text: str, numbers: Numbers) -> str:
    """Replace names by their numbers.

    Raises
    ------
    NumbersError
        If a name was not recorded.
    """
    pieces = _KEPT.split(text)
    return "".join(
        piece if i % 2 else _REFERENCE.sub(lambda hit: _print(hit, numbers), piece) for i, piece in enumerate(pieces)
    )


def _print(hit: re.Match[str], numbers: Numbers) -> str:
    return hit[0] if _BLOCK.match(hit[0]) else numbers.print(hit[1].strip())


def blocks(text: str) -> list[tuple[str, str]]:
    """The figures and tables that a text asks for, as ``(kind, name)``."""
    return [(hit[1], hit[2]) for hit in _BLOCK.finditer(text)]


def replace_blocks(text: str, figure: Callable[[str], str], table: Callable[[str], str]) -> str:
    """Replace names on lines of their own by what ``figure`` and ``table`` return."""
    return _BLOCK.sub(lambda hit: (figure if hit[1] == "figure" else table)(hit[2]), text)


def literal_statistics(text: str) -> list[str]:
    """Numerals that are typed in prose instead of recorded.

    Names with a digit (``mT5``, ``7.1B``, ``95%`` as a level), code, mathematics, links and references to numbers
    do not count.
    """
    plain = _KEPT.sub(" ", text)
    plain = re.sub(r"\]\([^)]*\)|<[^>]*>|\[@[^\]]*\]", " ", plain)
    plain = _NAMES.sub(" ", _REFERENCE.sub(" ", plain))
    return _NUMERAL.findall(plain)
