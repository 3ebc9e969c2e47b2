"""Retrieval between two lists of sentence embeddings: nearest neighbours, and mining with a margin.

Margin scoring after Artetxe and Schwenk 2019, "Margin-based Parallel Corpus Mining with Multilingual Sentence
Embeddings" (ACL), eq. 1 with the ratio margin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Neighbours in the margin, as in the article.
NEIGHBOURS = 4


def similarities(source: Floats, target: Floats) -> Floats:
    """Cosines, shape ``(n, m)``. A vector of zeros has cosine 0 with everything."""
    return _unit(source) @ _unit(target).T


def nearest(source: Floats, target: Floats) -> NDArray[np.int64]:
    """For each source the target of the largest cosine, the first of equals; shape ``(n,)``."""
    return np.argmax(similarities(source, target), axis=1)


def margins(source: Floats, target: Floats, neighbours: int = NEIGHBOURS) -> Floats:
    """Ratio margins, shape ``(n, m)``.

    ``cos(x, y) / (mean cosine of x with its k nearest targets / 2 + mean cosine of y with its k nearest sources / 2)``.
    Where a side has fewer than ``k`` vectors, all are neighbours.
    """
    cosine = similarities(source, target)
    forward = _top(cosine, neighbours).mean(axis=1)
    backward = _top(cosine.T, neighbours).mean(axis=1)
    scale = (forward[:, None] + backward[None, :]) / 2.0
    return np.divide(cosine, scale, out=np.zeros_like(cosine), where=scale > 0)


@dataclass(frozen=True, slots=True)
class Mined:
    """Pairs of positions, no position twice, with their margins, the largest first. Shapes ``(p, 2)`` and ``(p,)``."""

    pairs: NDArray[np.int64]
    margin: Floats


def mine(source: Floats, target: Floats, neighbours: int = NEIGHBOURS) -> Mined:
    """Best targets of all sources and best sources of all targets; of pairs that share a side the best one ("max")."""
    margin = margins(source, target, neighbours)
    forward = [(i, int(j)) for i, j in enumerate(margin.argmax(axis=1))]
    backward = [(int(i), j) for j, i in enumerate(margin.argmax(axis=0))]
    candidates = sorted({*forward, *backward}, key=lambda pair: (-margin[pair], pair))
    used_source: set[int] = set()
    used_target: set[int] = set()
    kept = []
    for i, j in candidates:
        if i not in used_source and j not in used_target:
            kept.append((i, j))
            used_source.add(i)
            used_target.add(j)
    pairs = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return Mined(pairs, margin[pairs[:, 0], pairs[:, 1]])


def best_threshold(mined: Mined, gold: Iterable[tuple[int, int]]) -> float:
    """The margin from which on pairs are kept for the best F1: midway between the last kept and the next.

    Infinite where no pair is right.
    """
    true = set(gold)
    right = np.array([(int(i), int(j)) in true for i, j in mined.pairs], dtype=bool)
    if not right.any():
        return float("inf")
    order = np.argsort(-mined.margin, kind="stable")
    hits = np.cumsum(right[order])
    f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + len(true))
    last = int(np.argmax(f1))
    margin = mined.margin[order]
    return float(margin[last] if last + 1 == len(order) else (margin[last] + margin[last + 1]) / 2.0)


def mining_f1(source: Floats, target: Floats, gold: Iterable[tuple[int, int]], seed: int = 0) -> float:
    """F1 of mined pairs, 0 to 100, with thresholds chosen on other pairs than they are scored on.

    Sources are split at random into two halves; the threshold of each half is the best one of the other half, and the
    pairs kept in both are counted together.
    """
    true = set(gold)
    mined = mine(source, target)
    half = np.random.default_rng(seed).permutation(len(source)) % 2
    kept: set[tuple[int, int]] = set()
    for own in (0, 1):
        here = half[mined.pairs[:, 0]] == own
        other = Mined(mined.pairs[~here], mined.margin[~here])
        threshold = best_threshold(other, {(i, j) for i, j in true if half[i] != own})
        kept |= {(int(i), int(j)) for i, j in mined.pairs[here & (mined.margin >= threshold)]}
    right = len(kept & true)
    return 100.0 * 2.0 * right / (len(kept) + len(true)) if right else 0.0


def _unit(vectors: Floats) -> Floats:
    found = np.asarray(vectors, dtype=np.float64)
    norm = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, norm, out=np.zeros_like(found), where=norm > 0)


def _top(values: Floats, k: int) -> Floats:
    k = min(k, values.shape[1])
    return np.partition(values, values.shape[1] - k, axis=1)[:, -k:]
