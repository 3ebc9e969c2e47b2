"""The verb of an answer follows from the rows beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.questions.regression.answer import FEWEST_LEVELS, Answer, Words
from analysis.questions.regression.robustness import Row
from analysis.questions.regression.verdict import judge, judged

WORDS = Words("gain", "rises", "falls", "per 0.1 of distance", "distance", "language")


def answer(low: float, high: float, levels: int = 25) -> Answer:
    middle = (low + high) / 2
    return Answer("typology", "typology", 0.1, middle, 0.5, 20.0, 0.04, low, high, levels, "")


def row(name: str, low: float, high: float, decisive: bool = True, reason: str = "") -> Row:
    middle = (low + high) / 2
    return Row(name, f"with {name}", middle, low, high, 0.04, 20.0, 25, 100, decisive, reason)


def default(low: float, high: float) -> Row:
    return Row("default", "in the default model", (low + high) / 2, low, high)


def test_a_slope_that_every_row_agrees_with_holds() -> None:
    found = judge(answer(-3, -1), WORDS, [default(-3, -1), row("corpus", -2, -1), row("related", -4, -0.1)])
    assert found.verdict == "holds"
    assert found.sentence.startswith("The gain falls by 2.00 points per 0.1 of distance (95% interval −3.00 to −1.00;")
    assert "but" not in found.sentence


def test_one_decisive_row_that_holds_zero_is_named() -> None:
    rows = [default(-3, -1), row("corpus", -2, 1), row("related", -4, -0.1)]
    found = judge(answer(-3, -1), WORDS, rows)
    assert found.verdict == "depends"
    assert found.sentence.endswith(") in the default model, but not with corpus.")


def test_a_slope_turned_round_is_said() -> None:
    rows = [default(-3, -1), row("corpus", 1, 2), row("related", -1, 1)]
    found = judge(answer(-3, -1), WORDS, rows)
    assert found.sentence.endswith("in the default model, but not with related, and the other way round with corpus.")


def test_rows_that_decide_nothing_or_were_not_fitted_change_nothing() -> None:
    rows = [default(-3, -1), row("pooled", 1, 2, decisive=False), row("within", -1, 1, reason="one model")]
    assert judge(answer(-3, -1), WORDS, rows).verdict == "holds"


def test_a_row_over_too_few_languages_decides_nothing() -> None:
    few = Row("corpus", "with corpus", -0.5, -2, 1, 0.4, 5.0, FEWEST_LEVELS["language"] - 1, 60)
    assert judge(answer(-3, -1), WORDS, [default(-3, -1), few]).verdict == "holds"
    only = Row("corpus", "with corpus", 1.0, 0.5, 1.5, 0.01, 5.0, 9, 60)
    assert "only" not in judge(answer(-3, 1), WORDS, [default(-3, 1), only]).sentence


def test_an_open_answer_names_what_would_settle_it() -> None:
    found = judge(answer(-3, 1), WORDS, [default(-3, 1), row("one-slope", -3, -0.5), row("pooled", -2, -1)])
    assert found.verdict == "not-settled"
    assert "falls by" not in found.sentence
    assert found.sentence.endswith("It falls only with one-slope (−1.75, −3.00 to −0.50).")


def test_rows_in_both_directions_have_no_one_verb() -> None:
    found = judge(answer(-3, 3), WORDS, [default(-3, 3), row("one", -3, -0.5), row("two", 1, 2)])
    assert found.sentence.endswith("It changes only with one or with two.")


def test_a_long_list_is_counted() -> None:
    rows = [default(-3, -1), *(row(f"r{i}", -1, 1) for i in range(7))]
    assert "with r3 or in 3 more of the rows below" in judge(answer(-3, -1), WORDS, rows).sentence


@pytest.mark.parametrize("levels", [1, FEWEST_LEVELS["language"] - 1])
def test_too_few_languages_get_no_verdict(levels: int) -> None:
    item = answer(-3, -1, levels)
    found = judged(item, WORDS, ())
    assert found.verdict == "too-few"
    assert f"Over {levels} language" in found.sentence
    assert "falls" not in found.sentence
    assert judge(item, WORDS, [default(-3, -1)]).verdict == "too-few"


def test_nothing_beside_it_leaves_the_answer_as_it_is() -> None:
    item = answer(-3, -1)
    assert judged(item, WORDS, ()) is item


limits = st.tuples(st.floats(-5, 5), st.floats(0.01, 5)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(limits, st.lists(st.tuples(limits, st.booleans()), max_size=6))
def test_holds_needs_every_decisive_row(
    own: tuple[float, float], beside: list[tuple[tuple[float, float], bool]]
) -> None:
    """Property: unreserved only if the answer and each decisive row lie on one side; never where zero is inside."""
    rows = [default(*own), *(row(str(i), *at, decisive=flag) for i, (at, flag) in enumerate(beside))]
    item = answer(*own)
    found = judge(item, WORDS, rows)
    agree = all(at.direction == item.direction for at in rows[1:] if at.decisive)
    expected = "not-settled" if item.direction == 0 else "holds" if agree else "depends"
    assert found.verdict == expected
