"""Word embeddings of a vocabulary of which a stage sees a part.

A piece that does not occur in a stage's texts has no gradient there. AdamW then leaves its moments at zero, and all
that happens to its row is weight decay: every step multiplies it by ``1 - learning rate × decay``, whatever its value.
So a stage needs only the rows of pieces that occur in its texts, and one factor for all others; the outcome is that of
training all rows, but for rounding. With 250,000 pieces of which a stage sees a few thousand this is most of the work
of an optimiser step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Words:
    """Word embeddings: those of the pretrained model times ``factor``, except the rows that were trained.

    Attributes
    ----------
    base
        The pretrained rows, shape (vocabulary, width). Shared by all stages and never written to.
    factor
        What weight decay left of the rows that no stage has seen.
    ids, rows
        Pieces that were trained, ascending, and their rows, shape (pieces, width).
    """

    base: torch.Tensor
    factor: float = 1.0
    ids: NDArray[np.int64] | None = None
    rows: torch.Tensor | None = None

    @property
    def changed(self) -> bool:
        """Whether any row differs from the pretrained one."""
        return self.factor != 1.0 or self.ids is not None

    def take(self, ids: NDArray[np.int64]) -> torch.Tensor:
        """Rows of the pieces ``ids`` (ascending), a copy of its own, shape (pieces, width)."""
        import torch

        found = self.base[torch.as_tensor(ids, device=self.base.device)] * self.factor
        if self.ids is not None and self.rows is not None and len(self.ids):
            at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
            own = self.ids[at] == ids
            found[torch.as_tensor(own, device=found.device)] = self.rows[
                torch.as_tensor(at[own], device=self.rows.device)
            ].to(found.device)
        return found

    def trained(self, ids: NDArray[np.int64], rows: torch.Tensor, factor: float) -> Words:
        """These embeddings after a stage that trained the pieces ``ids`` and decayed all others by ``factor``."""
        if self.ids is None:
            return replace(self, factor=self.factor * factor, ids=ids, rows=rows.detach().clone())
        union = np.union1d(self.ids, ids)
        merged = self.take(union) * factor
        import torch

        merged[torch.as_tensor(np.searchsorted(union, ids), device=merged.device)] = rows.detach()
        return replace(self, factor=self.factor * factor, ids=union, rows=merged)


def lookup(ids: NDArray[np.int64], vocabulary: int) -> NDArray[np.int64]:
    """New numbers of the pieces ``ids``, by old number; -1 for all others, shape (vocabulary,)."""
    found = np.full(vocabulary, -1, dtype=np.int64)
    found[ids] = np.arange(len(ids))
    return found


def kept(pieces: NDArray[np.int64], pad: int) -> NDArray[np.int64]:
    """Pieces to keep: those that occur, and the first ones up to the padding if it is among the first.

    Models that number positions by which pieces are padding find the padding under its old number then.
    """
    first = np.arange(pad + 1) if pad < 16 else np.array([pad])
    return np.union1d(pieces, first)
