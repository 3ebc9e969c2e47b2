"""Accuracy, macro-F1 and clustered errors, by hand and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.kinds.metrics.classes import as_classes, clustered_error, macro_f1


def test_macro_f1_by_hand():
    # Class 0: precision 2/3, recall 1, F1 0.8. Class 1: precision 1, recall 1/2, F1 2/3. Class 2, predicted only: 0.
    gold, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    assert macro_f1(gold, predicted) == pytest.approx(100 * (0.8 + 2 / 3) / 2)
    predicted = np.array([0, 0, 2, 1])
    assert macro_f1(gold, predicted) == pytest.approx(100 * (1 + 2 / 3 + 0) / 3)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_macro_f1_does_not_depend_on_order_or_names(pairs):
    gold, predicted = map(np.array, zip(*pairs, strict=True))
    order = np.random.default_rng(len(pairs)).permutation(len(pairs))
    assert macro_f1(gold[order], predicted[order]) == pytest.approx(macro_f1(gold, predicted))
    assert macro_f1(4 - gold, 4 - predicted) == pytest.approx(macro_f1(gold, predicted))


def test_clusters_of_one_have_the_usual_error():
    right = np.arange(40) % 3 == 0
    share, n = right.mean(), 40
    assert clustered_error(right, np.arange(n)) == pytest.approx(100 * np.sqrt(share * (1 - share) / (n - 1)))


def test_repeated_words_add_no_information():
    right = np.arange(40) % 3 == 0
    once = clustered_error(right, np.arange(40))
    assert clustered_error(np.repeat(right, 5), np.repeat(np.arange(40), 5)) == pytest.approx(once)
    assert np.isnan(clustered_error(right, np.zeros(40, dtype=int)))


def test_clustered_error_is_the_spread_over_samples():
    rng = np.random.default_rng(1)
    shares, errors = [], []
    for _ in range(400):
        sizes = rng.integers(3, 20, size=60)
        quality = np.repeat(rng.beta(4, 2, size=60), sizes)
        right = rng.random(len(quality)) < quality
        shares.append(100 * right.mean())
        errors.append(clustered_error(right, np.repeat(np.arange(60), sizes)))
    # The standard deviation of 400 draws is known to 1/sqrt(800) = 3.5%.
    assert np.mean(errors) == pytest.approx(np.std(shares), rel=0.12)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((3, 2), dtype=int), np.zeros(4, dtype=int)])
def test_predictions_are_class_indices(wrong):
    with pytest.raises(ValueError, match="for 3 examples"):
        as_classes(wrong, 3)
