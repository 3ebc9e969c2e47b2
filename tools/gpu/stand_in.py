"""A stand-in for the prepared folder: a model of random weights and made-up texts, to rehearse without the real ones.

Measurements with it say nothing about me5-small or SIB-200; all results from it are marked ``stand_in``.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import numpy as np

from runner.models.me5 import LAYER, Weights
from runner.models.q4 import BLOCK, BLOCK_BYTES
from tools.gpu.examples import texts
from tools.gpu.prepare import prepare
from tools.gpu.prepared import Kit
from tools.gpu.tiny_models import WORDS

NAME = "random weights and made-up texts"
LANGUAGES = ("eng_Latn", "deu_Latn", "swh_Latn", "fin_Latn")
#: A character that no piece has, so that unknown pieces are counted.
STRANGE = "ሀ"
WIDTH, INNER, POSITIONS, DEPTH = 32, 64, 64, 12


def make_stand_in(place: Path, out: Path) -> Kit:
    """Make the folder ``out`` of a stand-in; ``place`` is for its source files."""
    place.mkdir(parents=True, exist_ok=True)
    _write_data(place)
    weights = random_weights()
    return prepare(weights, place, out, most=100_000, stand_in=NAME)


def random_weights() -> Weights:
    """A model shaped like me5-small, 32 wide, with whole words and letters as pieces."""
    rng = np.random.default_rng(1)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *("▁" + word for word in WORDS), *letters, ":", "<mask>"]
    scores = np.array([0.0] * 4 + [-2.0 - 0.01 * i for i in range(len(pieces) - 4)], dtype=np.float32)
    tensors = {
        "emb.word": _blocks(rng, len(pieces), WIDTH), "emb.pos": _plain(rng, POSITIONS * WIDTH),
        "emb.type": _plain(rng, 2 * WIDTH), "emb.ln.w": np.ones(WIDTH, np.float32), "emb.ln.b": _plain(rng, WIDTH),
    }  # fmt: skip
    for layer in range(DEPTH):
        for short in LAYER:
            rows, columns = {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}.get(short, (WIDTH, WIDTH))
            norm = short.endswith("ln")
            weight = np.ones(WIDTH, np.float32) if norm else _blocks(rng, rows, columns)
            tensors[f"l{layer}.{short}.w"], tensors[f"l{layer}.{short}.b"] = weight, _plain(rng, rows)
    return Weights(WIDTH, DEPTH, 2, INNER, POSITIONS, 2, 1e-12, tuple(pieces), scores, tensors)


def _blocks(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Random Q4_0 blocks: a scale of 0.02, and any integers."""
    blocks = rng.integers(0, 256, size=(rows * columns // BLOCK, BLOCK_BYTES), dtype=np.uint8)
    blocks[:, :2] = np.frombuffer(np.float16(0.02).tobytes(), np.uint8)
    return blocks.reshape(-1)


def _plain(rng: np.random.Generator, size: int) -> np.ndarray:
    return rng.normal(scale=0.02, size=size).astype(np.float32)


def _write_data(place: Path) -> None:
    """Files with the names and columns of the real ones: which animal a text is about."""
    rows = ["lang\tsplit\tindex_id\tcategory\ttext"]
    for number, code in enumerate(LANGUAGES):
        for split, n in (("train", 32), ("test", 12)):
            if split == "train" and number:
                continue
            for i, (text, animal) in enumerate(_about_animals(n, 10 * number + len(split))):
                strange = f" {STRANGE}" if code == "swh_Latn" and i == 0 else ""
                rows.append(f"{code}\t{split}\t{i}\t{animal}\t{text}{strange}")
    _write(place / "sib200.tsv.xz", rows)
    found = enumerate(_about_animals(32, 99))
    rows = [f"{'test' if i < 4 else 'train'}\t{text}\tabout_{animal}" for i, (text, animal) in found]
    _write(place / "banking77.tsv.xz", ["split\ttext\tintent", *rows])


def _about_animals(n: int, seed: int) -> list[tuple[str, str]]:
    found = texts(n, seed)
    labels: Any = found.labels
    return [(text, ("cat", "dog")[label]) for text, label in zip(found.fields["text"], labels, strict=True)]


def _write(path: Path, rows: list[str]) -> None:
    path.write_bytes(lzma.compress(("\n".join(rows) + "\n").encode()))
