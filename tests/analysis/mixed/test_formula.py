"""Formulas: what is expanded, what is kept apart, what is refused."""

from __future__ import annotations

import pytest

from analysis.core.errors import FormulaError
from analysis.mixed.model.formula import Bar, parse_formula, random_text


def bars(text: str) -> tuple[Bar, ...]:
    return parse_formula(text).bars


def test_fixed_part_and_crossed_terms() -> None:
    parsed = parse_formula("gain ~ typology*log_params + (1|language) + (1 + typology|model)")
    assert parsed.response == "gain"
    assert parsed.fixed == "typology*log_params"
    assert parsed.bars == (Bar("1", ("language",)), Bar("1 + typology", ("model",)))


def test_correlated_and_separate_terms_are_not_the_same() -> None:
    assert bars("y ~ x + (1 + x|g)") != bars("y ~ x + (1|g) + (0 + x|g)")


def test_double_bar_is_split() -> None:
    assert bars("y ~ x + (1 + x||g)") == (Bar("1", ("g",), "1 + x"), Bar("0 + x", ("g",), "1 + x"))
    assert [bar.expression for bar in bars("y ~ x + (x||g)")] == ["1", "0 + x"]
    assert [bar.expression for bar in bars("y ~ x + (0 + x*z||g)")] == ["0 + x", "0 + z", "0 + x:z"]


def test_the_random_part_is_written_as_it_was_read() -> None:
    text = "y ~ 1 + (1|a) + (0 + x|a) + (x + f||a:b) + (x||c/d)"
    again = "y ~ 1" + random_text(bars(text))
    assert [(bar.expression, bar.factors) for bar in bars(again)] == [
        (bar.expression, bar.factors) for bar in bars(text)
    ]
    assert again == "y ~ 1 + (1|a) + (0 + x|a) + (x + f||a:b) + (x||c) + (x||c:d)"


def test_nesting_and_interaction() -> None:
    assert bars("y ~ 1 + (1|a/b)") == (Bar("1", ("a",)), Bar("1", ("a", "b")))
    assert bars("y ~ 1 + (1|a:b)") == (Bar("1", ("a", "b")),)
    assert bars("y ~ 1 + (1|a:b)")[0].group == "a:b"


def test_fixed_part_may_be_missing_or_without_intercept() -> None:
    assert parse_formula("y ~ (1|g)").fixed == "1"
    assert parse_formula("log(y) ~ 0 + center(x) - z + ((1|g))").fixed == "0 + center(x) - z"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y", "does not have a '~'"),
        ("~ x", "does not have a '~'"),
        ("y ~ x + 1|g", r"no parentheses around it.*Write \(1\|g\)"),
        ("y ~ (1|g", "left open"),
        ("y ~ 1|g)", "never opened"),
        ("y ~ (1|)", "needs columns, one bar and a grouping factor"),
        ("y ~ (1|g|h)", "needs columns, one bar"),
        ("y ~ x - (1|g)", "cannot be subtracted"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        parse_formula(text)
