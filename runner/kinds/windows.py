"""Windows of a text that is longer than a model takes, with another text in front of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.core.errors import CrossliftError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.backbone import Backbone


def windows(total: int, room: int, step: int) -> Iterator[tuple[int, int]]:
    """First piece of each window, and the one behind its last: ``room`` pieces, every ``step``; one window at least."""
    start = 0
    while True:
        yield start, min(start + room, total)
        if start + room >= total:
            return
        start += step


@dataclass(frozen=True, slots=True)
class Frame:
    """The special pieces that a tokenizer puts around two texts, with the segments of all five parts.

    Attributes
    ----------
    length
        Pieces of a whole sequence at most.
    before, between, after
        Special pieces.
    types
        Segments of: before, the first text, between, the second text, after. ``has_types`` says whether the model tells
        segments apart.
    """

    length: int
    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[int, ...]
    has_types: bool

    @classmethod
    def of(cls, backbone: Backbone, length: int) -> Frame:
        """The frame of a model's tokenizer.

        Raises
        ------
        CrossliftError
            If ``length`` leaves no room for two texts.
        """
        probe = backbone.tokenizer("a", "a", return_attention_mask=False)
        ids, types = probe["input_ids"], probe.get("token_type_ids") or []
        first, second = ([i for i, own in enumerate(probe.sequence_ids(0)) if own == side] for side in (0, 1))
        edges = (first[0] - 1, first[0], first[-1] + 1, second[0], second[-1] + 1)
        found = cls(
            length=length,
            before=tuple(ids[: first[0]]),
            between=tuple(ids[first[-1] + 1 : second[0]]),
            after=tuple(ids[second[-1] + 1 :]),
            types=tuple(types[at] if 0 <= at < len(types) else 0 for at in edges),
            has_types=bool(types),
        )
        if found.room < 2:
            raise CrossliftError(
                f"windows of {length} pieces leave no room for a question and a context.", "Give a larger max_length."
            )
        return found

    @property
    def room(self) -> int:
        """Pieces of both texts together."""
        return self.length - len(self.before) - len(self.between) - len(self.after)

    def fill(self, first: Sequence[int], second: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
        """A sequence, its segments, and where the second text begins in it."""
        parts = (self.before, first, self.between, second, self.after)
        ids = np.array([piece for part in parts for piece in part], dtype=np.int32)
        types = np.repeat(np.array(self.types, dtype=np.int32), [len(part) for part in parts])
        return ids, types, len(self.before) + len(first) + len(self.between)
