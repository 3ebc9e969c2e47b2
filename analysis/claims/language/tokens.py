"""Split a claim into tokens, each with its position; errors point at the character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...core.errors import CrossliftError

#: Words that end an expression; a column of such a name is written in backticks.
KEYWORDS = frozenset({"where", "by", "weights", "and", "or", "not", "in", "over"})
#: Spellings of one operator.
_SAME = {"==": "=", "≠": "!=", "≥": ">=", "≤": "<=", "−": "-", "×": "*", "÷": "/"}
_TOKEN = re.compile(
    r"""(?P<blank>\s+)
      |(?P<number>\d+(?:\.\d+)?|\.\d+)
      |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      |(?P<quoted>`[^`]+`)
      |(?P<name>[^\W\d]\w*(?:\.\w+)*)
      |(?P<operator>==|!=|>=|<=|[=≠≥≤<>+\-−*×/÷(),])""",
    re.VERBOSE,
)


class ClaimError(CrossliftError):
    """A claim that cannot be read or computed; the hint shows the claim with a mark under the place."""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``number``, ``text``, ``name``, ``keyword``, ``operator`` or ``end``; ``at`` counts from 0."""

    kind: str
    value: str
    at: int

    @property
    def shown(self) -> str:
        """How messages name it."""
        return "the end of the claim" if self.kind == "end" else f"'{self.value}'"


def claim_error(message: str, claim: str, at: int, hint: str = "") -> ClaimError:
    """The error for ``claim`` at a character."""
    mark = f"{claim}\n  {' ' * at}^"
    return ClaimError(f"claim, character {at + 1}: {message}", f"{mark}\n  {hint}" if hint else mark)


def tokenize(claim: str) -> Iterator[Token]:
    """Tokens of a claim, the last of kind ``end``.

    Raises
    ------
    ClaimError
        At a character that no token starts with.
    """
    at = 0
    while at < len(claim):
        match = _TOKEN.match(claim, at)
        if match is None:
            hint = "The quote is never closed." if claim[at] in "'\"`" else ""
            raise claim_error(f"'{claim[at]}' is not understood.", claim, at, hint)
        kind, value = str(match.lastgroup), match[0]
        if kind == "text":
            yield Token(kind, value[1:-1].replace(value[0] * 2, value[0]), at)
        elif kind == "quoted":
            yield Token("name", value[1:-1], at)
        elif kind == "name" and value.lower() in KEYWORDS:
            yield Token("keyword", value.lower(), at)
        elif kind != "blank":
            yield Token(kind, _SAME.get(value, value), at)
        at = match.end()
    yield Token("end", "", len(claim))
