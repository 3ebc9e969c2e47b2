"""Spans of tags: equal to seqeval where tags have prefixes, and of their own where they have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kinds.metrics.tags import span_scores, spans

PREFIXED = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER", "E-LOC", "S-PER", "I-B-X")
sentences = st.lists(st.lists(st.sampled_from(PREFIXED), min_size=1, max_size=8), min_size=1, max_size=4)


@given(sentences, st.randoms())
def test_prefixed_tags_have_the_scores_of_seqeval(gold, random):
    seqeval = pytest.importorskip("seqeval.metrics")
    predicted = [[random.choice(PREFIXED) for _ in sentence] for sentence in gold]
    found = span_scores(gold, predicted)
    for metric in ("precision", "recall", "f1"):
        wanted = getattr(seqeval, f"{metric}_score")(gold, predicted, zero_division=0)
        assert found[metric] == pytest.approx(float(wanted), abs=1e-12)


def test_plain_tags_are_their_own_type():
    gold = [["NOUN", "SCONJ", "VERB", "CCONJ", "NOUN"]]
    predicted = [["NOUN", "CCONJ", "VERB", "CCONJ", "NOUN"]]
    assert span_scores(gold, predicted)["f1"] == pytest.approx(0.8)


def test_neighbours_with_one_tag_are_one_span_unless_the_tag_begins_with_s():
    assert list(spans(["NOUN", "NOUN", "SYM", "SYM", "O", "INTJ", "INTJ"])) == [
        ("NOUN", 0, 1), ("SYM", 2, 2), ("SYM", 3, 3), ("INTJ", 5, 6),
    ]  # fmt: skip
