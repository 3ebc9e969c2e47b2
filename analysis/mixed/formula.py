"""lme4 formulas: the fixed part, and the random-effect terms with their blocks kept apart.

``formulae`` parses fixed effects and grouping expressions, but it flattens ``(1 + x|g)`` and ``(1|g) + (0 + x|g)``
into the same list of terms, and it has no ``||``. Both differences decide which covariances are estimated, so
the split at the bars is made here and each piece is handed to ``formulae``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import FormulaError


@dataclass(frozen=True, slots=True)
class Bar:
    """One random-effect term: columns that vary over the levels of a grouping factor, freely correlated.

    Attributes
    ----------
    expression
        Formula of the columns, as ``formulae`` reads it (``"1"``, ``"1 + typology"``, ``"0 + x"``).
    factors
        Variables whose combination defines the levels; more than one for ``a:b``.
    """

    expression: str
    factors: tuple[str, ...]

    @property
    def group(self) -> str:
        """Name of the grouping factor as lme4 prints it."""
        return ":".join(self.factors)


@dataclass(frozen=True, slots=True)
class MixedFormula:
    """A parsed formula: response, fixed part (a ``formulae`` right-hand side) and random-effect terms."""

    text: str
    response: str
    fixed: str
    bars: tuple[Bar, ...]


@lru_cache(maxsize=256)
def parse_formula(text: str) -> MixedFormula:
    """Parse an lme4 formula such as ``gain ~ typology*log_params + (1|language) + (1 + typology|model)``.

    Nesting (``a/b``), interaction (``a:b``) and uncorrelated terms (``(x||g)``) are expanded as lme4 does.

    Raises
    ------
    FormulaError
        If the response, a bar or a parenthesis is missing or misplaced.
    """
    clean = " ".join(text.split())
    left, tilde, right = clean.partition("~")
    if not tilde or not left.strip() or not right.strip():
        raise FormulaError(
            f"the formula '{clean}' has no '~' between an outcome and its predictors.",
            "Write it like gain ~ typology + (1|language).",
        )
    fixed_pieces: list[str] = []
    bars: list[Bar] = []
    for sign, piece in split_terms(right, clean):
        inner = _strip_parentheses(piece)
        if not _has_bar(inner):
            fixed_pieces.append(f"{sign} {piece}")
            continue
        if inner == piece:
            raise FormulaError(
                f"the random-effect term '{piece}' in '{clean}' has no parentheses around it.",
                f"Write ({piece}).",
            )
        if sign == "-":
            raise FormulaError(f"the random-effect term '{piece}' in '{clean}' cannot be subtracted.")
        bars.extend(_expand_bar(inner, clean))
    fixed = " ".join(fixed_pieces).strip().removeprefix("+").strip() or "1"
    return MixedFormula(clean, left.strip(), fixed, tuple(bars))


@lru_cache(maxsize=1024)
def variables(expression: str, whole: str) -> tuple[str, ...]:
    """Names of the data columns that ``expression`` uses, sorted; ``whole`` is for the message of a parse error."""
    if expression == "1":
        return ()
    return tuple(sorted(name for name in describe(expression, whole).var_names if name))


def describe(expression: str, whole: str) -> Any:
    """Return ``formulae``'s description of ``expression``, turning its parse errors into ours."""
    from formulae import model_description

    try:
        return model_description(expression)
    except Exception as error:  # formulae raises ParseError, ScanError, ValueError … without a common base
        raise FormulaError(
            f"the part '{expression}' of the formula '{whole}' cannot be read: {error}.",
            "Formulas follow lme4, for example gain ~ typology*log_params + (1|language) + (1 + typology|model).",
        ) from error


def split_terms(text: str, whole: str) -> list[tuple[str, str]]:
    """Split a right-hand side at the ``+`` and ``-`` that stand outside all parentheses."""
    pieces: list[tuple[str, str]] = []
    depth, start, sign = 0, 0, "+"
    for i, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                raise FormulaError(f"the formula '{whole}' closes a parenthesis that was never opened.")
        elif char in "+-" and depth == 0:
            if text[start:i].strip():
                pieces.append((sign, text[start:i].strip()))
            sign, start = char, i + 1
    if depth:
        raise FormulaError(f"the formula '{whole}' has {depth} parenthesis left open.")
    if text[start:].strip():
        pieces.append((sign, text[start:].strip()))
    return pieces


def _strip_parentheses(piece: str) -> str:
    """Remove parentheses that enclose the whole of ``piece``."""
    while piece.startswith("(") and piece.endswith(")"):
        depth = 0
        for i, char in enumerate(piece):
            depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0 and i < len(piece) - 1:
                return piece
        piece = piece[1:-1].strip()
    return piece


def _has_bar(piece: str) -> bool:
    """Tell whether a ``|`` stands outside all parentheses of ``piece``."""
    depth = 0
    for char in piece:
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(char, 0)
        if char == "|" and depth == 0:
            return True
    return False


def _expand_bar(inner: str, whole: str) -> list[Bar]:
    """Turn the inside of one pair of parentheses into its terms."""
    parts = re.split(r"\s*(\|\|?)\s*", inner)
    if len(parts) != 3 or not parts[0] or not parts[2]:
        raise FormulaError(
            f"the random-effect term '({inner})' in '{whole}' needs columns, one bar and a grouping factor.",
            "Write it like (1|language) or (1 + typology|model).",
        )
    expression, bar, factor = parts
    columns = [expression] if bar == "|" else _uncorrelated(expression, whole)
    names = tuple(name.strip() for name in factor.split(":"))
    if all(name.isidentifier() for name in names) and len(set(names)) == len(names):
        factors = [names]  # without the parser, whose import takes longer than most fits
    else:
        factors = [
            tuple(component.name for component in term.factor.components)
            for term in describe(f"0 + (1|{factor})", whole).group_terms
        ]
    if not factors:
        raise FormulaError(f"the grouping factor '{factor}' of '({inner})' in '{whole}' names no variable.")
    return [Bar(column, own) for own in factors for column in columns]


def _uncorrelated(expression: str, whole: str) -> list[str]:
    """Columns of a ``||`` term, one expression each: ``1 + x`` gives ``1`` and ``0 + x``."""
    columns = []
    for term in describe(expression, whole).common_terms:
        name = getattr(term, "name", "Intercept")
        columns.append("1" if name == "Intercept" else f"0 + {name}")
    return columns
