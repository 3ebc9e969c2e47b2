"""The model's cut reads every text as the whole model does, and travels in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.core.errors import CrossliftError
from runner.models.me5 import read_weights
from tools.gpu.cut import UNKNOWN, check_same, cut, cut_pieces, encode, split, unknown_pieces, write_npz
from tools.gpu.stand_in import STRANGE, random_weights

TEXTS = ["the river is deep", f"a cat {STRANGE} runs", "qu jazz"]


def test_texts_have_the_same_pieces() -> None:
    whole = random_weights()
    kept = cut_pieces(whole, TEXTS)
    small = cut(whole, kept)
    assert 4 < len(kept) < len(whole.pieces)
    check_same(whole, small, kept, TEXTS)
    assert small.pieces[:4] == ("<s>", "<pad>", "</s>", "<unk>") and "<mask>" in small.pieces
    assert small.scores.min() == whole.scores.min()  # what an unknown character costs is reckoned from it
    row = whole.tensors["emb.word"].reshape(len(whole.pieces), -1)
    np.testing.assert_array_equal(small.tensors["emb.word"].reshape(len(kept), -1), row[kept])


def test_a_piece_that_is_missing_is_seen() -> None:
    whole = random_weights()
    kept = cut_pieces(whole, TEXTS)
    without = np.array([i for i in kept if whole.pieces[i] != "▁river"])
    with pytest.raises(CrossliftError, match="encodes 'the river is deep' differently"):
        check_same(whole, cut(whole, without), without, TEXTS)


def test_unknown_pieces_are_counted_by_language() -> None:
    weights = random_weights()
    found = unknown_pieces(weights, {"en": TEXTS[:1], "am": [f"cat {STRANGE}"]})
    (coded,) = encode(weights, [f"cat {STRANGE}"])
    assert found["en"]["unknown"] == 0
    assert found["am"]["unknown"] == int((coded == UNKNOWN).sum()) == 1
    assert found["am"]["share"] == pytest.approx(1 / (len(coded) - 2), abs=1e-4)


def test_a_file_is_what_was_cut_and_the_same_every_time(tmp_path: Path) -> None:
    weights = random_weights()
    for name in ("one.npz", "two.npz"):
        write_npz(weights, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    found = read_weights(tmp_path / "one.npz")
    assert (found.pieces, found.layers, found.heads) == (weights.pieces, weights.layers, weights.heads)
    assert all(np.array_equal(found.tensors[name], value) for name, value in weights.tensors.items())


def test_parts_are_the_file_one_after_the_other(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.write_bytes(bytes(range(256)) * 10)
    parts = split(whole, [tmp_path / "a", tmp_path / "b", tmp_path / "c"], 1500)
    assert [part.stat().st_size for part in parts] == [1500, 1060]
    assert b"".join(part.read_bytes() for part in parts) == whole.read_bytes()
    with pytest.raises(CrossliftError, match=r"more than 2 parts of 0\.0 MiB") as caught:
        split(whole, [tmp_path / "a", tmp_path / "b"], 1000)
    assert "--part-mib" in caught.value.hint
