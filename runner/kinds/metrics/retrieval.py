"""Retrieval between two lists of sentence embeddings: nearest neighbours, and mining with a margin.

Margin scoring after Artetxe and Schwenk 2019, "Margin-based Parallel Corpus Mining with Multilingual Sentence
Embeddings" (ACL), eq. 1 with the ratio margin; candidates are the nearest neighbours on either side, as in LASER and
XTREME. All cosines are computed in blocks, so that memory grows with the number of sentences and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.floating[Any]]
#: Neighbours in the margin, as in the article.
NEIGHBOURS = 4
#: Cosines that are held at once: 256 MiB in single precision.
BLOCK = 2**26


def nearest(source: Floats, target: Floats, device: str = "cpu") -> NDArray[np.int64]:
    """For each source the target of the largest cosine, the first of equals; shape ``(n,)``."""
    return top_k(source, target, 1, device)[1][:, 0]


def top_k(
    source: Floats, target: Floats, k: int, device: str = "cpu", block: int = BLOCK
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The ``k`` largest cosines of each source and the positions of their targets, the largest first.

    Parameters
    ----------
    source, target
        Vectors, shapes ``(n, d)`` and ``(m, d)``. A vector of zeros has cosine 0 with everything.
    k
        How many; all where there are fewer targets.
    device
        Where they are computed, in single precision.
    block
        Cosines that are held at once.

    Returns
    -------
    tuple of ndarray
        Both of shape ``(n, min(k, m))``.
    """
    import torch

    index = _unit(target, device)
    k, rows = min(k, len(target)), max(1, block // max(len(target), 1))
    values, positions = [], []
    for start in range(0, len(source), rows):
        cosines = _unit(source[start : start + rows], device) @ index.T
        if k == 1:  # of equal cosines the first, which topk does not promise
            at = cosines.argmax(dim=1, keepdim=True)
            best = cosines.gather(1, at)
        else:
            best, at = cosines.topk(k, dim=1)
        values.append(best.cpu())
        positions.append(at.cpu())
    if not values:
        return np.zeros((0, k), dtype=np.float32), np.zeros((0, k), dtype=np.int64)
    return torch.cat(values).numpy(), torch.cat(positions).numpy()


@dataclass(frozen=True, slots=True)
class Mined:
    """Pairs of positions, no position twice, with their margins, the largest first. Shapes ``(p, 2)`` and ``(p,)``."""

    pairs: NDArray[np.int64]
    margin: Floats


def mine(source: Floats, target: Floats, neighbours: int = NEIGHBOURS, device: str = "cpu") -> Mined:
    """Best targets of all sources and best sources of all targets; of pairs that share a side the best one ("max").

    The ratio margin of a pair is ``cos(x, y) / (mean cosine of x with its k nearest targets / 2 + mean cosine of y with
    its k nearest sources / 2)``; the candidates of a sentence are its k nearest. Where a side has fewer than ``k``
    sentences, all are neighbours.
    """
    forward, there = top_k(source, target, neighbours, device)
    backward, back = top_k(target, source, neighbours, device)
    own, other = forward.mean(axis=1), backward.mean(axis=1)
    from_source = _ratio(forward, own[:, None] + other[there])
    from_target = _ratio(backward, other[:, None] + own[back])
    n, m = np.arange(len(there)), np.arange(len(back))
    best, best_back = from_source.argmax(axis=1), from_target.argmax(axis=1)
    pairs = np.concatenate([np.stack([n, there[n, best]], axis=1), np.stack([back[m, best_back], m], axis=1)])
    margin = np.concatenate([from_source[n, best], from_target[m, best_back]])
    used_source: set[int] = set()
    used_target: set[int] = set()
    kept = []
    for candidate in np.argsort(-margin, kind="stable"):
        i, j = map(int, pairs[candidate])
        if i not in used_source and j not in used_target:
            kept.append(candidate)
            used_source.add(i)
            used_target.add(j)
    chosen = np.array(kept, dtype=np.int64)
    return Mined(pairs[chosen], margin[chosen])


def mine_texts(
    source: Floats, target: Floats, source_texts: Sequence[str], target_texts: Sequence[str], device: str = "cpu"
) -> Mined:
    """As :func:`mine`, each text once: what stands several times would push its copies out of the neighbours.

    As in XTREME, a text that stands several times is mined, but a pair with it counts as none, since no copy can be
    told from the others.
    """
    first, second = _unique(source_texts), _unique(target_texts)
    found = mine(source[first[0]], target[second[0]], device=device)
    single = first[1][found.pairs[:, 0]] & second[1][found.pairs[:, 1]]
    pairs = np.stack([first[0][found.pairs[:, 0]], second[0][found.pairs[:, 1]]], axis=1)
    return Mined(pairs[single], found.margin[single])


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


def mining_f1(mined: Mined, gold: Iterable[tuple[int, int]], threshold: float) -> float:
    """F1 of the pairs whose margin reaches a threshold, 0 to 100."""
    kept = mined.pairs[mined.margin >= threshold]
    return _f1({(int(i), int(j)) for i, j in kept}, set(gold))


def cross_fitted_f1(mined: Mined, gold: Iterable[tuple[int, int]], seed: int = 0) -> float:
    """F1 of mined pairs, 0 to 100, with thresholds chosen on other pairs than they are scored on.

    Sources are split at random into two halves; the threshold of each half is the best one of the other half, and the
    pairs kept in both are counted together.
    """
    true = set(gold)
    sources = 1 + max([int(i) for i in mined.pairs[:, 0]] + [i for i, _ in true], default=0)
    half = np.random.default_rng(seed).permutation(sources) % 2
    kept: set[tuple[int, int]] = set()
    for own in (0, 1):
        here = half[mined.pairs[:, 0]] == own
        other = Mined(mined.pairs[~here], mined.margin[~here])
        threshold = best_threshold(other, {(i, j) for i, j in true if half[i] != own})
        kept |= {(int(i), int(j)) for i, j in mined.pairs[here & (mined.margin >= threshold)]}
    return _f1(kept, true)


def _f1(kept: set[tuple[int, int]], true: set[tuple[int, int]]) -> float:
    right = len(kept & true)
    return 100.0 * 2.0 * right / (len(kept) + len(true)) if right else 0.0


def _ratio(cosine: Floats, doubled: Floats) -> Floats:
    scale = doubled.astype(np.float64) / 2.0
    return np.divide(cosine, scale, out=np.zeros_like(scale), where=scale > 0)


def _unique(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Positions of the first copies of all texts, and which of these texts stand once."""
    places: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        places.setdefault(text, []).append(i)
    first = np.array([own[0] for own in places.values()], dtype=np.int64)
    return first, np.array([len(own) == 1 for own in places.values()], dtype=bool)


def _unit(vectors: Floats, device: str) -> torch.Tensor:
    import torch

    found = torch.as_tensor(np.ascontiguousarray(vectors), device=device).float()
    return torch.nn.functional.normalize(found, dim=1)
