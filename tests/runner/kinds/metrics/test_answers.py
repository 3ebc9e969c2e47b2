"""Exact match and F1 of answers, against the harness's port of MLQA's evaluation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kinds.metrics.answers import exact_match, normalize, token_f1
from tests.conftest import ROOT

ISO = {"en": "eng", "es": "spa", "de": "deu", "vi": "vie", "hi": "hin", "zh": "zho"}
CASES = json.loads((ROOT / "validation/metrics/mlqa.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}: {case['answer']}")
def test_agrees_with_mlqa(case):
    language = ISO[case["language"]]
    assert float(exact_match(case["answer"], case["accepted"], language)) == case["em"]
    assert token_f1(case["answer"], case["accepted"], language) == pytest.approx(case["f1"], abs=1e-12)


def test_arabic_article_goes_wherever_its_letters_stand():
    assert normalize("النهر", "ara") == "نهر"
    assert normalize("والنهر", "ara") == "و نهر"  # MLQA's expression is not bound to the beginning of a word


@pytest.mark.parametrize(
    ("language", "text", "words"), [("tha", "กรุงเทพ 1", 8), ("jpn", "東京タワー", 5), ("fin", "Suomen silta", 2)]
)
def test_scripts_without_blanks_are_compared_by_character(language, text, words):
    assert len(normalize(text, language).split()) == words


def test_languages_that_mlqa_lacks_lose_no_articles():
    assert normalize("Ο ποταμός", "ell") == "ο ποταμός"


@pytest.mark.slow
@given(st.text(max_size=30), st.sampled_from(sorted(ISO.values())))
def test_an_answer_equals_itself(text, language):
    assert exact_match(text, [text], language)
    assert token_f1(text, [text], language) == (1.0 if normalize(text, language) else 0.0)
