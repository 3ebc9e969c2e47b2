"""Evaluate the tree of an expression on columns: arithmetic, comparisons, and listed functions; nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans
from ..core.errors import FormulaError, did_you_mean
from .functions import REQUIRED, Function, Parameter, find_function
from .nodes import Call, Chain, Comparison, Constant, Group, Listing, Name, Node, Number, Power, Text, Unary, text_of
from .values import Labels, Value, column_value, missing, numbers, truth

if TYPE_CHECKING:
    import pandas as pd

#: What functions have learned on the rows of the fit, by the text of the call.
Memory = dict[str, Callable[..., Any]]


class Evaluation:
    """Values of expressions on ``n`` rows.

    Parameters
    ----------
    columns
        Columns of data.
    n
        Number of rows.
    whole
        The text that messages quote.
    memory
        What functions with a memory (``scale``, ``poly``, ``factor``, …) learned before. A call that is not in it
        learns from these rows and is added.
    literal
        What a text that a column is compared with stands for, by column and text.
    """

    def __init__(
        self,
        columns: Mapping[str, pd.Series[Any]],
        n: int,
        whole: str,
        memory: Memory | None = None,
        literal: Callable[[str, str], str] | None = None,
    ) -> None:
        self.columns, self.n, self.whole = columns, n, whole
        self.literal = literal
        self.memory: Memory = {} if memory is None else memory
        #: Values that a text column was compared with although none of its rows has them.
        self.unseen: list[tuple[str, str, tuple[str, ...]]] = []

    def value(self, node: Node) -> Value:
        """The value of a node: columns, or a constant.

        Raises
        ------
        FormulaError
            If it is not a value.
        """
        with np.errstate(all="ignore"):  # non-finite values are compared, or refused later with their row
            return self._value(node)

    def _value(self, node: Node) -> Value:
        match node:
            case Name(name=name):
                return self._column(name)
            case Number(value=value):
                return value
            case Constant(value=bool(value)):
                return value
            case Group(inside=inside):
                return self._value(inside)
            case Unary(sign="!", operand=operand):
                found = truth(self._value(operand), text_of(operand))
                return np.logical_not(found)
            case Unary(sign=sign, operand=operand):
                found = self._numbers(operand)
                return -found if sign == "-" else found
            case Power(base=base, exponent=exponent):
                return np.power(np.float64(self._numbers(base)), np.float64(self._numbers(exponent)))
            case Chain(level="sum" | "product", first=first, rest=rest):
                return self._arithmetic(first, rest)
            case Chain(level="and" | "or" | "bar"):
                found = [truth(self._value(operand), text_of(operand)) for operand in node.operands]
                join = np.logical_and if node.level == "and" else np.logical_or
                total = found[0]
                for more in found[1:]:
                    total = join(total, more)
                return total
            case Chain():
                sign = node.rest[0][0]
                raise self._error(f"'{sign}' joins terms and does not give a value.", "Arithmetic uses + - * / and ^.")
            case Comparison():
                return self._comparison(node)
            case Call():
                return self._call(node)
            case Text(value=text):
                raise self._error(f"a column or a number is expected, not the text '{text}'.",
                                  "Text can be compared (x == 'a') or passed to an option by its name.")  # fmt: skip
            case _:
                raise self._error(f"'{text_of(node)}' does not have a value here.")

    def _column(self, name: str) -> Value:
        if name not in self.columns:
            names = [str(column) for column in self.columns]
            hint = did_you_mean(name, names)
            base, dot, attribute = name.partition(".")
            if dot and base in self.columns:
                hint = f"'.{attribute}' is not understood: use functions, such as isna({base}), instead of attributes."
            raise self._error(f"'{name}' is not a column of the data.", hint or f"Columns: {', '.join(names[:40])}.")
        return column_value(self.columns[name])

    def _numbers(self, node: Node) -> Any:
        return numbers(self._value(node), text_of(node))

    def _arithmetic(self, first: Node, rest: tuple[tuple[str, Node], ...]) -> Value:
        total = np.float64(self._numbers(first))
        for sign, operand in rest:
            more = np.float64(self._numbers(operand))
            if sign == "+":
                total = total + more
            elif sign == "-":
                total = total - more
            elif sign == "*":
                total = total * more
            else:
                total = total / more
        return total

    def _comparison(self, node: Comparison) -> Value:
        found: Any = True
        left = node.first
        for sign, right in node.rest:
            found = np.logical_and(found, self._compared(left, sign, right))
            left = right
        return found

    def _compared(self, left: Node, sign: str, right: Node) -> Any:
        if isinstance(right, Listing) or isinstance(left, Listing):
            if isinstance(left, Listing):
                left, right = right, left
            assert isinstance(right, Listing)
            if sign not in ("in", "not in", "==", "!="):
                raise self._error(f"'{sign}' cannot compare with several values.", "Use in or not in.")
            each = [self._equal(left, item) for item in right.items]
            inside = np.logical_or.reduce(each) if each else np.zeros(self.n, dtype=bool)
            return inside if sign in ("in", "==") else np.logical_not(inside)
        if sign in ("==", "!="):
            same = self._equal(left, right)
            return same if sign == "==" else np.logical_not(same)
        a, b = self._ordered(left, sign), self._ordered(right, sign)
        return {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[sign](a, b)

    def _ordered(self, node: Node, sign: str) -> Any:
        found = None if isinstance(node, Text) else self._value(node)
        if found is None or isinstance(found, Labels):
            raise self._error(f"'{sign}' orders numbers; '{text_of(node)}' is text.", "Compare text with == or !=.")
        return numbers(found, text_of(node))

    def _equal(self, left: Node, right: Node) -> Any:
        """Rows in which two sides are equal; a missing value equals nothing."""
        if isinstance(left, Text) and not isinstance(right, Text):
            left, right = right, left
        if isinstance(left, Text):
            raise self._error(f"two texts are compared with each other: '{left.value}'.")
        if isinstance(right, Constant) and right.value is None:
            raise self._error("a comparison with None is never true.", f"Write isna({text_of(left)}).")
        a = self._value(left)
        if isinstance(right, Text):
            return self._equals_text(left, a, right.value)
        b = self._value(right)
        if isinstance(a, Labels) and isinstance(b, Labels):
            return np.equal(a.values, b.values).astype(bool) & ~missing(a.values) & ~missing(b.values)
        if isinstance(a, Labels) or isinstance(b, Labels):
            return self._label_equals(left, a, b) if isinstance(a, Labels) else self._label_equals(right, b, a)
        return np.equal(a, b)

    def _equals_text(self, node: Node, value: Value, text: str) -> Any:
        if not isinstance(value, Labels):
            what = "true or false" if isinstance(value, np.ndarray) and value.dtype == bool else "numbers"
            raise self._error(f"'{text_of(node)}' has {what} but is compared with the text '{text}'.",
                              "Remove the quotes.")  # fmt: skip
        if self.literal is not None:
            text = self.literal(text_of(node), text)
        same = np.array([label == text for label in value.values.tolist()], dtype=bool)
        if not same.any():
            self.unseen.append((text_of(node), text, tuple(str(label) for label in value.found())))
        return same

    def _label_equals(self, node: Node, labels: Any, other: Any) -> Any:
        """Compare labels with a number or truth value: allowed only where some labels are of that kind."""
        kind = (bool, np.bool_) if isinstance(other, (bool, np.bool_)) else (int, float, np.number)
        alike = np.array([isinstance(label, kind) for label in labels.values.tolist()]) & ~missing(labels.values)
        if np.ndim(other) or not alike.any():
            against = "numbers" if np.ndim(other) else f"{other:g}" if not isinstance(other, bool) else str(other)
            raise self._error(
                f"'{text_of(node)}' is text but is compared with {against}.", "Put text in quotes: x == '1'."
            )
        same = np.zeros(self.n, dtype=bool)
        same[alike] = [label == other for label in labels.values[alike].tolist()]
        return same

    def _call(self, node: Call) -> Value:
        function = find_function(node.function, self.whole)
        columns, options = self._arguments(function, node)
        values = [self._value(column) for column in columns]
        if function.takes == "numbers":
            values = [numbers(value, text_of(column)) for value, column in zip(values, columns, strict=True)]
        key = text_of(node)
        if function.learns:
            values = [full_column(value, self.n) for value in values]
        if key not in self.memory:
            self.memory[key] = self._tried(lambda: function.learn(*values, **options), key)
        return self._tried(lambda: self.memory[key](*values), key)

    def _tried(self, compute: Callable[[], Any], what: str) -> Any:
        try:
            return compute()
        except FormulaError as error:
            raise FormulaError(f"'{what}' in '{self.whole}': {error.message}", error.hint) from error

    def _arguments(self, function: Function, node: Call) -> tuple[list[Node], dict[str, Any]]:
        """Columns in order, and constants by name."""
        bound: dict[str, Node] = {}
        by_name = {parameter.name: parameter for parameter in function.parameters}
        columns = [parameter.name for parameter in function.parameters if parameter.kind == "column"]
        if function.variadic:
            if node.options or not node.arguments:
                raise self._error(f"'{function.name}' takes columns, without names.", f"{function.name}(x, 1)")
            return list(node.arguments), {}
        if len(node.arguments) > len(by_name):
            raise self._error(f"'{function.name}' takes at most {len(by_name)} arguments, not {len(node.arguments)}.")
        for parameter, argument in zip(function.parameters, node.arguments, strict=False):
            if isinstance(argument, Text):
                raise self._error(f"the text '{argument.value}' is given to '{function.name}' without a name.",
                                  f"Write {parameter.name}='{argument.value}'." if parameter.kind != "column"
                                  else f"'{function.name}' takes a column there.")  # fmt: skip
            bound[parameter.name] = argument
        for name, value in node.options:
            if name not in by_name:
                hint = did_you_mean(name, by_name) or f"Options: {', '.join(by_name)}."
                raise self._error(f"'{function.name}' does not have the option '{name}'.", hint)
            if name in bound:
                raise self._error(f"'{name}' of '{function.name}' is given twice.")
            bound[name] = value
        options = {}
        for parameter in function.parameters:
            if parameter.kind == "column":
                if parameter.name not in bound:
                    raise self._error(f"'{function.name}' needs {', '.join(columns)}.")
            elif parameter.name in bound:
                options[parameter.name] = self._constant(function, parameter, bound[parameter.name])
            elif parameter.default is REQUIRED:
                raise self._error(f"'{function.name}' needs {parameter.name}.", f"Write {parameter.name}=….")
        return [bound[name] for name in columns], options

    def _constant(self, function: Function, parameter: Parameter, node: Node) -> Any:
        """The constant given to an option."""
        node = node.inside if isinstance(node, Group) else node
        if isinstance(node, Constant) and node.value is None and parameter.default is None:
            return None
        several = isinstance(node, Listing)
        items = [_plain(item) for item in node.items] if isinstance(node, Listing) else [_plain(node)]
        kind, wrong = parameter.kind, self._error(
            f"'{parameter.name}' of '{function.name}' is {_KINDS[parameter.kind]}, not '{text_of(node)}'."
        )  # fmt: skip
        if any(item is None for item in items) or (several and kind not in ("numbers", "breaks", "levels")):
            raise wrong
        found = items if several else items[0]
        wanted: tuple[type, ...] = {"flag": (bool,), "text": (str,)}.get(kind, (float,))
        if kind in ("level", "levels"):
            wanted = (str, float, bool)
        if not all(isinstance(item, wanted) and (bool in wanted or not isinstance(item, bool)) for item in items):
            raise wrong
        if kind == "whole":
            number = float(items[0] or 0.0)
            if number != int(number):
                raise wrong
            return int(number)
        if kind in ("level", "levels"):
            levels = [int(item) if isinstance(item, float) and item.is_integer() else item for item in items]
            return levels if kind == "levels" else levels[0]
        return items if kind == "numbers" else found

    def _error(self, message: str, hint: str = "") -> FormulaError:
        return FormulaError(f"'{self.whole}' cannot be evaluated: {message}", hint)


_KINDS: Mapping[str, str] = {
    "number": "a number", "whole": "a whole number", "flag": "TRUE or FALSE", "numbers": "numbers, c(1, 2)",
    "breaks": "a number, or numbers, c(0, 1, 2)", "level": "a level", "levels": "levels, c('a', 'b')",
    "text": "text in quotes",
}  # fmt: skip


def _plain(node: Node) -> float | bool | str | None:
    """A constant as a Python value; ``None`` for anything else."""
    match node:
        case Number(value=value):
            return value
        case Text(value=text):
            return text
        case Constant(value=bool(value)):
            return value
        case Group(inside=inside):
            return _plain(inside)
        case Unary(sign="-" | "+" as sign, operand=operand):
            found = _plain(operand)
            if isinstance(found, float):
                return -found if sign == "-" else found
    return None


def full_column(value: Value, n: int) -> Any:
    """A constant as a column of ``n`` rows."""
    return value if isinstance(value, Labels) or np.ndim(value) else np.full(n, value)


def holds(value: Value, n: int, what: str) -> Booleans:
    """Truth values of a condition on ``n`` rows.

    Raises
    ------
    FormulaError
        If it is not a condition.
    """
    return np.asarray(full_column(truth(value, what), n), dtype=bool)
