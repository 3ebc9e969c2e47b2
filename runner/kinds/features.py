"""Texts as word pieces: what a batch is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.backbone import Backbone

#: Marks a piece that has no label.
IGNORED = -100


@dataclass(frozen=True)
class Features:
    """Sequences of word pieces, one or more for each example.

    Attributes
    ----------
    ids
        Word pieces of each sequence.
    owner
        Which example a sequence belongs to, ascending; several choices or windows belong to one.
    targets
        What is to be predicted for each sequence: a class, an array with one for each piece, a pair of positions.
    weight
        How much of the loss a sequence is: its labelled pieces, or 1.
    types
        Segment of each piece, where the model tells segments apart.
    notes
        For each sequence what turns outputs into predictions: positions of words, offsets of pieces.
    unknown
        Share of pieces that the tokenizer does not know.
    """

    ids: Sequence[NDArray[np.int32]]
    owner: NDArray[np.int64]
    targets: Sequence[Any] = ()
    weight: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    types: Sequence[NDArray[np.int32]] | None = None
    notes: Sequence[Any] = ()
    unknown: float = 0.0

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Pieces of each sequence."""
        return np.fromiter((len(item) for item in self.ids), np.int64, len(self.ids))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First sequence of each example, and the number of sequences at the end."""
        n = int(self.owner[-1]) + 1 if len(self.owner) else 0
        return np.searchsorted(self.owner, np.arange(n + 1))

    @cached_property
    def pieces(self) -> NDArray[np.int64]:
        """The different word pieces, ascending."""
        return np.unique(np.concatenate(self.ids)).astype(np.int64)


def encode_texts(
    backbone: Backbone, first: Sequence[str], second: Sequence[str] | None = None, max_length: int = 128
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int32]] | None, float]:
    """Word pieces of texts or pairs of texts, their segments, and the share of unknown pieces."""
    prefixed = [backbone.prefix + text for text in first]
    length = min(max_length, backbone.positions)
    cut: dict[str, Any] = {"truncation": True, "max_length": length}
    found = backbone.tokenizer(
        prefixed, list(second) if second is not None else None, return_attention_mask=False, **cut
    )
    ids = [np.asarray(item, dtype=np.int32) for item in found["input_ids"]]
    types = found.get("token_type_ids")
    segments = None if types is None else [np.asarray(item, dtype=np.int32) for item in types]
    return ids, segments, unknown_share(backbone, ids)


def unknown_share(backbone: Backbone, ids: Sequence[NDArray[np.int32]]) -> float:
    """Share of unknown pieces among those that are not special ones."""
    tokenizer = backbone.tokenizer
    if tokenizer.unk_token_id is None or not len(ids):
        return 0.0
    flat = np.concatenate(ids)
    unknown = int((flat == tokenizer.unk_token_id).sum())
    special = [number for number in tokenizer.all_special_ids if number != tokenizer.unk_token_id]
    plain = int((~np.isin(flat, special)).sum())
    return unknown / plain if plain else 0.0
