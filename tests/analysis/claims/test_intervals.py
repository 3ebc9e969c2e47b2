"""Rounding as intervals, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.claims.numbers.intervals import Interval, exact, fixed, mean, rounded, total


def test_a_claimed_figure_is_its_rounding_interval() -> None:
    claimed = rounded(5.4, 1)
    assert (claimed.low, claimed.high) == (Fraction("5.35"), Fraction("5.45"))
    assert exact("5.35").meets(claimed)
    assert not exact("5.45").meets(claimed)  # printed 5.5
    assert not exact("5.3499").meets(claimed)


def test_counts_meet_only_themselves() -> None:
    assert exact(9).meets(exact(9))
    assert not exact(7).meets(exact(9))


def test_arithmetic() -> None:
    gain = rounded(80.0, 1) - rounded(79.2, 1)
    assert gain == Interval(Fraction("0.7"), Fraction("0.9"))
    assert gain.width == 2 * rounded(5.4, 1).width
    assert gain.times(-2) == Interval(Fraction("-1.8"), Fraction("-1.4"))
    assert mean([exact(1), exact(2)]) == exact("1.5")
    assert gain.text(1) == "0.7 to 0.9"
    assert gain.times(-1).text(1) == "−0.9 to −0.7"
    assert exact(3).text(0) == "3"
    with pytest.raises(ValueError, match="mean of no intervals"):
        mean([])


@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=9))
def test_the_mean_of_unrounded_scores_lies_in_the_interval_of_their_printed_ones(thousandths: list[int]) -> None:
    scores = [Fraction(value, 1000) for value in thousandths]
    printed = [rounded(str(float((score * 10 + Fraction(1, 2)).__floor__()) / 10), 1) for score in scores]
    found = mean(printed)
    assert found.low <= sum(scores) / len(scores) <= found.high
    assert total(printed).low <= sum(scores)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [("33/40", 2, "0.83"), ("-33/40", 2, "−0.83"), ("505/4", 1, "126.3"), ("321/20", 1, "16.1"), ("-1/1000", 2, "0.00"),
     ("5", 1, "5.0"), ("7/2", 0, "4"), ("1999/1000", 2, "2.00")],
)  # fmt: skip
def test_halves_are_printed_as_tables_print_them(value: str, digits: int, text: str) -> None:
    """Whatever binary number is nearest, and however it was summed."""
    assert fixed(Fraction(value), digits) == text


def test_ends_that_are_halves_go_outward() -> None:
    """A range is never printed narrower for being half a digit."""
    assert Interval(Fraction("26.65"), Fraction("34.05")).text(1) == "26.6 to 34.1"
    assert Interval(Fraction("-26.65"), Fraction("-0.05")).text(1) == "−26.7 to 0.0"
    assert Interval(Fraction("26.65"), Fraction("26.65")).text(1) == "26.7"
