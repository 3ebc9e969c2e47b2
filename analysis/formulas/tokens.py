"""Split a formula or a condition into tokens, each with its position; errors say at which character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..core.errors import FormulaError

#: Longest formula that is accepted.
LONGEST = 20_000
#: Spellings of one operator. Words are Python's, signs are R's or pandas'.
_SAME = {"**": "^", "&&": "&", "and": "&", "or": "|", "not": "!", "−": "-", "≠": "!=", "≤": "<=", "≥": ">=", "×": "*"}
_CONSTANTS: dict[str, bool | None] = {"True": True, "TRUE": True, "False": False, "FALSE": False, "None": None,
                                      "NULL": None}  # fmt: skip
_WORDS = frozenset({"and", "or", "not", "in"})
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#.*)
      |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      |(?P<text>'[^']*'|"[^"]*")
      |(?P<quoted>`[^`]+`)
      |(?P<inside>%in%)
      |(?P<name>[^\W\d]\w*(?:(?:\.|::)\w+)*)
      |(?P<sign>\*\*|&&|\|\||==|!=|>=|<=|[-=≠≥≤<>+−*×/^:|&!~(),\[\]])""",
    re.VERBOSE,
)
_HINTS = {
    "@": "Write the value itself: variables with '@' are not supported.",
    "{": "Put arithmetic into I(…).",
    "%": "The only operator between '%' is %in%.",
    ".": "List the columns: '.' for all other columns is not supported.",
}


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``number``, ``text``, ``name``, ``constant``, ``sign`` or ``end``; ``at`` counts from 0."""

    kind: str
    value: str
    at: int

    @property
    def shown(self) -> str:
        """How messages name it."""
        return "the end" if self.kind == "end" else f"'{self.value}'"


def formula_error(message: str, text: str, at: int, hint: str = "") -> FormulaError:
    """The error for ``text`` at a character."""
    return FormulaError(f"'{text}' cannot be read: at character {at + 1} {message}", hint)


def constant(word: str) -> bool | None:
    """The value of a token of kind ``constant``."""
    return _CONSTANTS[word]


def tokenize(text: str) -> Iterator[Token]:
    """Tokens of a formula, the last of kind ``end``.

    Raises
    ------
    FormulaError
        At a character that cannot start a token.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"a formula of {len(text):,} characters is longer than {LONGEST:,}.")
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            hint = "The quote is never closed." if text[at] in "'\"`" else _HINTS.get(text[at], "")
            raise formula_error(f"'{text[at]}' is not understood.", text, at, hint)
        kind, value = str(match.lastgroup), match[0]
        if kind in ("text", "quoted"):
            yield Token("text" if kind == "text" else "name", value[1:-1], at)
        elif kind == "inside":
            yield Token("sign", value, at)
        elif kind == "name" and value in _CONSTANTS:
            yield Token("constant", value, at)
        elif kind == "name" and value not in _WORDS:
            yield Token("name", value, at)
        elif kind != "blank":
            yield Token("number" if kind == "number" else "sign", _SAME.get(value, value), at)
        at = match.end()
    yield Token("end", "", len(text))
