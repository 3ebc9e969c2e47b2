"""One of several answers: each is read with the premise and gets a score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .base import Kind, Scored
from .examples import Examples, Rows

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features


class Choice(Kind):
    """Sequences of one example are its choices, in their order."""

    fields = ("premise", "question", "choices")
    required = ("premise", "choices")
    metrics = ("acc",)
    label_is_position = True

    def read_fields(self, rows: Rows) -> dict[str, list[Any]]:
        """Choices are in columns of their own, or in one column of lists; a question may be missing."""
        question = rows.field("question") if "question" in rows.columns else [""] * len(rows.table)
        where = rows.columns["choices"]
        table = rows.table
        parts = table[where] if isinstance(where, str) else zip(*(table[column] for column in where), strict=True)
        choices = [[str(choice) for choice in found] for found in parts]
        return {"premise": rows.field("premise"), "question": question, "choices": choices}

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each choice."""
        import numpy as np

        from .features import Features, encode_texts

        fields = examples.fields
        rows = zip(fields["premise"], fields["question"], fields["choices"], strict=True)
        first, second, owner = [], [], []
        for i, (premise, question, choices) in enumerate(rows):
            for choice in choices:
                first.append(f"{premise} {question}".strip())
                second.append(choice)
                owner.append(i)
        ids, types, unknown = encode_texts(backbone, first, second, max_length)
        owners = np.asarray(owner, dtype=np.int64)
        position = np.arange(len(owners)) - np.searchsorted(owners, owners)
        targets: Any = position == np.asarray(examples.labels)[owners] if train else ()
        weight = targets.astype(float) if train else np.ones(len(owners))
        return Features(ids, owners, targets, weight, types, unknown=unknown)

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """One score for each sequence."""
        from .heads import PooledHead

        return PooledHead(backbone.width, 1, backbone.pooling)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Cross-entropy among the choices of each example."""
        import numpy as np
        import torch

        scores = out.float().squeeze(1)
        owner = torch.as_tensor(features.owner[chosen], device=out.device)
        _, group = torch.unique(owner, return_inverse=True)
        highest = torch.full((int(group.max()) + 1,), -torch.inf, device=out.device)
        highest = highest.scatter_reduce(0, group, scores.detach(), "amax")
        total = torch.zeros_like(highest).index_add(0, group, (scores - highest[group]).exp())
        wanted = torch.as_tensor(np.asarray(features.targets)[chosen], device=out.device)
        return (total.log() + highest).sum() - scores[wanted].sum()

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """The score."""
        return out.float().squeeze(1).tolist()

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> NDArray[np.int64]:
        """The choice of the highest score; the first of equal ones."""
        import numpy as np

        scores, starts = np.asarray(outputs), features.starts
        return np.array([int(np.argmax(scores[a:b])) for a, b in pairwise(starts)])

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of positions of the chosen answers, shape ``(n,)``."""
        from .metrics.classes import class_scores

        return class_scores(task, predictions, examples)


KIND = Choice()
