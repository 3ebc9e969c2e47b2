"""Exact match and F1 of answers, against the harness's port of MLQA's evaluation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kinds.metrics.answers import exact_match, find_form, mlqa_form, squad_form, token_f1
from tests.conftest import ROOT

ISO = {"en": "eng", "es": "spa", "de": "deu", "vi": "vie", "hi": "hin", "zh": "zho"}
CASES = json.loads((ROOT / "validation/metrics/mlqa.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}: {case['answer']}")
def test_agrees_with_mlqa(case):
    form = find_form("mlqa", case["language"])
    assert float(exact_match(case["answer"], case["accepted"], form)) == case["em"]
    assert token_f1(case["answer"], case["accepted"], form) == pytest.approx(case["f1"], abs=1e-12)


def test_arabic_article_goes_wherever_its_letters_stand():
    assert mlqa_form("النهر", "ara") == "نهر"
    assert mlqa_form("والنهر", "ara") == "و نهر"  # MLQA's expression is not bound to the beginning of a word


@pytest.mark.parametrize(
    ("language", "text", "words"), [("tha", "กรุงเทพ 1", 8), ("jpn", "東京タワー", 5), ("fin", "Suomen silta", 2)]
)
def test_scripts_without_blanks_are_compared_by_character(language, text, words):
    assert len(mlqa_form(text, language).split()) == words


def test_languages_that_mlqa_lacks_lose_no_articles():
    assert mlqa_form("Ο ποταμός", "ell") == "ο ποταμός"


@pytest.mark.slow
@given(st.text(max_size=30), st.sampled_from(sorted(ISO.values())))
def test_an_answer_equals_itself(text, language):
    form = find_form("mlqa", language)
    assert exact_match(text, [text], form)
    assert token_f1(text, [text], form) == (1.0 if form(text) else 0.0)


def test_squad_compares_words_between_blanks_in_every_language():
    # Chinese without blanks is one word: MLQA's rule gives credit for shared characters, SQuAD's none.
    assert token_f1("公元前 3 世纪", ["公元前3世纪"], find_form("squad", "zh")) == 0.0
    assert token_f1("公元前 3 世纪", ["公元前3世纪"], find_form("mlqa", "zh")) == 1.0
    assert squad_form("The «Seine», a river") == "«seine» river"  # ASCII punctuation and English articles alone
    assert mlqa_form("The «Seine», a river", "eng") == "seine river"


def test_without_an_accepted_answer_the_empty_one_is_right():
    for answer, points in (("", 1.0), ("the", 1.0), ("river", 0.0)):
        assert float(exact_match(answer, [], squad_form)) == points
        assert token_f1(answer, [], squad_form) == points
