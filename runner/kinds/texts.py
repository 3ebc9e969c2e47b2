"""Classes of texts and of pairs of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..training.features import Features, encode_texts
from .base import Kind

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ..models.backbone import Backbone
    from ..tasks.base import Examples


class Texts(Kind):
    """One class for each text or pair."""

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each example."""
        fields = examples.fields
        second = fields.get("second")
        ids, types, unknown = encode_texts(backbone, fields["text" if second is None else "first"], second, max_length)
        n = len(ids)
        targets: Any = np.asarray(examples.labels) if train else ()
        return Features(ids, np.arange(n), targets, np.ones(n), types, unknown=unknown)

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """A linear layer on the pooled text."""
        from .heads import PooledHead

        return PooledHead(backbone.width, classes, backbone.pooling)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Cross-entropy."""
        import torch

        wanted = torch.as_tensor(np.asarray(features.targets)[chosen], device=out.device)
        return torch.nn.functional.cross_entropy(out.float(), wanted, reduction="sum")

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """The class."""
        return out.argmax(dim=1).tolist()

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> NDArray[np.int64]:
        """Class indices."""
        return np.asarray(outputs, dtype=np.int64)
