"""Batches of texts of similar length, so that little of them is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..kinds.features import Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Batches that are sorted by length together; more pad less and mix less.
POOL = 16


def training_batches(
    features: Features, batch_size: int, steps: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Examples of each optimiser step: every epoch each example once, in an order of its own.

    The examples of an epoch are shuffled, sorted by length within pools of ``POOL`` batches, cut into batches, and the
    batches shuffled.
    """
    lengths = np.maximum.reduceat(features.lengths, features.starts[:-1])
    n, done = len(lengths), 0
    while done < steps:
        order = rng.permutation(n)
        batches: list[NDArray[np.int64]] = []
        for start in range(0, n, batch_size * POOL):
            pool = order[start : start + batch_size * POOL]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
        for i in rng.permutation(len(batches)):
            if done == steps:
                return
            yield batches[i]
            done += 1


def parts(features: Features, examples: NDArray[np.int64], tokens: int) -> list[NDArray[np.int64]]:
    """Sequences of the examples of a step, in parts of at most ``tokens`` pieces with their padding.

    Sequences of one example stay together. Gradients of the parts are summed.
    """
    ordered = examples[np.argsort([features.lengths[features.starts[e]] for e in examples], kind="stable")]
    found: list[list[int]] = [[]]
    longest = 0
    for example in ordered:
        own = range(features.starts[example], features.starts[example + 1])
        size = max(int(features.lengths[i]) for i in own)
        if found[-1] and max(longest, size) * (len(found[-1]) + len(own)) > tokens:
            found.append([])
            longest = 0
        found[-1] += own
        longest = max(longest, size)
    return [np.array(item, dtype=np.int64) for item in found]


def sorted_batches(lengths: NDArray[np.int64], tokens: int) -> Iterator[NDArray[np.int64]]:
    """All sequences, the longest first, in batches of at most ``tokens`` pieces with their padding."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, tokens // max(1, int(lengths[order[start]])))
        yield order[start : start + size]
        start += size


@dataclass(frozen=True, slots=True)
class Padded:
    """Sequences of equal length: pieces, which of them are text, and segments where the model has them."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    types: NDArray[np.int64] | None


def pad(
    ids: Sequence[NDArray[np.int32]],
    types: Sequence[NDArray[np.int32]] | None,
    chosen: NDArray[np.int64],
    filler: int,
    multiple: int = 1,
) -> Padded:
    """Fill up the chosen sequences on the right, to a length that is a ``multiple``."""
    own = [ids[i] for i in chosen]
    lengths = np.fromiter(map(len, own), np.int64, len(own))
    longest = -(-int(lengths.max()) // multiple) * multiple
    text = np.arange(longest)[None, :] < lengths[:, None]
    out = np.full(text.shape, filler, dtype=np.int64)
    out[text] = np.concatenate(own)
    segments = None
    if types is not None:
        segments = np.zeros(text.shape, dtype=np.int64)
        segments[text] = np.concatenate([types[i] for i in chosen])
    return Padded(out, text.astype(np.int64), segments)
