"""Parse a claim by recursive descent. The grammar is documented in ``docs/claims.md``."""

from __future__ import annotations

from fractions import Fraction

from ...core.errors import did_you_mean
from .nodes import (
    FUNCTIONS,
    NAMING,
    Aggregate,
    Arithmetic,
    Column,
    Comparison,
    Condition,
    Expression,
    Junction,
    Naming,
    Number,
    ParsedClaim,
    Relation,
)
from .tokens import ClaimError, Token, claim_error, tokenize

RELATIONS = frozenset({"=", "!=", ">", ">=", "<", "<="})


def parse(text: str) -> ParsedClaim:
    """The claim that ``text`` writes down.

    Raises
    ------
    ClaimError
        With the character at which it stops being one.
    """
    return _Parser(text).claim()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokenize(text))
        self.next = 0

    def claim(self) -> ParsedClaim:
        relations = self.relation()
        while self.take("keyword", "and"):
            relations += self.relation()
        if self.ahead.kind != "end":
            raise self.error(f"nothing may follow here, but {self.ahead.shown} does.")
        return ParsedClaim(self.text, tuple(relations))

    def relation(self) -> list[Relation | Naming]:
        left = self.sum()
        if isinstance(left, Aggregate) and left.function in NAMING:
            return [self.naming(left)]
        found: list[Relation | Naming] = []
        while (operator := self.take("operator", *RELATIONS)) is not None:
            right = self.sum()
            if isinstance(right, Aggregate) and right.function in NAMING:
                raise self.error(f"'{right.function}' names groups: it stands on the left.", right.at)
            found.append(Relation(left, operator.value, right, operator.at))
            left = right
        if not found:
            raise self.error(f"a claim compares: =, >, ≥, < or ≤ is missing before {self.ahead.shown}.")
        return found

    def naming(self, aggregate: Aggregate) -> Naming:
        function = aggregate.function
        if self.take("operator", "=") is None:
            raise self.error(f"'{function}(…)' is followed by = and {_named(function)}, not {self.ahead.shown}.")
        names, operators = [self.name_of_group()], []
        while function == "order" and (operator := self.take("operator", ">", ">=", "<", "<=")) is not None:
            operators.append(operator.value)
            names.append(self.name_of_group())
        if function == "order" and len(names) < 2:
            raise self.error("an order has two names at least: order(score by model) = 'A' > 'B'.")
        return Naming(aggregate, tuple(operators), tuple(names), aggregate.at)

    def name_of_group(self) -> str:
        token = self.take("text")
        if token is None:
            raise self.error(f"a group is named in quotes, not by {self.ahead.shown}.")
        return token.value

    def sum(self) -> Expression:
        left = self.product()
        while (operator := self.take("operator", "+", "-")) is not None:
            left = Arithmetic(operator.value, left, self.product(), operator.at)
        return left

    def product(self) -> Expression:
        left = self.factor()
        while (operator := self.take("operator", "*", "/")) is not None:
            left = Arithmetic(operator.value, left, self.factor(), operator.at)
        return left

    def factor(self) -> Expression:
        token = self.ahead
        if self.take("operator", "-"):
            inner = self.factor()
            if isinstance(inner, Number):  # a claimed -5.4 is a printed figure, not a computation
                return Number(-inner.value, inner.decimals, token.at)
            return Arithmetic("-", Number(Fraction(0), 0, token.at), inner, token.at)
        if self.take("operator", "("):
            inner = self.sum()
            self.close(token)
            return inner
        if token.kind == "number":
            return self.number()
        if token.kind == "name":
            self.next += 1
            if self.ahead.kind == "operator" and self.ahead.value == "(":
                return self.aggregate(token)
            return Column(token.value, token.at)
        raise self.error(f"a column, a number or a function is expected, not {token.shown}.")

    def number(self) -> Number:
        token = self.take("number")
        if token is None:
            raise self.error(f"a number is expected, not {self.ahead.shown}.")
        return Number(Fraction(token.value), len(token.value.partition(".")[2]), token.at)

    def aggregate(self, name: Token) -> Aggregate:
        function = name.value.lower()
        known = (*FUNCTIONS, *NAMING)
        if function not in known:
            hint = did_you_mean(function, known) or f"Functions: {', '.join(known)}."
            raise self.error(f"unknown function '{name.value}'.", name.at, hint)
        opening = self.ahead
        self.next += 1
        operand: Expression | None = None
        against: tuple[str, Expression] | None = None
        if not self.at_clause():
            operand = self.sum()
            operator = self.take("operator", *RELATIONS)
            if operator is not None:
                if function != "count":
                    raise self.error(f"only 'count' takes a comparison; '{function}' does not.", operator.at)
                against = (operator.value, self.sum())
        elif function != "count":
            raise self.error(f"'{function}' needs a column.")
        weights: Expression | None = None
        where: Condition | None = None
        by: tuple[Column, ...] = ()
        while (keyword := self.take("keyword", "weights", "where", "by")) is not None:
            if keyword.value in [w for w, given in (("weights", weights), ("where", where), ("by", by)) if given]:
                raise self.error(f"'{keyword.value}' stands twice.", keyword.at)
            if keyword.value == "weights":
                if function not in ("mean", "sum"):
                    raise self.error(f"'{function}' takes no weights; 'mean' and 'sum' do.", keyword.at)
                weights = self.sum()
            elif keyword.value == "where":
                where = self.condition()
            else:
                by = self.columns()
        self.close(opening)
        if function in NAMING and not by:
            raise self.error(f"'{function}' compares groups: add by COLUMN.", name.at)
        if weights is not None and by:
            raise self.error("weights and groups cannot be joined: means of groups have no weights.", name.at)
        return Aggregate(function, operand, name.at, against, weights, where, by)

    def at_clause(self) -> bool:
        return self.ahead.kind == "keyword" or (self.ahead.kind, self.ahead.value) == ("operator", ")")

    def columns(self) -> tuple[Column, ...]:
        found = [self.column()]
        while self.take("operator", ","):
            found.append(self.column())
        return tuple(found)

    def column(self) -> Column:
        token = self.take("name")
        if token is None:
            raise self.error(f"a column is expected, not {self.ahead.shown}.")
        return Column(token.value, token.at)

    def condition(self) -> Condition:
        parts = [self.conjunction()]
        while self.take("keyword", "or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Junction("or", tuple(parts))

    def conjunction(self) -> Condition:
        parts = [self.negation()]
        while self.take("keyword", "and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Junction("and", tuple(parts))

    def negation(self) -> Condition:
        if self.take("keyword", "not"):
            return Junction("not", (self.negation(),))
        opening = self.ahead
        if self.take("operator", "("):
            inner = self.condition()
            self.close(opening)
            return inner
        return self.test()

    def test(self) -> Comparison:
        column = self.column()
        token = self.ahead
        if self.take("keyword", "in"):
            opening = self.ahead
            if not self.take("operator", "("):
                raise self.error(f"'in' is followed by values in parentheses, not {self.ahead.shown}.")
            values = [self.literal()]
            while self.take("operator", ","):
                values.append(self.literal())
            self.close(opening)
            return Comparison(column, "in", tuple(values), token.at)
        operator = self.take("operator", *RELATIONS)
        if operator is None:
            raise self.error(f"a condition compares a column: =, ≠, >, ≥, <, ≤ or in, not {token.shown}.")
        value = self.literal()
        if isinstance(value, str) and operator.value not in ("=", "!="):
            raise self.error(f"text is equal or not; '{operator.value}' orders numbers.", operator.at)
        return Comparison(column, operator.value, (value,), operator.at)

    def literal(self) -> str | Number:
        token = self.ahead
        if self.take("text"):
            return token.value
        sign = -1 if self.take("operator", "-") else 1
        if self.ahead.kind != "number":
            raise self.error(f"text in quotes or a number is expected, not {self.ahead.shown}.")
        number = self.number()
        return Number(sign * number.value, number.decimals, token.at)

    def close(self, opening: Token) -> None:
        if not self.take("operator", ")"):
            raise self.error(
                f"')' is expected, not {self.ahead.shown}.", hint=f"The '(' at character {opening.at + 1} is open."
            )

    @property
    def ahead(self) -> Token:
        return self.tokens[self.next]

    def take(self, kind: str, *values: str) -> Token | None:
        token = self.ahead
        if token.kind != kind or (values and token.value not in values):
            return None
        self.next += 1
        return token

    def error(self, message: str, at: int | None = None, hint: str = "") -> ClaimError:
        return claim_error(message, self.text, self.ahead.at if at is None else at, hint)


def _named(function: str) -> str:
    return "names in their order" if function == "order" else "a name in quotes"
