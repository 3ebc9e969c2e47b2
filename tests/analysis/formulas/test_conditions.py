"""Conditions on rows: the rows that pandas takes, and plain words where a condition means nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError, FormulaError
from analysis.formulas.nodes import text_of
from analysis.formulas.parser import parse_expression
from analysis.formulas.rows import rows_where

FRAME = pd.DataFrame(
    {
        "language": ["deu", "fra", None, "zho", "deu", "swa"],
        "task": pd.Categorical(["xnli", "pos", "xnli", "pos", "xnli", "pos"]),
        "score": [50.0, np.nan, 70.5, 12.0, 80.0, 50.0],
        "size": [1, 2, 3, 4, 5, 6],
        "seen": [True, False, True, True, False, False],
        "odd name": [1, 1, 2, 2, 3, 3],
        "mixed": ["1", 1, None, "x", 2.0, True],
    }
)


def kept(condition: str) -> list[int]:
    return np.flatnonzero(rows_where(FRAME, condition)[0]).tolist()


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("language == 'deu'", [0, 4]),
        ("language != 'deu'", [1, 2, 3, 5]),  # what is missing differs from everything
        ("'deu' == language", [0, 4]),
        ("language in ['deu', 'fra']", [0, 1, 4]),
        ("language in ('deu', 'fra')", [0, 1, 4]),
        ("language %in% c('deu')", None),
        ("language not in ['deu', 'fra']", [2, 3, 5]),
        ("language == ['deu', 'fra']", [0, 1, 4]),
        ("isna(language) | score > 75", [2, 4]),
        ("notna(score) and size >= 3", [2, 3, 4, 5]),
        ("0 < score <= 50", [0, 3, 5]),
        ("score > 40 & task == 'xnli'", [0, 2, 4]),
        ("not seen", [1, 4, 5]),
        ("seen == False", [1, 4, 5]),
        ("!seen && size > 2", [4, 5]),
        ("score/2 + size^2 < 30", [0, 3]),
        ("log(score) > 4", [2, 4]),
        ("score > mean(score)", [2, 4]),
        ("`odd name` == 2", [2, 3]),
        ("startswith(language, text='d') or endswith(language, text='a')", [0, 1, 4, 5]),
        ("contains(language, text='h')", [3]),
        ("size in [1, 2, 9]", [0, 1]),
        ("mixed == '1'", [0]),
        ("mixed == 1", [1, 5]),
        ("size >= 1", [0, 1, 2, 3, 4, 5]),
        ("score == score", [0, 2, 3, 4, 5]),
    ],
)
def test_rows(condition: str, rows: list[int] | None) -> None:
    if rows is None:
        with pytest.raises(FormulaError, match="joins terms"):
            kept(condition)
    else:
        assert kept(condition) == rows


def test_columns_of_text_are_compared_with_each_other() -> None:
    frame = pd.DataFrame({"a": ["x", "y", None, None], "b": ["x", "z", None, "x"]})
    assert rows_where(frame, "a == b")[0].tolist() == [True, False, False, False]
    assert rows_where(frame, "a != b")[0].tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("langage == 'deu'", r"'langage' is not a column of the data\. Did you mean 'language'"),
        ("language.isna()", r"'language.isna' .* is not a function .*Write isna\(…\)"),
        ("language.str.startswith('d')", r"Write startswith\(…\)"),
        ("startswith(language, 'd')", r"text 'd' is given to 'startswith' without a name\. Write text='d'\."),
        ("language.isin(['deu'])", r"Write it like x in \['a', 'b'\]"),
        ("language = 'deu'", "Equality is written '=='"),
        ("size == '1'", "has numbers but is compared with the text '1'. Remove the quotes"),
        ("language == 1", r"is text but is compared with 1\.0?.*Put text in quotes"),
        ("language > 'deu'", "orders numbers; 'language' is text"),
        ("score", "neither true nor false"),
        ("seen + 1", "neither true nor false"),
        ("size & seen", "'size' is neither true nor false"),
        ("score == None", r"Write isna\(score\)"),
        ("language in 'deu'", "values in brackets are expected"),
        ("score >", "at character 8 a column, a number or a function is expected, not the end"),
        ("(score > 1", "left open"),
        ("score > 1)", "never opened"),
        ("score > @threshold", "Write the value itself"),
        ("score > 1 score", "the end is expected, not 'score'"),
        ("size ~ 1", "there is a '~'"),
        ("log('deu') > 1", "the text 'deu' is given to 'log' without a name"),
        ("log(language) > 1", "'language' is text, not a number"),
        ("sqr(score) > 1", "Did you mean 'sqrt'"),
        ("round(score, digits=0.5) > 1", r"'digits' of 'round' is a whole number, not '0\.5'"),
        ("round(score, digit=1) > 1", "does not have the option 'digit'. Did you mean 'digits'"),
        ("language == 'deu", "The quote is never closed"),
    ],
)
def test_what_means_nothing_is_said(condition: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        rows_where(FRAME, condition)


def test_a_value_that_no_row_has_is_said() -> None:
    found, odd = rows_where(FRAME, "language != 'de' and task in ['xnli', 'pos']")
    assert found.all()
    assert odd == ("no row has 'de' in 'language'. Did you mean 'deu'?",)


_NUMBERS = st.sampled_from(["size", "score", "`odd name`", "3", "50", "2.5"])
_COMPARE = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_ATOMS = st.one_of(
    st.builds(lambda a, sign, b: f"{a} {sign} {b}", _NUMBERS, _COMPARE, st.sampled_from(["size", "score"])),
    st.builds(lambda a, c, b: f"{a} + {c} > {b}", _NUMBERS, st.sampled_from(["size", "score * 2", "-score"]), _NUMBERS),
    st.builds(lambda sign, v: f"language {sign} {v}", st.sampled_from(["==", "!="]), st.sampled_from(["'deu'", "'q'"])),
    st.builds(lambda sign, v: f"task {sign} {v}", st.sampled_from(["in", "not in"]), st.just("['xnli', 'q']")),
    st.just("seen"),
)
CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda a, word, b: f"({a}) {word} ({b})", inner, st.sampled_from(["and", "or", "&", "|"]), inner),
        st.builds(lambda a: f"not ({a})", inner),
    ),
    max_leaves=5,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(CONDITIONS)
def test_the_rows_are_those_of_pandas(condition: str) -> None:
    pandas = FRAME.query(condition, engine="python").index.tolist()
    assert kept(condition) == pandas
    assert kept(text_of(parse_expression(condition))) == pandas


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("abcxyz_.01 '\"`()[]{},=<>!&|+-*/^%:~#@$\\;é−≤\n") | st.characters(), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rows_where(FRAME, text)
    except CrossliftError as error:
        assert error.message
