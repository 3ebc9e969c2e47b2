"""Nearest neighbours and margin mining, against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.kinds.metrics.retrieval import Mined, best_threshold, margins, mine, mining_f1, nearest, similarities


def vectors(seed: int, n: int, m: int, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d))


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


@given(st.integers(0, 50), st.integers(1, 7), st.integers(1, 7), st.integers(1, 5))
@settings(max_examples=30)
def test_margins_are_the_formula(seed, n, m, k):
    x, y = vectors(seed, n, m)
    found = margins(x, y, k)
    for i, j in itertools.product(range(n), range(m)):
        forward = sorted((cosine(x[i], z) for z in y), reverse=True)[:k]
        backward = sorted((cosine(z, y[j]) for z in x), reverse=True)[:k]
        scale = np.mean(forward) / 2 + np.mean(backward) / 2
        assert found[i, j] == pytest.approx(cosine(x[i], y[j]) / scale if scale > 0 else 0.0)


@given(st.integers(0, 50), st.floats(0.1, 50))
@settings(max_examples=20)
def test_length_of_a_vector_does_not_matter(seed, scale):
    x, y = vectors(seed, 5, 7)
    assert np.allclose(similarities(x * scale, y), similarities(x, y))
    assert list(nearest(x * scale, y)) == [int(np.argmax([cosine(a, b) for b in y])) for a in x]


def test_hubs_are_held_back_by_the_margin():
    # A fifth of the targets lie in the middle of everything, near all sources and true for none.
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 20)) + 0.7
    y = np.concatenate([x + 1.2 * rng.normal(size=x.shape), np.full((25, 20), 0.7) + 0.1 * rng.normal(size=(25, 20))])
    by_cosine = (nearest(x, y) == np.arange(100)).mean()
    by_margin = (margins(x, y).argmax(axis=1) == np.arange(100)).mean()
    assert by_margin > by_cosine + 0.1


def test_no_position_is_mined_twice():
    x, y = vectors(3, 40, 25)
    found = mine(x, y)
    assert len(set(found.pairs[:, 0])) == len(set(found.pairs[:, 1])) == len(found.pairs)
    assert (np.diff(found.margin) <= 0).all()


@given(st.integers(0, 200))
@settings(max_examples=50)
def test_no_threshold_is_better_than_the_best(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    mined = Mined(np.stack([np.arange(n), np.arange(n)], axis=1), rng.normal(size=n))
    gold = {(int(i), int(i)) for i in range(n) if rng.random() < 0.5} | {(0, 99)}

    def f1(threshold: float) -> float:
        kept = {
            (int(i), int(j)) for (i, j), margin in zip(mined.pairs, mined.margin, strict=True) if margin >= threshold
        }
        return 2 * len(kept & gold) / (len(kept) + len(gold))

    best = f1(best_threshold(mined, gold))
    assert best == pytest.approx(max(f1(threshold) for threshold in [*mined.margin, np.inf]))


def test_mining_finds_planted_pairs_and_refuses_the_rest():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 32))
    y = np.concatenate([x[:80] + 0.2 * rng.normal(size=(80, 32)), rng.normal(size=(150, 32))])
    gold = [(i, i) for i in range(80)]
    assert mining_f1(x, y, gold) > 95
    assert mining_f1(x, y[::-1], gold) < 5


def test_the_threshold_is_not_fitted_to_what_it_scores():
    # Pure noise: the best threshold on the same pairs would find a share of "right" pairs by luck.
    x, y = vectors(11, 300, 300)
    gold = [(i, (i * 7) % 300) for i in range(300)]
    assert mining_f1(x, y, gold) < 2
