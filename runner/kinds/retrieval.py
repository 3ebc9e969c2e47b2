"""Sentences that mean the same: both sides as vectors, nothing trained on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..training.features import Features, encode_texts, unknown_share
from .base import Kind, pool

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ..models.backbone import Backbone
    from ..tasks.base import Examples


class Retrieval(Kind):
    """The sequences are all ``source`` texts and then all ``target`` texts."""

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each text."""
        source, target = examples.fields["source"], examples.fields["target"]
        ids, types, _ = encode_texts(backbone, [*source, *target], None, max_length)
        unknown = unknown_share(backbone, ids[: len(source)])
        return Features(ids, np.arange(len(ids)), types=types, unknown=unknown)

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """Pooling, with nothing to train."""
        return _pooling(backbone.pooling)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """There is none."""
        raise NotImplementedError("retrieval is not trained")

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """The vector, of length 1."""
        import torch

        return list(torch.nn.functional.normalize(out.float(), dim=1).cpu().numpy())

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> tuple[Any, Any]:
        """The vectors of both sides."""
        n = len(examples.fields["source"])
        found = np.stack(outputs)
        return found[:n], found[n:]


def _pooling(pooling: str) -> torch.nn.Module:
    from torch import nn

    class Pooling(nn.Module):
        def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return pool(hidden, mask, pooling)

    return Pooling()
