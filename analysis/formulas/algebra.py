"""From the right-hand side of a formula to its terms, as in R.

The operators are those of Wilkinson and Rogers (1973, Applied Statistics 22).
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from ..core.errors import FormulaError
from .functions import check_calls
from .nodes import Call, Chain, Comparison, Group, Name, Node, Number, Power, Unary, bare, names_in, text_of
from .parser import parse_expression

#: A formula that expands to more terms is a mistake, not a model.
MOST_TERMS = 1000

_Term = frozenset[str]
_Found = TypeVar("_Found", bound=Sized)


@dataclass(frozen=True, slots=True)
class Terms:
    """An expanded right-hand side.

    Attributes
    ----------
    intercept
        Whether the model has one.
    terms
        The variables of each term; main effects first, then interactions of two, and so on, each in the order of the
        formula, as in R.
    variables
        The expression of each variable, by its text.
    """

    intercept: bool
    terms: tuple[tuple[str, ...], ...]
    variables: Mapping[str, Node]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of data that the terms use, sorted."""
        used = {name for term in self.terms for name in term}
        return tuple(sorted({name for text in used for name in names_in(self.variables[text])}))


@lru_cache(maxsize=1024)
def expand(expression: str, whole: str) -> Terms:
    """The terms of ``expression``; ``whole`` is the formula for messages.

    Raises
    ------
    FormulaError
        If it cannot be read or is not a sum of terms.
    """
    return _Expansion(whole).run(parse_expression(expression))


class _Expansion:
    def __init__(self, whole: str) -> None:
        self.whole = whole
        self.variables: dict[str, Node] = {}

    def run(self, node: Node) -> Terms:
        intercept, found = True, dict[_Term, None]()
        for sign, part in summands(node):
            number = part.value if isinstance(part, Number) else None
            if number is not None:
                if number not in (0, 1):
                    raise self.error(f"'{text_of(part)}' is neither 0 nor 1.", "Write I(…) for arithmetic.")
                intercept = (number == 1) == (sign == "+")
            elif sign == "+":
                found |= dict.fromkeys(self.terms(part))
            else:
                for term in self.terms(part):
                    found.pop(term, None)
            self.count(found)
        order = {text: i for i, text in enumerate(self.variables)}
        terms = sorted((tuple(sorted(term, key=order.__getitem__)) for term in found), key=len)
        return Terms(intercept, tuple(terms), self.variables)

    def terms(self, node: Node) -> list[_Term]:
        match node:
            case Name() | Call():
                if isinstance(node, Call) and node.function == "offset":
                    raise self.error(
                        f"'{text_of(node)}' is not supported.", "Subtract it from the outcome: y - x ~ … fits the same."
                    )
                return [self.variable(node)]
            case Group(inside=inside):
                own = bare(node)
                if isinstance(own, Comparison) or (isinstance(own, Unary) and own.sign == "!"):
                    return [self.variable(own)]
                return self.sum(inside)
            case Chain(level="interaction"):
                parts = [self.terms(operand) for operand in node.operands]
                found = parts[0]
                for more in parts[1:]:
                    found = self.cross(found, more)
                return found
            case Chain(level="within"):
                found = self.terms(node.first)
                for _, operand in node.rest:
                    found = self.cross(found, [self.all_of(self.terms(operand))])
                return found
            case Chain(level="product"):
                return self.product(node)
            case Power(base=base, exponent=exponent):
                return self.power(base, exponent)
            case Comparison():
                raise self.error(f"the comparison '{text_of(node)}' is not a term.", f"Write I({text_of(node)}).")
            case Chain(level="or" | "bar" | "and"):
                hint = "Add a random-effect term to the sum: … + (1|g)." if node.level != "and" else ""
                raise self.error(f"a bar is not allowed in '{text_of(node)}'.", hint)
            case Number():
                raise self.error(f"'{text_of(node)}' is not a column.", "Write I(…) for arithmetic, as in I(2*x).")
            case _:
                raise self.error(f"'{text_of(node)}' is not a term.", "Write I(…) for arithmetic.")

    def sum(self, node: Node) -> list[_Term]:
        """The terms of a sum inside parentheses."""
        found = dict[_Term, None]()
        for sign, part in summands(node):
            if sign == "+":
                found |= dict.fromkeys(self.terms(part))
            else:
                for term in self.terms(part):
                    found.pop(term, None)
            self.count(found)
        return list(found)

    def product(self, node: Chain) -> list[_Term]:
        found = self.terms(node.first)
        for sign, operand in node.rest:
            more = self.terms(operand)
            if sign == "*":
                found = [*found, *more, *self.cross(found, more)]
            else:
                found = [*found, *self.cross([self.all_of(found)], more)]
            found = list(dict.fromkeys(found))
        return found

    def power(self, base: Node, exponent: Node) -> list[_Term]:
        times = bare(exponent)
        if not isinstance(times, Number) or times.value != int(times.value) or not 1 <= times.value <= 10:
            raise self.error(f"'{text_of(exponent)}' is not a valid power.", "Write I(…) for arithmetic, as in I(x^2).")
        found = once = self.terms(base)
        for _ in range(int(times.value) - 1):
            found = list(dict.fromkeys([*found, *self.cross(found, once)]))
        return found

    def cross(self, left: list[_Term], right: list[_Term]) -> list[_Term]:
        if len(left) * len(right) > MOST_TERMS * 100:
            raise self.too_many()
        return self.count(list(dict.fromkeys(a | b for a in left for b in right)))

    def all_of(self, terms: list[_Term]) -> _Term:
        return frozenset().union(*terms)

    def variable(self, node: Node) -> _Term:
        check_calls(node, self.whole)
        text = text_of(node)
        self.variables.setdefault(text, node)
        return frozenset([text])

    def count(self, found: _Found) -> _Found:
        if len(found) > MOST_TERMS:
            raise self.too_many()
        return found

    def too_many(self) -> FormulaError:
        return self.error(f"it has more than {MOST_TERMS} terms.")

    def error(self, message: str, hint: str = "") -> FormulaError:
        return FormulaError(f"the formula '{self.whole}' cannot be read: {message}", hint)


def summands(node: Node) -> list[tuple[str, Node]]:
    """The parts of a sum with their signs; a sum in parentheses after a ``+`` is split too."""
    inside = bare(node)
    if isinstance(inside, Number) or (isinstance(inside, Chain) and inside.level == "sum"):
        node = inside
    parts: list[tuple[str, Node]] = [("+", node)]
    if isinstance(node, Chain) and node.level == "sum":
        parts = [("+", node.first), *node.rest]
    found: list[tuple[str, Node]] = []
    for given, part in parts:
        sign, inner = given, part
        while isinstance(inner, Unary) and inner.sign in "+-":
            sign = sign if inner.sign == "+" else "-" if sign == "+" else "+"
            inner = inner.operand
        group = bare(inner)
        if sign == "+" and isinstance(inner, Group) and isinstance(group, Chain) and group.level == "sum":
            found += summands(group)
        else:
            found.append((sign, group if isinstance(group, Number) else inner))
    return found
