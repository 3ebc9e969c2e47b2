"""Parse a formula or a condition by recursive descent; text that is not understood completely is refused.

From what binds least to what binds most, as in R: ``~``; ``|`` and ``||``; ``&``; ``!``; comparisons and ``in``; ``+``
and ``-``; ``*`` and ``/``; ``%in%``; ``:``; signs; ``^``. There are no attributes and no indexing, and only names
can be called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ..core.errors import FormulaError
from .nodes import Call, Chain, Comparison, Constant, Group, Listing, Name, Node, Number, Power, Text, Unary
from .tokens import Token, constant, formula_error, tokenize

#: Deepest nesting of parentheses that is accepted.
DEEPEST = 25
_COMPARE = ("==", "!=", "<", "<=", ">", ">=")


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Node:
    """The tree of one side of a formula, or of a condition on rows.

    Raises
    ------
    FormulaError
        With the first character that is not understood.
    """
    parser = _Parser(text)
    found = parser.either()
    parser.end()
    return found


@lru_cache(maxsize=512)
def parse_sides(text: str) -> tuple[Node, Node]:
    """The trees of both sides of a formula.

    Raises
    ------
    FormulaError
        If it does not have a ``~`` with something on both sides, or is not understood.
    """
    parser = _Parser(text)
    missing = FormulaError(
        f"the formula '{text}' does not have a '~' between an outcome and its predictors.",
        "Write it like gain ~ typology + (1|language).",
    )
    if "~" not in (token.value for token in parser.tokens if token.kind == "sign") or parser.ahead.value == "~":
        raise missing
    left = parser.either()
    if not parser.take("~"):
        parser.end()
    if parser.ahead.kind == "end":
        raise missing
    right = parser.either()
    parser.end()
    return left, right


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokenize(text))
        self.next = 0
        self.depth = 0
        self.opened = 0

    def either(self) -> Node:
        """Operands of ``|`` and ``||``."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"parentheses are nested more than {DEEPEST} deep.")
        left, at = self.both(), self.ahead.at
        rest = []
        while token := self.take("|", "||"):
            rest.append((token.value, self.both()))
        self.depth -= 1
        if not rest:
            return left
        return Chain("bar" if any(sign == "||" for sign, _ in rest) else "or", left, tuple(rest), at)

    def both(self) -> Node:
        left, at, rest = self.negation(), self.ahead.at, []
        while self.take("&"):
            rest.append(("and", self.negation()))
        return Chain("and", left, tuple(rest), at) if rest else left

    def negation(self) -> Node:
        count, at = 0, self.ahead.at
        while self.take("!"):
            count += 1
        if count > DEEPEST:
            raise self.error("there are too many 'not' in a row.")
        found = self.comparison()
        return Unary("!", found, at) if count % 2 else found

    def comparison(self) -> Node:
        left, at, rest = self.sum(), self.ahead.at, []
        while True:
            if token := self.take(*_COMPARE):
                rest.append((token.value, self.sum()))
            elif self.ahead_is("in"):
                self.next += 1
                rest.append(("in", self.listing()))
            elif self.ahead_is("!") and self.following().value == "in":
                self.next += 2
                rest.append(("not in", self.listing()))
            elif self.ahead_is("="):
                raise self.error("a single '=' is used outside a function.", "Equality is written '=='.")
            else:
                break
        return Comparison(left, tuple(rest), at) if rest else left

    def listing(self) -> Node:
        found = self.sum()
        if isinstance(found, Listing):
            return found
        if isinstance(found, Group):
            return Listing((found.inside,), found.at)
        raise self.error("values in brackets are expected after 'in'.", "Write it like language in ['deu', 'fra'].")

    def sum(self) -> Node:
        return self.chain("sum", ("+", "-"), self.product)

    def product(self) -> Node:
        return self.chain("product", ("*", "/"), self.within)

    def within(self) -> Node:
        return self.chain("within", ("%in%",), self.interaction)

    def interaction(self) -> Node:
        return self.chain("interaction", (":",), self.signed)

    def chain(self, level: str, signs: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        left, at, rest = operand(), self.ahead.at, []
        while token := self.take(*signs):
            rest.append((token.value, operand()))
        return Chain(level, left, tuple(rest), at) if rest else left

    def signed(self) -> Node:
        signs = []
        while token := self.take("+", "-"):
            signs.append(token)
        found = self.power()
        for token in reversed(signs):
            found = Unary(token.value, found, token.at)
        if len(signs) > DEEPEST:
            raise self.error("there are too many signs in a row.")
        return found

    def power(self) -> Node:
        operands = [self.atom()]
        at = self.ahead.at
        while self.take("^"):
            sign = self.take("-", "+")
            operand = self.atom()
            operands.append(Unary(sign.value, operand, sign.at) if sign else operand)
        if len(operands) > DEEPEST:
            raise self.error("there are too many powers in a row.")
        found = operands.pop()
        while operands:  # from the right, as in R and Python
            found = Power(operands.pop(), found, at)
        return found

    def atom(self) -> Node:
        token = self.ahead
        self.next += 1
        if token.kind == "number":
            return self.last(Number(float(token.value), token.at))
        if token.kind == "text":
            return self.last(Text(token.value, token.at))
        if token.kind == "constant":
            return self.last(Constant(constant(token.value), token.at))
        if token.kind == "name":
            if self.ahead_is("(") and self.text[token.at] != "`":
                return self.last(self.call(token))
            return self.last(Name(token.value, token.at))
        if token.kind == "sign" and token.value == "(":
            return self.last(self.parentheses(token))
        if token.kind == "sign" and token.value == "[":
            return self.last(Listing(self.items("]"), token.at))
        self.next -= 1
        if token.kind == "sign" and token.value == ")" and not self.opened:
            raise self.error("a parenthesis is closed that was never opened.")
        before = self.tokens[self.next - 1].value if self.next else ""
        bar = before in ("|", "||") or token.value in ("|", "||")
        hint = "A random-effect term needs columns, one bar and a grouping factor, as in (1|language)." if bar else ""
        raise self.error(f"a column, a number or a function is expected, not {token.shown}.", hint)

    def parentheses(self, opening: Token) -> Node:
        self.opened += 1
        inside = self.either()
        if self.ahead_is(","):  # Python's tuple, after 'in'
            self.next += 1
            more = () if self.ahead_is(")") else self.items(")", closed=False)
            self.close(opening)
            return Listing((inside, *more), opening.at)
        self.close(opening)
        return Group(inside, opening.at)

    def items(self, end: str, closed: bool = True) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self.ahead_is(end):
            found.append(self.either())
            if not self.take(",") and not self.ahead_is(end):
                raise self.error(f"',' or '{end}' is expected, not {self.ahead.shown}.")
        if closed:
            self.next += 1
        return tuple(found)

    def call(self, name: Token) -> Node:
        opening = self.ahead
        self.next += 1
        self.opened += 1
        arguments: list[Node] = []
        options: list[tuple[str, Node]] = []
        while not self.ahead_is(")"):
            key = self.ahead
            if key.kind == "name" and self.following().kind == "sign" and self.following().value == "=":
                self.next += 2
                if key.value in dict(options):
                    raise self.error(f"'{key.value}' is given twice.")
                options.append((key.value, self.either()))
            elif options:
                raise self.error("an argument without a name follows one with a name.")
            else:
                arguments.append(self.either())
            if not self.take(",") and not self.ahead_is(")"):
                break
        self.close(opening)
        if name.value == "c" and not options:
            return Listing(tuple(arguments), name.at)
        return Call(name.value, tuple(arguments), tuple(options), name.at)

    def close(self, opening: Token) -> None:
        self.opened -= 1
        if not self.take(")"):
            if self.ahead.kind == "end":
                raise self.error("a parenthesis is left open.", f"It opens at character {opening.at + 1}.")
            raise self.error(f"')' is expected, not {self.ahead.shown}.")

    def last(self, found: Node) -> Node:
        """Refuse to call anything but a name, or to index anything."""
        if self.ahead_is("("):
            raise self.error("'(' follows something that is not a function name.")
        if self.ahead_is("["):
            raise self.error("formulas do not support indexing.", "Use a comparison instead: x == 'a'.")
        return found

    def end(self) -> None:
        if self.ahead.kind == "end":
            return
        if self.ahead_is(")"):
            raise self.error("a parenthesis is closed that was never opened.")
        if self.ahead_is("~"):
            raise self.error("there is a second '~'." if "~" in self.text[: self.ahead.at] else "there is a '~'.")
        raise self.error(f"the end is expected, not {self.ahead.shown}.")

    @property
    def ahead(self) -> Token:
        return self.tokens[self.next]

    def following(self) -> Token:
        return self.tokens[min(self.next + 1, len(self.tokens) - 1)]

    def ahead_is(self, sign: str) -> bool:
        return self.ahead.kind == "sign" and self.ahead.value == sign

    def take(self, *signs: str) -> Token | None:
        token = self.ahead
        if token.kind != "sign" or token.value not in signs:
            return None
        self.next += 1
        return token

    def error(self, message: str, hint: str = "") -> FormulaError:
        return formula_error(message, self.text, self.ahead.at, hint)
