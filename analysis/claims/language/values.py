"""Numbers known to their rounding: exact linear forms in printed cells, so that what two numbers share cancels.

The mean of a column minus the mean of a part of it contains the cells of the part twice. Interval arithmetic would
count their rounding twice; a linear form counts it once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..numbers.rounding import RoundingError, error_of

#: An end of a range: a fraction, or an infinite float where nothing bounds it.
Real = Fraction | float
#: Values up to which an extreme is sought by comparing all pairs, which knows what two of them share.
_PAIRWISE = 100
#: The factor of a symbol in its own cell.
ONE = Fraction(1)


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """What is not known of a cell: its rounding error, or all of it if nothing is printed. Equal only to itself.

    ``missing`` if nothing is printed; ``uniform`` for the rounding error of one printed cell.
    """

    low: Real
    high: Real
    missing: bool = False
    line: int = 0
    uniform: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """``constant``, which is the number by the cells as printed, plus every symbol times its factor."""

    constant: Fraction = Fraction(0)
    terms: Mapping[Symbol, Fraction] = field(default_factory=dict)

    def plus(self, other: Value, factor: Fraction | int = 1) -> Value:
        """``self + factor · other``; what cancels is gone."""
        if not other.terms:
            return Value(self.constant + other.constant * factor, self.terms)
        return combine([(self, Fraction(1)), (other, Fraction(factor))])

    def times(self, factor: Fraction) -> Value:
        """Scaled."""
        return combine([(self, factor)])

    @property
    def low(self) -> Real:
        """The least it can be."""
        return self.constant + sum((end * f * n for end, f, n in self._ends(lower=True)), Fraction(0))

    @property
    def high(self) -> Real:
        """The most it can be."""
        return self.constant + sum((end * f * n for end, f, n in self._ends(lower=False)), Fraction(0))

    def _ends(self, lower: bool) -> Iterator[tuple[Real, Fraction, int]]:
        """Ends of the symbols with their factors; many share both, and are told by identity, which is quick."""
        found: dict[tuple[int, int], list[Any]] = {}
        for symbol, factor in self.terms.items():
            end = symbol.low if (factor > 0) == lower else symbol.high
            key = (id(end), id(factor))
            if key in found:
                found[key][2] += 1
            else:
                found[key] = [end, factor, 1]
        return ((end, factor, number) for end, factor, number in found.values())

    @property
    def missing(self) -> tuple[Symbol, ...]:
        """Symbols of cells in which nothing is printed."""
        return tuple(symbol for symbol in self.terms if symbol.missing)

    def known(self) -> Value:
        """Without the missing cells."""
        return Value(self.constant, {s: f for s, f in self.terms.items() if not s.missing})

    def error(self) -> RoundingError | None:
        """Distribution of the rounding error; ``None`` if something else than rounding of cells is in it."""
        if not all(symbol.uniform for symbol in self.terms):
            return None
        return error_of(float(symbol.high) * float(factor) for symbol, factor in self.terms.items())


def combine(parts: Iterable[tuple[Value, Fraction]]) -> Value:
    """The sum of values, each times a factor."""
    constant, terms = Fraction(0), dict[Symbol, Fraction]()
    for value, factor in parts:
        constant += value.constant * factor
        for symbol, own in value.terms.items():
            terms[symbol] = terms.get(symbol, Fraction(0)) + own * factor
    return Value(constant, {symbol: factor for symbol, factor in terms.items() if factor})


def between(low: Real, high: Real, missing: bool = False, center: Fraction | None = None) -> Value:
    """A number of which only its range is known, and ``center`` by the cells as printed (default: the middle)."""
    if low == high and isinstance(low, Fraction):
        return Value(low)
    if center is None:
        known = isinstance(low, Fraction) and isinstance(high, Fraction)
        center = (Fraction(low) + Fraction(high)) / 2 if known else Fraction(0)
    return Value(center, {Symbol(low - center, high - center, missing): Fraction(1)})


def total(values: Sequence[Value]) -> Value:
    """Sum."""
    return mean_of(values, Fraction(1))


def mean(values: Sequence[Value]) -> Value:
    """Mean of at least one value."""
    return mean_of(values, Fraction(1, len(values)))


def mean_of(values: Sequence[Value], factor: Fraction) -> Value:
    """The sum of values times one factor; quick for tens of thousands of cells, whose symbols are all different."""
    numerators: dict[int, int] = {}
    terms: dict[Symbol, Fraction] = {}
    for value in values:
        constant = value.constant
        numerators[constant.denominator] = numerators.get(constant.denominator, 0) + constant.numerator
        for symbol, own in value.terms.items():
            if symbol in terms:
                return combine((item, factor) for item in values)
            terms[symbol] = factor if own is ONE else own * factor
    whole = sum((Fraction(n, d) for d, n in numerators.items()), Fraction(0))
    return Value(whole * factor, terms)


def weighted_mean(values: Sequence[Value], weights: Sequence[Fraction]) -> Value:
    """Mean by weights that sum to something."""
    total = sum(weights, Fraction(0))
    return combine((value, weight / total) for value, weight in zip(values, weights, strict=True))


def extreme(values: Sequence[Value], largest: bool) -> Value:
    """The largest or the smallest value; itself, where rounding leaves no doubt which one that is."""
    for value in values if len(values) <= _PAIRWISE else ():
        rest = [value.plus(other, -1) for other in values if other is not value]
        if all((gap.low >= 0) if largest else (gap.high <= 0) for gap in rest):
            return value
    pick = max if largest else min
    return between(
        pick(value.low for value in values),
        pick(value.high for value in values),
        any(v.missing for v in values),
        pick(value.constant for value in values),
    )


def median(values: Sequence[Value]) -> Value:
    """The median: its ends are the medians of the ends, as it never falls when a value rises."""
    ends = [sorted(v.low for v in values), sorted(v.high for v in values)]
    low, high = (_middle(end) for end in ends)
    center = _middle(sorted(v.constant for v in values))
    assert isinstance(center, Fraction)
    return between(low, high, any(v.missing for v in values), center)


def product(a: Value, b: Value) -> Value:
    """A product; exact where one factor is."""
    for one, other in ((a, b), (b, a)):
        if not one.terms:
            return other.times(one.constant)
    ends = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return between(min(ends), max(ends), bool(a.missing or b.missing), a.constant * b.constant)


def quotient(a: Value, b: Value) -> Value:
    """A quotient.

    Raises
    ------
    ZeroDivisionError
        If the divisor may be zero.
    """
    if b.low <= 0 <= b.high:
        raise ZeroDivisionError
    low, high = (_inverse(end) for end in (b.high, b.low))
    center = 1 / b.constant if b.constant else None
    return product(a, between(low, high, bool(b.missing), center))


def _middle(ordered: Sequence[Real]) -> Real:
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    a, b = ordered[half - 1], ordered[half]
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return (a + b) / 2
    return a + b


def _times(a: Real, b: Real) -> Real:
    return Fraction(0) if a == 0 or b == 0 else a * b


def _inverse(end: Real) -> Real:
    return Fraction(0) if isinstance(end, float) and math.isinf(end) else 1 / Fraction(end)


def absolute(value: Value) -> Value:
    """The distance from zero."""
    if value.low >= 0:
        return value
    if value.high <= 0:
        return value.times(Fraction(-1))
    high = max(-value.low, value.high)
    return between(Fraction(0), high, bool(value.missing), abs(value.constant))


def deviation(values: Sequence[Value]) -> Value:
    """The sample standard deviation, by n − 1.

    Errors move it by at most their length over the root of n − 1, as it is a norm of the centred values.
    """
    n = len(values)
    if any(value.missing for value in values):
        return between(Fraction(0), math.inf, True)
    centers = [value.constant for value in values]
    middle = sum(centers, Fraction(0)) / n
    center = _root(sum(((x - middle) ** 2 for x in centers), Fraction(0)) / (n - 1))
    widest = (max(Fraction(v.high) - v.constant, v.constant - Fraction(v.low)) for v in values)
    reach = _root(sum((half * half for half in widest), Fraction(0)) / (n - 1))
    return between(max(Fraction(0), center - reach), center + reach, False, center)


def correlation(pairs: Sequence[tuple[Value, Value]]) -> Value | None:
    """Pearson's correlation; ``None`` where a column does not vary.

    Its range is of the first order: the sum over cells of half a unit times the slope of the correlation in it.
    """
    x, y = ([float(pair[side].constant) for pair in pairs] for side in (0, 1))
    n = len(pairs)
    dx, dy = [value - sum(x) / n for value in x], [value - sum(y) / n for value in y]
    xx, yy = sum(d * d for d in dx), sum(d * d for d in dy)
    if not xx or not yy:
        return None
    r = sum(a * b for a, b in zip(dx, dy, strict=True)) / math.sqrt(xx * yy)
    reach = 0.0
    for (first, second), a, b in zip(pairs, dx, dy, strict=True):
        for value, slope in (
            (first, b / math.sqrt(xx * yy) - r * a / xx),
            (second, a / math.sqrt(xx * yy) - r * b / yy),
        ):
            reach += abs(slope) * float(value.high - value.low) / 2
    low, high = max(-1.0, r - reach), min(1.0, r + reach)
    return between(Fraction(low), Fraction(high), False, Fraction(r))


def _root(square: Fraction) -> Fraction:
    """To sixty binary digits below the point."""
    return Fraction(math.isqrt((square.numerator << 120) // square.denominator), 1 << 60)
