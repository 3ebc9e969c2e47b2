"""The tree of a formula or of a condition on rows, and its text in one spelling.

One grammar serves both. In a formula the signs ``+ - * / : ^ |`` build terms; inside the parentheses of a function, and
in a condition, ``+ - * / ^`` are arithmetic and ``|`` is *or*. The position of a node decides which.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    value: float
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """Text in quotes."""

    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """``True``, ``False`` or ``None``, also as ``TRUE``, ``FALSE`` and ``NULL``."""

    value: bool | None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Several constants: ``['a', 'b']``, ``c(1, 2)``."""

    items: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments, and those given by name."""

    function: str
    arguments: tuple[Node, ...]
    options: tuple[tuple[str, Node], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """An expression in parentheses."""

    inside: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x`` or ``!x``."""

    sign: str
    operand: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands of one precedence, left to right: the first, then a sign and an operand each.

    ``level`` is the precedence: ``sum`` (``+ -``), ``product`` (``* /``), ``within`` (``%in%``), ``interaction``
    (``:``), ``and``, ``or`` (``|``) or ``bar`` (``||``).
    """

    level: str
    first: Node
    rest: tuple[tuple[str, Node], ...]
    at: int = field(default=0, compare=False)

    @property
    def operands(self) -> tuple[Node, ...]:
        """All operands."""
        return (self.first, *(operand for _, operand in self.rest))


@dataclass(frozen=True, slots=True)
class Power:
    """``base ^ exponent``, also written ``**``."""

    base: Node
    exponent: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One or several comparisons: ``a < b``, ``0 < x <= 1``, ``x in ['a', 'b']``."""

    first: Node
    rest: tuple[tuple[str, Node], ...]
    at: int = field(default=0, compare=False)


Node: TypeAlias = Name | Number | Text | Constant | Listing | Call | Group | Unary | Chain | Power | Comparison

#: How tightly each kind binds; what binds less is put in parentheses inside what binds more.
_BINDING = {"or": 1, "bar": 1, "and": 2, "comparison": 4, "sum": 5, "product": 6, "within": 7, "interaction": 8}
_UNARY, _POWER, _ATOM = 9, 10, 11


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Listing(items=items):
            return items
        case Call(arguments=arguments, options=options):
            return (*arguments, *(value for _, value in options))
        case Group(inside=inside):
            return (inside,)
        case Unary(operand=operand):
            return (operand,)
        case Chain():
            return node.operands
        case Power(base=base, exponent=exponent):
            return (base, exponent)
        case Comparison(first=first, rest=rest):
            return (first, *(operand for _, operand in rest))
        case _:
            return ()


def names_in(node: Node) -> tuple[str, ...]:
    """Columns that a node uses, in order of first use."""
    if isinstance(node, Name):
        return (node.name,)
    return tuple(dict.fromkeys(name for child in children(node) for name in names_in(child)))


def replace_name(node: Node, name: str, by: Node) -> Node:
    """The tree with ``by`` in parentheses in place of a column."""

    def new(old: Node) -> Node:
        return replace_name(old, name, by)

    match node:
        case Name(name=own):
            return Group(by) if own == name else node
        case Listing(items=items):
            return replace(node, items=tuple(map(new, items)))
        case Call(arguments=arguments, options=options):
            named = tuple((key, new(value)) for key, value in options)
            return replace(node, arguments=tuple(map(new, arguments)), options=named)
        case Group(inside=inside):
            return replace(node, inside=new(inside))
        case Unary(operand=operand):
            return replace(node, operand=new(operand))
        case Power(base=base, exponent=exponent):
            return replace(node, base=new(base), exponent=new(exponent))
        case Chain(first=first, rest=rest) | Comparison(first=first, rest=rest):
            return replace(node, first=new(first), rest=tuple((sign, new(operand)) for sign, operand in rest))
        case _:
            return node


def bare(node: Node) -> Node:
    """The node without the parentheses around it."""
    while isinstance(node, Group):
        node = node.inside
    return node


def text_of(node: Node) -> str:
    """The text of a node in one spelling, so that ``poly(x,2)`` and ``poly(x, 2)`` are the same variable."""
    return _text(node, 0)


def _text(node: Node, outside: int) -> str:
    found, binding = _spelled(node)
    return f"({found})" if binding < outside else found


def _spelled(node: Node) -> tuple[str, int]:
    match node:
        case Name(name=name):
            plain = name.replace(".", "_").replace("_", "a").isalnum() and not name[0].isdigit() and name[0] != "."
            return (name if plain else f"`{name}`"), _ATOM
        case Number(value=value):
            return f"{value:.15g}", _ATOM
        case Text(value=value):
            return (f'"{value}"' if "'" in value else f"'{value}'"), _ATOM
        case Constant(value=value):
            return str(value), _ATOM
        case Listing(items=items):
            return "[" + ", ".join(_text(item, 0) for item in items) + "]", _ATOM
        case Call(function=function, arguments=arguments, options=options):
            inside = [_text(item, 0) for item in arguments] + [f"{key}={_text(item, 0)}" for key, item in options]
            return f"{function}({', '.join(inside)})", _ATOM
        case Group(inside=inside):
            return _spelled(inside)
        case Unary(sign=sign, operand=operand):
            if sign == "!":
                return f"not {_text(operand, 3)}", 3
            return f"{sign}{_text(operand, _UNARY)}", _UNARY
        case Power(base=base, exponent=exponent):
            return f"{_text(base, _ATOM)}^{_text(exponent, _UNARY)}", _POWER
        case Comparison(first=first, rest=rest):
            pieces = [_text(first, 5)]
            for sign, operand in rest:
                pieces += [sign, _text(operand, 5)]
            return " ".join(pieces), _BINDING["comparison"]
        case Chain(level=level, first=first, rest=rest):
            binding = _BINDING[level]
            blank = " " if level in ("sum", "and", "or", "within") else ""
            pieces = [_text(first, binding)]
            for sign, operand in rest:
                pieces.append(f"{blank}{sign}{blank}{_text(operand, binding + 1)}")
            return "".join(pieces), binding
