"""Syntax tree of a claim. ``at`` is the character that a part starts with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

#: Functions of a column: numbers, and those that name groups.
FUNCTIONS = ("mean", "median", "sum", "min", "max", "count")
NAMING = ("argmax", "argmin", "order")


@dataclass(frozen=True, slots=True)
class Number:
    """A figure as written: its decimals say how a claimed value was rounded."""

    value: Fraction
    decimals: int
    at: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left`` and ``right`` joined by ``+``, ``-``, ``*`` or ``/``."""

    operator: str
    left: Expression
    right: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column against values, for ``where``: equality and order with one value, ``in`` with several."""

    column: Column
    operator: str
    values: tuple[str | Number, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by ``and`` or ``or``, or one turned round by ``not``."""

    operator: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function over rows, or over the means of groups where ``by`` names columns.

    ``operand`` is missing for a plain ``count()``; ``against`` is the other side of ``count(gain > 0)``.
    """

    function: str
    operand: Expression | None
    at: int
    against: tuple[str, Expression] | None = None
    weights: Expression | None = None
    where: Condition | None = None
    by: tuple[Column, ...] = ()


Expression = Number | Column | Arithmetic | Aggregate
Condition = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Relation:
    """``left operator right``, numbers on both sides."""

    left: Expression
    operator: str
    right: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Naming:
    """``argmax(…) = 'A'``, or ``order(…) = 'A' > 'B' > 'C'`` with the operators between the names."""

    aggregate: Aggregate
    operators: tuple[str, ...]
    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """Relations that all have to hold."""

    text: str
    relations: tuple[Relation | Naming, ...]
