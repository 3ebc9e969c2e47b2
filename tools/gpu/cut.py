"""me5-small with only the word pieces that some texts need: a file that the runner loads as a model.

A text is cut into the pieces whose scores have the largest sum. All pieces of that best cut stay, so it stays the best;
``cut_pieces`` is checked against the whole vocabulary on every text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.core.errors import CrossliftError
from runner.models.me5 import PREFIX, Weights, build_tokenizer
from runner.models.q4 import BLOCK, BLOCK_BYTES

#: Special pieces before the first text piece: start, padding, end, unknown.
SPECIAL, UNKNOWN = 4, 3
#: Rows of the word embeddings, by the name that the file gives them.
WORDS = "emb.word"


def cut_pieces(weights: Weights, texts: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of the pieces that ``texts`` need, ascending; special pieces among them.

    The piece of the lowest score stays too: the score of an unknown character is computed from it.
    """
    used = np.unique(np.concatenate(encode(weights, texts)))
    mask = [weights.pieces.index("<mask>")] if "<mask>" in weights.pieces else []
    lowest = int(np.argmin(weights.scores))
    return np.union1d(used, [*range(SPECIAL), *mask, lowest]).astype(np.int64)


def encode(weights: Weights, texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """Pieces of each whole text, with the prefix that the model expects."""
    tokenizer = build_tokenizer(weights)
    found = tokenizer([PREFIX + text for text in texts], return_attention_mask=False)["input_ids"]
    return [np.asarray(item, dtype=np.int64) for item in found]


def cut(weights: Weights, kept: NDArray[np.int64]) -> Weights:
    """The same model with only the pieces ``kept``, renumbered in their order."""
    rows = weights.tensors[WORDS].reshape(-1, weights.hidden // BLOCK * BLOCK_BYTES)[kept]
    return Weights(
        weights.hidden, weights.layers, weights.heads, weights.inner, weights.positions, weights.types, weights.eps,
        tuple(weights.pieces[i] for i in kept), weights.scores[kept],
        {**weights.tensors, WORDS: np.ascontiguousarray(rows).reshape(-1)},
    )  # fmt: skip


def write_npz(weights: Weights, path: Path) -> None:
    """Write a file that :func:`runner.models.me5.read_weights` reads; the same weights give the same bytes."""
    shape = {
        "H": weights.hidden, "NL": weights.layers, "NH": weights.heads, "FF": weights.inner,
        "MAXP": weights.positions, "TVS": weights.types, "eps": weights.eps,
    }  # fmt: skip
    content: dict[str, Any] = {
        "config": np.frombuffer(json.dumps(shape, sort_keys=True).encode(), np.uint8),
        "pieces": np.frombuffer("\n".join(weights.pieces).encode(), np.uint8),
        "scores": np.asarray(weights.scores, np.float32),
        **{name: np.asarray(value) for name, value in sorted(weights.tensors.items())},
    }
    np.savez(path, **content)


def check_same(whole: Weights, small: Weights, kept: NDArray[np.int64], texts: Sequence[str]) -> None:
    """Check that every text has the same pieces in both.

    Raises
    ------
    CrossliftError
        If a text does not; the message names it.
    """
    for text, wanted, found in zip(texts, encode(whole, texts), encode(small, texts), strict=True):
        if not np.array_equal(wanted, kept[found]):
            raise CrossliftError(f"the cut vocabulary encodes {text!r} differently.", "Keep the missing pieces.")


def unknown_pieces(weights: Weights, texts: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Pieces of the texts of each language, how many of them are unknown, and the share."""
    flat = [text for own in texts.values() for text in own]
    coded = iter(encode(weights, flat))
    found = {}
    for language, own in texts.items():
        # The two special pieces around each text are not part of it, and the model's prefix is known.
        pieces = [next(coded)[1:-1] for _ in own]
        total = sum(map(len, pieces))
        unknown = int(sum((item == UNKNOWN).sum() for item in pieces))
        found[language] = {"pieces": total, "unknown": unknown, "share": round(unknown / max(total, 1), 4)}
    return found


def split(path: Path, parts: Iterable[Path], most: int) -> list[Path]:
    """Split a file into consecutive parts of at most ``most`` bytes, written to ``parts``; returns those written.

    Raises
    ------
    CrossliftError
        If there are too few of them.
    """
    written = []
    with path.open("rb") as file:
        for part in parts:
            content = file.read(most)
            if not content:
                break
            part.write_bytes(content)
            written.append(part)
        if file.read(1):
            raise CrossliftError(
                f"'{path.name}' has {path.stat().st_size / 2**20:.1f} MiB, more than {len(written)} parts of "
                f"{most / 2**20:.1f} MiB.",
                "Give --part-mib a larger number.",
            )
    return written
