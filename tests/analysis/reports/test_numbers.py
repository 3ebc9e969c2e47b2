"""Numbers that prose names, and the rules they are printed by."""

from __future__ import annotations

import json
import math

import pytest

from analysis.reports import Numbers, Value
from analysis.reports.numbers import NumbersError
from analysis.reports.prose import blocks, fill, literal_statistics


def recorded() -> Numbers:
    numbers = Numbers()
    numbers["slope"] = Value(-1.6311, -3.22, -0.0422, 2, "points per 0.1", 23.0, 0.0447)
    numbers["far"] = Value(2.5, 1.0, 4.0, 1, "points", math.inf, 0.0001)
    numbers["share"] = Value(82.71, digits=0, unit="%")
    numbers["rows"] = 13238
    numbers["names"] = "Thai and Lao"
    return numbers


def test_values_print_by_rule() -> None:
    numbers = recorded()
    assert numbers.print("slope") == (
        "−1.63 points per 0.1 (95% interval −3.22 to −0.04; p = 0.045; 23.0 degrees of freedom)"
    )
    assert numbers.print("slope.size") == "1.63"
    assert numbers.print("slope.interval") == "95% interval −3.22 to −0.04"
    assert numbers.print("far") == "2.5 points (95% interval 1.0 to 4.0; p < 0.001; normal distribution)"
    assert numbers.print("share") == "83%"
    assert numbers.print("rows") == "13,238"
    assert numbers.print("names") == "Thai and Lao"


def test_settled_means_that_the_interval_excludes_zero() -> None:
    assert Value(1.0, 0.1, 2.0).settled
    assert not Value(1.0, -0.1, 2.0).settled
    assert not Value(1.0).settled


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(NumbersError, match=r"no number 'slop' was recorded\. Did you mean 'slope'\?"):
        fill("It is {slop}.", recorded())
    with pytest.raises(
        NumbersError, match=r"'slope.lo' cannot be printed: a value lacks the part 'lo'\. Did you mean 'low'"
    ):
        fill("It is {slope.lo}.", recorded())
    with pytest.raises(NumbersError, match="'rows' is not a value with parts"):
        fill("{rows.low}", recorded())
    with pytest.raises(NumbersError, match="it does not have 'df'"):
        fill("{share.df}", recorded())


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        ("Slope", 1, "not a valid name for a number"),
        ("slope", 2, "recorded twice"),
        ("other", 2.5, "is a float"),
        ("other", True, "is a bool"),
        ("other", Value(math.nan), "is nan"),
    ],
)
def test_what_cannot_be_recorded(name: str, entry: object, words: str) -> None:
    numbers = recorded()
    with pytest.raises(NumbersError, match=words):
        numbers[name] = entry  # type: ignore[assignment]


def test_numbers_survive_json() -> None:
    numbers = recorded()
    again = Numbers.from_json(json.loads(json.dumps(numbers.to_json(), allow_nan=False)))
    assert [again.print(name) for name in again] == [numbers.print(name) for name in numbers]


def test_mathematics_code_and_blocks_are_left_alone() -> None:
    text = "$\\frac{a}{b}$ and `{slope}`\n\n{figure main}\n\n{rows}"
    assert fill(text, recorded()) == "$\\frac{a}{b}$ and `{slope}`\n\n{figure main}\n\n13,238"
    assert blocks(text) == [("figure", "main")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the slope is −1.63 points", ["−1.63"]),
        ("in 12 of 25 languages", ["12", "25"]),
        ("a share of 83%", ["83%"]),
        ("p = 0.045", ["0.045"]),
        ("BLOOM-7.1B under xP3, with 95% intervals of F1", []),
        ("{slope} over {rows} rows", []),
        ("the formula $y = 2x$ and `a[1]`", []),
        ("MasakhaNER 2.0, mT5 and CC-100", []),
    ],
)
def test_literal_statistics_are_found(text: str, found: list[str]) -> None:
    assert literal_statistics(text) == found
