"""Numbers known to their rounding: what is computed from them holds what it must, and no more where that is linear."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.claims.language import values
from analysis.claims.language.values import Symbol, Value, between

ENDS = st.tuples(st.integers(-50, 50), st.integers(0, 20), st.integers(0, 10))


def cell(ends: tuple[int, int, int]) -> tuple[Value, Fraction]:
    """A value and a point within it."""
    low, width, at = ends
    return between(Fraction(low), Fraction(low + width)), Fraction(low) + Fraction(width * at, 10)


@given(st.lists(ENDS, min_size=1, max_size=8))
def test_every_function_holds_every_possible_value(cells: list[tuple[int, int, int]]) -> None:
    pairs = [cell(ends) for ends in cells]
    found, points = [value for value, _ in pairs], [point for _, point in pairs]
    for computed, point in (
        (values.mean(found), sum(points) / len(points)),
        (values.combine((value, Fraction(1)) for value in found), sum(points)),
        (values.median(found), Fraction(statistics.median(points))),
        (values.extreme(found, True), max(points)),
        (values.extreme(found, False), min(points)),
    ):
        assert computed.low <= point <= computed.high


@given(ENDS, ENDS)
def test_products_and_quotients(a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    (x, px), (y, py) = cell(a), cell(b)
    assert values.product(x, y).low <= px * py <= values.product(x, y).high
    if y.low <= 0 <= y.high:
        with pytest.raises(ZeroDivisionError):
            values.quotient(x, y)
    else:
        assert values.quotient(x, y).low <= px / py <= values.quotient(x, y).high


@given(st.lists(ENDS, min_size=1, max_size=8), st.lists(ENDS, min_size=1, max_size=8))
def test_linear_ends_are_reached(a: list[tuple[int, int, int]], b: list[tuple[int, int, int]]) -> None:
    """The mean of all minus the mean of a part: its ends are those at the corners of the cells."""
    part, rest = [cell(ends)[0] for ends in a], [cell(ends)[0] for ends in b]
    gap = values.mean([*part, *rest]).plus(values.mean(part), -1)
    whole = len(part) + len(rest)
    own = Fraction(1, whole) - Fraction(1, len(part))  # never positive: these cells count more in the part
    low = sum(v.high for v in part) * own + sum(v.low for v in rest) * Fraction(1, whole)
    assert gap.low == low
    assert values.mean(part).plus(values.mean(part), -1) == Value()


def test_an_extreme_that_is_certain_keeps_what_it_shares() -> None:
    a, b = between(Fraction(10), Fraction(11)), between(Fraction(1), Fraction(2))
    assert values.extreme([b, a], True) is a
    assert values.extreme([a, b], False) is b


def test_missing_cells_have_no_bounds() -> None:
    missing = Value(Fraction(0), {Symbol(-math.inf, math.inf, True, 7): Fraction(1)})
    found = values.mean([missing, Value(Fraction(2))])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert [symbol.line for symbol in found.missing] == [7]
    assert found.known() == Value(Fraction(1))
    top = values.extreme([missing, Value(Fraction(2))], True)
    assert (top.low, top.high) == (Fraction(2), math.inf)
    assert values.product(missing, Value(Fraction(0))) == Value()


def test_weighted_mean() -> None:
    found = values.weighted_mean([Value(Fraction(1)), Value(Fraction(4))], [Fraction(1), Fraction(2)])
    assert found == Value(Fraction(3))
