"""Padding in one go: what a loop over the sequences gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.training.batches import pad

sequences = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=7), min_size=1, max_size=6)


@given(sequences, st.integers(0, 9), st.booleans(), st.integers(1, 8))
def test_padding_is_that_of_a_loop(texts: list[list[int]], filler: int, segments: bool, multiple: int) -> None:
    ids = [np.array(text, dtype=np.int32) for text in texts]
    types = [np.array(text, dtype=np.int32) % 2 for text in texts] if segments else None
    chosen = np.arange(len(ids))[::-1]
    found = pad(ids, types, chosen, filler, multiple)
    assert found.ids.shape[1] % multiple == 0
    assert 0 <= found.ids.shape[1] - max(map(len, ids)) < multiple
    for row, i in enumerate(chosen):
        n = len(ids[i])
        wanted = [*ids[i], *[filler] * (found.ids.shape[1] - n)]
        assert found.ids[row].tolist() == wanted
        assert found.mask[row].tolist() == [1] * n + [0] * (found.ids.shape[1] - n)
        if types is not None:
            assert found.types is not None
            assert found.types[row].tolist() == [*types[i], *[0] * (found.ids.shape[1] - n)]
    assert found.ids.dtype == found.mask.dtype == np.int64


@pytest.mark.parametrize("n", [1, 3])
def test_the_longest_text_sets_the_width(n: int) -> None:
    ids = [np.arange(1, size + 1, dtype=np.int32) for size in (2, 5, 3)][:n]
    assert pad(ids, None, np.arange(n), 0).ids.shape == (n, max(map(len, ids)))
