"""lme4 formulas: the fixed part, and the random-effect terms, one for each pair of parentheses.

``(1 + x|g)`` and ``(1|g) + (0 + x|g)`` differ in which covariances are estimated: each pair of parentheses with a bar
is a term of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ...core.errors import FormulaError
from ...formulas.algebra import Terms, expand, summands
from ...formulas.functions import check_calls
from ...formulas.nodes import Call, Chain, Group, Name, Node, bare, children, text_of
from ...formulas.parser import parse_sides


@dataclass(frozen=True, slots=True)
class Bar:
    """One random-effect term: columns that vary over the levels of a grouping factor, freely correlated.

    Attributes
    ----------
    expression
        Formula of the columns (``"1"``, ``"1 + typology"``, ``"0 + x"``).
    factors
        Variables whose combination defines the levels; more than one for ``a:b``.
    among
        For a part of ``(x + f||g)`` the whole of what varies, ``"x + f"``: what columns a factor has follows from it.
    """

    expression: str
    factors: tuple[str, ...]
    among: str = ""

    @property
    def group(self) -> str:
        """Name of the grouping factor as lme4 prints it."""
        return ":".join(self.factors)


@dataclass(frozen=True, slots=True)
class MixedFormula:
    """A parsed formula: response, fixed part and random-effect terms.

    ``response`` and ``fixed`` are expressions in normalised spelling.
    """

    text: str
    response: str
    fixed: str
    bars: tuple[Bar, ...]


@lru_cache(maxsize=256)
def parse_formula(text: str) -> MixedFormula:
    """Parse an lme4 formula such as ``gain ~ typology*log_params + (1|language) + (1 + typology|model)``.

    Nesting (``a/b``), interaction (``a:b``) and uncorrelated terms (``(x||g)``) are expanded as lme4 does; of a factor
    in ``(f||g)``, whose columns lme4 leaves correlated, each has a variance of its own (:func:`build_design` sees it).

    Raises
    ------
    FormulaError
        If the formula cannot be parsed completely, or a bar or a parenthesis is missing or misplaced.
    """
    clean = " ".join(text.split())
    left, right = parse_sides(clean)
    check_calls(left, clean)
    if isinstance(right, Chain) and right.level in ("or", "bar"):
        raise _without_parentheses(right, clean)
    fixed: list[tuple[str, Node]] = []
    bars: list[Bar] = []
    for sign, part in split_terms(right):
        inner = bare(part)
        if not (isinstance(inner, Chain) and inner.level in ("or", "bar")):
            _refuse_bars(part, clean)
            fixed.append((sign, part))
        elif sign == "-":
            raise FormulaError(
                f"the random-effect term '{_bar_text(inner)}' in '{clean}' cannot be subtracted.", "Leave it out."
            )
        else:
            bars.extend(_expand_bar(inner, clean))
    return MixedFormula(clean, text_of(left), join_terms(fixed), tuple(bars))


def split_terms(right: Node) -> list[tuple[str, Node]]:
    """The parts of a right-hand side, with their signs; sums around bars are expanded."""
    found: list[tuple[str, Node]] = []
    parts = [("+", right.first), *right.rest] if isinstance(right, Chain) and right.level == "sum" else [("+", right)]
    for sign, part in parts:
        inner = bare(part)
        nested = isinstance(part, Group) and isinstance(inner, Chain) and inner.level == "sum"
        if sign == "+" and nested and any(_has_bar(operand) for operand in children(inner)):
            found += split_terms(inner)
        else:
            found.append((sign, part))
    return found


def join_terms(parts: list[tuple[str, Node]]) -> str:
    """The text of a sum; ``1`` if it is empty."""
    if not parts:
        return "1"
    words: list[str] = []
    for sign, part in parts:
        inner = bare(part)
        keep = isinstance(part, Group) and not isinstance(inner, Name | Call)
        text = f"({text_of(part)})" if keep else text_of(part)
        words += [sign, text] if words or sign == "-" else [text]
    return " ".join(words)


def random_text(bars: Iterable[Bar]) -> str:
    """The random part as it is written in a formula, `` + (1|g) + …``: what to add to another fixed part."""
    pieces = dict.fromkeys(
        f"({bar.among}||{bar.group})" if bar.among else f"({bar.expression}|{bar.group})" for bar in bars
    )
    return "".join(f" + {piece}" for piece in pieces)


@lru_cache(maxsize=1024)
def variables(expression: str, whole: str) -> tuple[str, ...]:
    """Names of the data columns that ``expression`` uses, sorted; ``whole`` is for the message of a parse error."""
    return () if expression == "1" else describe(expression, whole).columns


def describe(expression: str, whole: str) -> Terms:
    """The terms of a right-hand side without bars."""
    return expand(expression, whole)


def _bar_text(node: Chain) -> str:
    return text_of(node.first) + "".join(f"{sign}{text_of(operand)}" for sign, operand in node.rest)


def _without_parentheses(bar: Chain, whole: str) -> FormulaError:
    """``x + 1|g`` parses as one bar over a sum; its last term is what was meant."""
    first = bar.first
    last = first.rest[-1][1] if isinstance(first, Chain) and first.level == "sum" else first
    term = f"{text_of(last)}{bar.rest[0][0]}{text_of(bar.rest[0][1])}"
    return FormulaError(
        f"the random-effect term '{term}' in '{whole}' has no parentheses around it.", f"Write ({term})."
    )


def _has_bar(node: Node) -> bool:
    inner = bare(node)
    return isinstance(inner, Chain) and inner.level in ("or", "bar")


def _refuse_bars(part: Node, whole: str) -> None:
    """Refuse a bar inside a covariance structure of lme4 or glmmTMB."""
    inner = bare(part)
    if isinstance(inner, Call) and any(isinstance(argument, Chain) and argument.level in ("or", "bar")
                                       for argument in inner.arguments) and inner.function in _STRUCTURES:  # fmt: skip
        bar = _bar_text(next(item for item in inner.arguments if isinstance(item, Chain)))
        separate = bar.replace("||", "|").replace("|", "||")
        raise FormulaError(
            f"'{inner.function}({bar})' in '{whole}': covariances of this structure are not fitted.",
            f"Write ({bar}) for free correlations, or ({separate}) for uncorrelated effects.",
        )


#: lme4's and glmmTMB's covariance structures.
_STRUCTURES = frozenset({"us", "diag", "cs", "ar1", "toep", "ou", "exp", "gau", "mat", "rr", "homdiag", "hetar1"})


def _expand_bar(inner: Chain, whole: str) -> list[Bar]:
    """Expand the content of one pair of parentheses into terms."""
    if len(inner.rest) != 1:
        raise FormulaError(
            f"the random-effect term '({_bar_text(inner)})' in '{whole}' needs columns, one bar and a grouping factor.",
            "Write it like (1|language) or (1 + typology|model).",
        )
    sign, factor = inner.rest[0]
    expression = join_terms(summands(inner.first))
    describe(expression, whole)
    groups = _grouping(factor, whole)
    if sign == "|":
        return [Bar(expression, own) for own in groups]
    return [Bar(column, own, expression) for own in groups for column in _uncorrelated(expression, whole)]


def _grouping(factor: Node, whole: str) -> list[tuple[str, ...]]:
    """Factors of ``g``, ``a:b`` and ``a/b/c``, nested ones from the outermost inwards."""
    factor = bare(factor)
    match factor:
        case Name(name=name):
            return [(name,)]
        case Chain(level="interaction"):
            parts = [_grouping(operand, whole) for operand in factor.operands]
            if all(len(part) == 1 for part in parts):
                return [tuple(dict.fromkeys(name for part in parts for name in part[0]))]
        case Chain(level="product") if all(sign == "/" for sign, _ in factor.rest):
            found = _grouping(factor.first, whole)
            for _, operand in factor.rest:
                found += [tuple(dict.fromkeys([*found[-1], *own])) for own in _grouping(operand, whole)]
            return found
        case Chain(level="sum" | "product"):
            each = " + ".join(f"(1|{text_of(operand)})" for operand in factor.operands)
            raise FormulaError(
                f"the grouping factor '{text_of(factor)}' in '{whole}' is not a factor.", f"Write {each}."
            )
        case Call(function=function, arguments=arguments):
            inside = ":".join(text_of(argument) for argument in arguments)
            hint = f"Write {inside}." if function in ("interaction", "factor", "as.factor", "C") else ""
            raise FormulaError(
                f"the grouping factor '{text_of(factor)}' in '{whole}' is not a column.", hint or "Name a column."
            )
    raise FormulaError(f"the grouping factor '{text_of(factor)}' in '{whole}' does not name a variable.")


def _uncorrelated(expression: str, whole: str) -> list[str]:
    """Columns of a ``||`` term, one expression each: ``1 + x`` gives ``1`` and ``0 + x``."""
    found = describe(expression, whole)
    separate = [f"0 + {':'.join(term)}" for term in found.terms]
    return ["1", *separate] if found.intercept else separate
