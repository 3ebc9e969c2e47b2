"""Compute the expressions of a claim over a table."""

from __future__ import annotations

import math
import operator as operators
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...core.errors import did_you_mean
from ..numbers.grim import Grain, narrowed, nearest
from ..numbers.intervals import Interval
from . import values
from .nodes import Absolute, Aggregate, Arithmetic, Column, Comparison, Condition, Expression, Junction, Number, Pair
from .same_language import same_language
from .sheet import MARKS, Sheet
from .tokens import claim_error
from .values import Real, Symbol, Value

_COMPARE: Mapping[str, Callable[[Real, Real], bool]] = {
    "=": operators.eq, "!=": operators.ne, ">": operators.gt, ">=": operators.ge, "<": operators.lt, "<=": operators.le,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may say about a table.

    Attributes
    ----------
    decimals
        Decimals that every cell is printed with, in place of those seen.
    scale
        Least and largest possible score: bounds of cells in which nothing is printed.
    items
        A number of items, or the column that has it: scores are shares of that many items.
    under
        A column: the claim is computed within each of its values, a reading each.
    """

    decimals: int | None = None
    scale: tuple[Fraction, Fraction] | None = None
    items: str = ""
    under: str = ""


class Evaluator:
    """Evaluates over some rows of a sheet, and keeps account of the lines and the impossible cells it met.

    ``whole_rounded`` takes whole numbers for scores rounded to whole points; ``round_to`` rounds every aggregate before
    it is used, as a difference of printed averages does.
    """

    def __init__(
        self,
        sheet: Sheet,
        claim: str,
        settings: Settings,
        rows: Sequence[int],
        whole_rounded: bool = False,
        round_to: int | None = None,
    ) -> None:
        self.sheet, self.claim, self.settings, self.rows = sheet, claim, settings, rows
        self.whole_rounded, self.round_to = whole_rounded, round_to
        self.lines: set[int] = set()
        self.grains: dict[tuple[str, int], Grain] = {}
        self.whole_columns: set[str] = set()
        self._decimals: dict[str, Sequence[int | None]] = {}
        self._cells: dict[tuple[str, int], Value] = {}
        self._halves: dict[int, tuple[Fraction, Fraction]] = {}

    def value(self, node: Expression) -> Value:
        """An expression outside of functions: a number of the whole table."""
        if isinstance(node, Number):
            return Value(node.value)
        if isinstance(node, Arithmetic):
            return self._join(node, self.value(node.left), self.value(node.right))
        if isinstance(node, Aggregate):
            return self._rounded(self.aggregate(node))
        if isinstance(node, Absolute):
            return values.absolute(self.value(node.operand))
        raise claim_error(f"'{node.name}' is a column: say what of it, as in mean({node.name}).", self.claim, node.at)

    def aggregate(self, node: Aggregate) -> Value:
        """A function of rows or groups."""
        rows = self.selected(node)
        if node.function == "count":
            return self._count(node, rows)
        if node.weights is not None:
            return self._weighted(node, rows)
        if node.function == "corr":
            return self._correlation(node, rows)
        found = [value for _, value in self.elements(node, rows)]
        if node.function == "mean":
            return values.mean(found)
        if node.function == "sum":
            return values.total(found)
        if node.function == "median":
            return values.median(found)
        if node.function == "std":
            if len(found) < 2:
                raise claim_error("a standard deviation takes two values at least.", self.claim, node.at)
            return values.deviation(found)
        if node.function == "range":
            return values.extreme(found, True).plus(values.extreme(found, False), -1)
        if node.function == "wins":
            return self._wins(found)
        return values.extreme(found, node.function == "max")

    def elements(self, node: Aggregate, rows: Sequence[int]) -> list[tuple[tuple[str, ...], Value]]:
        """What a function runs over: rows, or means of groups with their names."""
        assert node.operand is not None
        if node.pair is not None:
            return self._differences(node, node.pair, rows)
        if not node.by:
            return [((), self.cell(node.operand, row)) for row in rows]
        groups: dict[tuple[str, ...], list[Value]] = {}
        for row in rows:
            key = tuple(self._column(column)[row] or "" for column in node.by)
            groups.setdefault(key, []).append(self.cell(node.operand, row))
        return [(key, values.mean(found)) for key, found in groups.items()]

    def selected(self, node: Aggregate) -> list[int]:
        """Rows that a function is asked for; refuses none."""
        if node.where is None:
            rows = list(self.rows)
        else:
            self._check_texts(node.where)
            rows = [row for row in self.rows if self.condition(node.where, row)]
        if not rows and node.function != "count":
            raise claim_error("no row is left for this function.", self.claim, node.at)
        self.lines.update(self.sheet.first_line + row for row in rows)
        return rows

    def cell(self, node: Expression, row: int) -> Value:
        """An expression within a function: a number of one row."""
        if isinstance(node, Number):
            return Value(node.value)
        if isinstance(node, Arithmetic):
            return self._join(node, self.cell(node.left, row), self.cell(node.right, row))
        if isinstance(node, Absolute):
            return values.absolute(self.cell(node.operand, row))
        if isinstance(node, Aggregate):
            raise claim_error("a function cannot stand within another.", self.claim, node.at)
        self._column(node)
        key = (node.name, row)
        if key not in self._cells:
            self._cells[key] = self._read(node.name, row)
        return self._cells[key]

    def condition(self, node: Condition, row: int) -> bool:
        """Whether a row meets a condition; numbers are compared as they are printed."""
        if isinstance(node, Junction):
            if node.operator == "not":
                return not self.condition(node.parts[0], row)
            met = (self.condition(part, row) for part in node.parts)
            return all(met) if node.operator == "and" else any(met)
        printed = self._column(node.column)[row]
        wanted = node.values if node.operator == "in" else node.values[:1]
        if isinstance(wanted[0], str):
            plain = "" if printed is None or printed in MARKS else printed
            found = any(same_language(node.column.name, plain, str(text)) for text in wanted)
            return found != (node.operator == "!=")
        number = self.sheet.number(node.column.name, row)
        if number is None:
            return False
        figures = [item.value for item in wanted if isinstance(item, Number)]
        return any(_COMPARE["=" if node.operator == "in" else node.operator](number, figure) for figure in figures)

    def _read(self, column: str, row: int) -> Value:
        line = self.sheet.first_line + row
        number = self.sheet.number(column, row)
        if number is None:
            low, high = self.settings.scale or (-math.inf, math.inf)
            return Value(Fraction(0), {Symbol(low, high, True, line): values.ONE})
        decimals = self._decimals_of(column)[row]
        if decimals is None:
            self.whole_columns.add(column)
            if not self.whole_rounded:
                return Value(number)
            decimals = 0
        low, high = self._half(decimals)
        if not self.settings.items:
            return Value(number, {Symbol(low, high, line=line, uniform=True): values.ONE})
        printed = Interval(number + low, number + high)
        found = self._on_grain(printed, column, row)
        if found == printed:
            return Value(number, {Symbol(low, high, line=line, uniform=True): values.ONE})
        return values.between(found.low, found.high)

    def _half(self, decimals: int) -> tuple[Fraction, Fraction]:
        """Half a unit of the last decimal, down and up; the same objects each time."""
        if decimals not in self._halves:
            half = Fraction(1, 2 * 10**decimals)
            self._halves[decimals] = (-half, half)
        return self._halves[decimals]

    def _on_grain(self, printed: Interval, column: str, row: int) -> Interval:
        """The cell as a share of its items; as printed, and noted, where no count gives it."""
        items = self.items(row)
        if items is None:
            return printed
        found = narrowed(printed, items)
        if found is None:
            line, text = self.sheet.first_line + row, str(self.sheet.cells[column][row])
            self.grains[column, row] = Grain(self.sheet.name, line, column, text, items, *nearest(printed, items))
        return found or printed

    def items(self, row: int) -> int | None:
        """Items behind the scores of a row."""
        named = self.settings.items
        if named.isdigit():
            return int(named) or None
        self.sheet.column(named)
        number = self.sheet.number(named, row)
        return int(number) if number else None

    def _decimals_of(self, column: str) -> Sequence[int | None]:
        if column not in self._decimals:
            given = self.settings.decimals
            own = self.sheet.decimals(column)
            self._decimals[column] = own if given is None else [given] * len(own)
        return self._decimals[column]

    def _column(self, node: Column) -> Sequence[str | None]:
        if node.name not in self.sheet.cells:
            hint = did_you_mean(node.name, self.sheet.cells) or f"Columns: {', '.join(self.sheet.cells)}."
            raise claim_error(f"{self.sheet.name} has no column '{node.name}'.", self.claim, node.at, hint)
        return self.sheet.cells[node.name]

    def _check_texts(self, node: Condition) -> None:
        """A text that no row has is more likely misspelt than meant."""
        for test in _tests(node):
            known = {cell for cell in self._column(test.column) if cell}
            for wanted in test.values:
                if (
                    isinstance(wanted, str)
                    and wanted
                    and not any(same_language(test.column.name, cell, wanted) for cell in known)
                ):
                    raise claim_error(
                        f"no row has {test.column.name} '{wanted}'.",
                        self.claim,
                        test.column.at,
                        did_you_mean(wanted, known) or f"It has: {', '.join(sorted(known)[:12])}.",
                    )

    def _count(self, node: Aggregate, rows: Sequence[int]) -> Value:
        if node.operand is None:
            return Value(Fraction(len(rows)))
        found = [value for _, value in self.elements(node, rows)] if rows else []
        if node.against is None:
            return Value(Fraction(sum(not value.missing for value in found)))
        sign, other = node.against
        against = self.value(other) if isinstance(other, Aggregate | Number) else None
        certain = possible = central = 0
        missing = False
        for row, value in zip(rows if not node.by else [-1] * len(found), found, strict=True):
            right = against if against is not None else self._other(other, row)
            gap = value.plus(right, -1)
            holds = decide(gap, sign)
            certain += holds is True
            possible += holds is not False
            central += holds is True or (holds is None and not gap.missing and by_print(gap, sign))
            missing |= holds is None and bool(gap.missing)
        return values.between(Fraction(certain), Fraction(possible), missing, Fraction(central))

    def _differences(self, node: Aggregate, pair: Pair, rows: Sequence[int]) -> list[tuple[tuple[str, ...], Value]]:
        """The first name's row less the second's, for each value of the columns that pair them."""
        assert node.operand is not None
        column = self._column_of(pair, node)
        sides: dict[str, dict[tuple[str, ...], Value]] = {pair.first: {}, pair.second: {}}
        for row in rows:
            name = self.sheet.cells[column][row]
            if name not in sides:
                continue
            key = tuple(self._column(item)[row] or "" for item in node.by)
            if key in sides[name]:
                words = ", ".join(item.name for item in node.by)
                raise claim_error(
                    f"'{name}' has more than one row for {' '.join(key)}.", self.claim, pair.at,
                    f"Say which with where, or add a column to by (now {words}).",
                )  # fmt: skip
            sides[name][key] = self.cell(node.operand, row)
        first, second = sides[pair.first], sides[pair.second]
        low, high = self.settings.scale or (-math.inf, math.inf)
        found = []
        for key in dict.fromkeys([*first, *second]):
            gap = [side.get(key) or Value(terms={Symbol(low, high, True): values.ONE}) for side in (first, second)]
            found.append((key, gap[0].plus(gap[1], -1)))
        return found

    def _column_of(self, pair: Pair, node: Aggregate) -> str:
        """The column that holds both names."""
        by = {item.name for item in node.by}
        holding = [
            name for name, cells in self.sheet.cells.items()
            if name not in by and pair.first in cells and pair.second in cells
        ]  # fmt: skip
        if len(holding) == 1:
            return holding[0]
        if holding:
            raise claim_error(f"columns {', '.join(holding)} all have both names.", self.claim, pair.at)
        known = {cell for cells in self.sheet.cells.values() for cell in cells if cell}
        missing = next((name for name in (pair.first, pair.second) if name not in known), pair.first)
        raise claim_error(
            f"no column has both '{pair.first}' and '{pair.second}'.", self.claim, pair.at, did_you_mean(missing, known)
        )

    def _wins(self, gaps: Sequence[Value]) -> Value:
        """How many differences are above zero."""
        held = [decide(gap, ">") for gap in gaps]
        missing = any(holds is None and gap.missing for holds, gap in zip(held, gaps, strict=True))
        central = sum(gap.constant > 0 and not gap.missing for gap in gaps)
        certain, possible = sum(holds is True for holds in held), sum(holds is not False for holds in held)
        return values.between(Fraction(certain), Fraction(possible), missing, Fraction(central))

    def _correlation(self, node: Aggregate, rows: Sequence[int]) -> Value:
        """Pearson's, over rows where both are printed."""
        assert node.operand is not None and node.second is not None
        pairs = [(self.cell(node.operand, row), self.cell(node.second, row)) for row in rows]
        whole = [pair for pair in pairs if not pair[0].missing and not pair[1].missing]
        found = values.correlation(whole) if len(whole) > 2 else None
        if found is None:
            raise claim_error("a correlation takes three rows, and columns that vary.", self.claim, node.at)
        return found

    def _other(self, node: Expression, row: int) -> Value:
        if row < 0 and not isinstance(node, Arithmetic):
            at = node.at
            raise claim_error("with by, a count compares with a number.", self.claim, at)
        return self.cell(node, row) if row >= 0 else self.value(node)

    def _weighted(self, node: Aggregate, rows: Sequence[int]) -> Value:
        assert node.weights is not None and node.operand is not None
        weights = []
        whole = set(self.whole_columns)
        for row in rows:
            weight = self.cell(node.weights, row)
            if weight.missing:
                line = self.sheet.first_line + row
                raise claim_error(f"line {line} has no weight.", self.claim, node.at, "Leave it out with where.")
            weights.append(weight.constant)
        self.whole_columns = whole  # weights are as exact as they are printed
        found = [self.cell(node.operand, row) for row in rows]
        if node.function == "sum":
            return values.combine(zip(found, weights, strict=True))
        if sum(weights, Fraction(0)) == 0:
            raise claim_error("the weights sum to zero.", self.claim, node.at)
        return values.weighted_mean(found, weights)

    def _join(self, node: Arithmetic, left: Value, right: Value) -> Value:
        if node.operator in "+-":
            return left.plus(right, 1 if node.operator == "+" else -1)
        if node.operator == "*":
            return values.product(left, right)
        if not right.terms and right.constant:
            return left.times(1 / right.constant)
        try:
            return values.quotient(left, right)
        except ZeroDivisionError:
            raise claim_error("what is divided by may be zero.", self.claim, node.at) from None

    def _rounded(self, value: Value) -> Value:
        if self.round_to is None or not value.terms:
            return value
        low, high = (_printed(end, self.round_to) for end in (value.low, value.high))
        center = _printed(value.constant, self.round_to)
        assert isinstance(center, Fraction)
        return values.between(low, high, bool(value.missing), center)


def _printed(value: Real, decimals: int) -> Real:
    """Rounded half up, as a claimed figure is."""
    if isinstance(value, float):
        return value
    unit = 10**decimals
    return Fraction(math.floor(value * unit + Fraction(1, 2)), unit)


def decide(gap: Value, sign: str) -> bool | None:
    """Whether ``gap sign 0`` holds for all it can be, for none (``False``), or that is open (``None``)."""
    low, high = gap.low, gap.high
    if sign in ("<", "<="):
        low, high, sign = -high, -low, {"<": ">", "<=": ">="}[sign]
    if sign in (">", ">="):
        compare = _COMPARE[sign]
        return True if compare(low, Fraction(0)) else None if compare(high, Fraction(0)) else False
    apart = low > 0 or high < 0
    equal = None if not apart and low != high else not apart
    return equal if sign == "=" or equal is None else not equal


def by_print(gap: Value, sign: str) -> bool:
    """Whether ``gap sign 0`` holds by the cells as they are printed."""
    return _COMPARE[sign](gap.constant, Fraction(0))


def _tests(node: Condition) -> Iterator[Comparison]:
    if isinstance(node, Comparison):
        yield node
    else:
        for part in node.parts:
            yield from _tests(part)
