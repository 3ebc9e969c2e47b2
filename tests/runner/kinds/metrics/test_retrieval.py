"""Nearest neighbours and margin mining, against their definitions."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch  # noqa: F401 - here, so that no example is timed while it loads
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.kinds.metrics.retrieval import (
    Mined,
    best_threshold,
    cross_fitted_f1,
    mine,
    mine_texts,
    mining_f1,
    nearest,
    top_k,
)
from tests.conftest import ROOT


def vectors(seed: int, n: int, m: int, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d))


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def all_margins(x, y, k=4):
    """Ratio margins of all pairs, by the formula."""
    cosines = np.array([[cosine(a, b) for b in y] for a in x])
    forward = np.sort(cosines, axis=1)[:, -k:].mean(axis=1)
    backward = np.sort(cosines, axis=0)[-k:].mean(axis=0)
    scale = (forward[:, None] + backward[None, :]) / 2
    return np.divide(cosines, scale, out=np.zeros_like(cosines), where=scale > 0)


@given(st.integers(0, 50), st.integers(1, 7), st.integers(1, 7), st.integers(1, 5), st.integers(1, 60))
@settings(max_examples=40)
def test_the_nearest_are_the_same_in_blocks_of_any_size(seed, n, m, k, block):
    x, y = vectors(seed, n, m)
    values, positions = top_k(x, y, k, block=block)
    assert values.shape == positions.shape == (n, min(k, m))
    for i in range(n):
        cosines = np.array([cosine(x[i], z) for z in y])
        assert np.allclose(values[i], np.sort(cosines)[::-1][:k], atol=1e-6)
        assert np.allclose(cosines[positions[i]], values[i], atol=1e-6)


@given(st.integers(0, 50), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=30)
def test_mined_margins_are_the_formula(seed, n, m):
    x, y = vectors(seed, n, m)
    found, wanted = mine(x, y), all_margins(x, y)
    for (i, j), margin in zip(found.pairs, found.margin, strict=True):
        assert margin == pytest.approx(wanted[i, j], rel=1e-4, abs=1e-5)


@given(st.integers(0, 50), st.floats(0.1, 50))
@settings(max_examples=20)
def test_length_of_a_vector_does_not_matter(seed, scale):
    x, y = vectors(seed, 5, 7)
    assert list(nearest(x * scale, y)) == [int(np.argmax([cosine(a, b) for b in y])) for a in x]


def test_of_equal_neighbours_the_first_counts():
    y = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert list(nearest(np.array([[2.0, 0.0], [0.0, 0.0]]), y)) == [1, 0]


def test_hubs_are_held_back_by_the_margin():
    # A fifth of the targets lie in the middle of everything, near all sources and true for none.
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 20)) + 0.7
    y = np.concatenate([x + 1.2 * rng.normal(size=x.shape), np.full((25, 20), 0.7) + 0.1 * rng.normal(size=(25, 20))])
    by_cosine = (nearest(x, y) == np.arange(100)).sum()
    by_margin = (np.diff(mine(x, y).pairs, axis=1) == 0).sum()
    assert by_margin > by_cosine + 8


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
    assert cross_fitted_f1(mine(x, y), gold) > 95
    assert cross_fitted_f1(mine(x, y[::-1]), gold) < 5


def test_the_threshold_is_not_fitted_to_what_it_scores():
    # Pure noise: the best threshold on the same pairs would find a share of "right" pairs by luck.
    x, y = vectors(11, 300, 300)
    gold = [(i, (i * 7) % 300) for i in range(300)]
    assert cross_fitted_f1(mine(x, y), gold) < 2


def test_a_threshold_of_other_data_is_applied_as_it_is():
    mined = Mined(np.array([[0, 0], [1, 1], [2, 5]]), np.array([1.3, 1.1, 1.05]))
    gold = [(0, 0), (1, 1), (2, 2)]
    assert mining_f1(mined, gold, 1.2) == pytest.approx(100 * 2 / 4)
    assert mining_f1(mined, gold, 1.1) == pytest.approx(100 * 4 / 5)
    assert mining_f1(mined, gold, 1.0) == pytest.approx(100 * 4 / 6)
    assert mining_f1(mined, gold, float("inf")) == 0.0


def test_copies_of_a_text_are_one_neighbour_and_no_pair():
    """Five copies of a hub would fill every neighbourhood of four; as one text they leave room for the others."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 16))
    y = x + 0.3 * rng.normal(size=x.shape)
    hub = np.tile(x.mean(axis=0), (5, 1)) * 50
    texts = [f"t{i}" for i in range(30)]
    found = mine_texts(x, np.concatenate([y, hub]), texts, [*texts, *["hub"] * 5])
    one = mine(x, np.concatenate([y, hub[:1]]))
    kept = one.pairs[:, 1] < 30
    assert np.array_equal(found.pairs, one.pairs[kept])
    assert np.allclose(found.margin, one.margin[kept])
    twice = mine_texts(np.concatenate([x, x[:1]]), y, [*texts, "t0"], texts)
    assert not {0, 30} & set(twice.pairs[:, 0].tolist())


@pytest.mark.slow
def test_memory_does_not_grow_with_the_square_of_the_corpora():
    """All cosines of 40,000 by 40,000 would take 6.4 GB in single precision."""
    code = (
        "import resource, numpy as np\nfrom runner.kinds.metrics.retrieval import mine\n"
        "x = np.random.default_rng(0).normal(size=(40000, 8)).astype('float32')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nmine(x, x[::-1].copy())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1.5 * 2**20  # KiB: some blocks of 256 MiB
