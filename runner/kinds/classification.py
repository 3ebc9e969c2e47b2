"""Classes of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Kind, Scored
from .examples import Examples

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features


class Classification(Kind):
    """One class for each text."""

    fields: ClassVar[tuple[str, ...]] = ("text",)
    metrics = ("acc", "macro_f1")

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each example."""
        import numpy as np

        from .features import Features, encode_texts

        texts, second = self.texts(examples)
        ids, types, unknown = encode_texts(backbone, texts, second, max_length)
        n = len(ids)
        targets: Any = np.asarray(examples.labels) if train else ()
        return Features(ids, np.arange(n), targets, np.ones(n), types, unknown=unknown)

    def texts(self, examples: Examples) -> tuple[Sequence[str], Sequence[str] | None]:
        """The texts, and the second ones where they are read in pairs."""
        return examples.fields["text"], None

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """A linear layer on the pooled text."""
        from .heads import PooledHead

        return PooledHead(backbone.width, classes, backbone.pooling)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Cross-entropy."""
        import numpy as np
        import torch

        wanted = torch.as_tensor(np.asarray(features.targets)[chosen], device=out.device)
        return torch.nn.functional.cross_entropy(out.float(), wanted, reduction="sum")

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """The class."""
        return out.argmax(dim=1).tolist()

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> NDArray[np.int64]:
        """Class indices."""
        import numpy as np

        return np.asarray(outputs, dtype=np.int64)

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of class indices, shape ``(n,)``."""
        from .metrics.classes import class_scores

        return class_scores(task, predictions, examples)


KIND = Classification()
