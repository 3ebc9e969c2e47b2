"""Lines and tables folded to a width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.core.fold import fold
from analysis.core.text import Table

NUMBERS = Table(
    ("points per 0.1 of typological distance", "slope", "95% low", "95% high", "p", "languages"),
    (
        ("with one slope for all models and target tasks", "−1.63", "−3.22", "−0.04", "0.045", "25"),
        ("by pooled least squares", "−1.05", "−1.66", "−0.44", "", "25"),
    ),
)


def test_a_line_keeps_its_indent_and_what_follows_a_bullet_hangs() -> None:
    assert fold("  one two three", 10) == "  one two\n  three"
    assert fold("  - one two three", 11) == "  - one two\n    three"
    assert fold("one two three", None) == "one two three"
    assert fold("a/path/that/is/longer than", 10) == "a/path/that/is/longer\nthan"  # a word is never cut


def test_a_table_that_fits_is_left_alone() -> None:
    assert NUMBERS.text(200) == NUMBERS.text()


def test_words_are_folded_and_numbers_are_not() -> None:
    for width in (60, 80):
        text = NUMBERS.text(width)
        assert max(map(len, text.splitlines())) <= width
        for number in ("−1.63", "−3.22", "−0.04", "0.045"):
            assert number in text
    assert "with one slope" in NUMBERS.text(60) and "with one slope for all" not in NUMBERS.text(60)


def test_columns_that_do_not_fit_stand_below_under_their_rows() -> None:
    wide = Table(("group", *(f"column {j}" for j in range(12))), (("a", *("1.234",) * 12), ("b", *("5.678",) * 12)))
    text = wide.text(60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.count("group") > 1
    assert text.count("1.234") == text.count("5.678") == 12


def test_a_column_without_anything_can_be_left_out() -> None:
    table = Table(("a", "note", "b"), (("1", "", "–"), ("2", "", "3")))
    assert table.without_empty().columns == ("a", "b")


@given(
    st.lists(st.tuples(st.text("abc de_", min_size=1, max_size=60), st.integers(-99, 99)), min_size=1, max_size=4),
    st.integers(40, 120),
)
def test_nothing_is_lost(rows: list[tuple[str, int]], width: int) -> None:
    table = Table(("some words", "a number"), tuple((words, str(value)) for words, value in rows))
    text = table.text(width)
    assert max(map(len, text.splitlines())) <= width
    for letter in "abcde_":
        want = sum(words.count(letter) for words, _ in rows) + "some wordsa number".count(letter)
        assert text.count(letter) == want
