"""Sentences that mean the same: both sides as vectors, nothing trained on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .base import Kind, Scored
from .examples import Examples, Rows

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features


class Retrieval(Kind):
    """The sequences are all ``source`` texts and then all ``target`` texts."""

    fields = ("source", "target")
    metrics = ("acc", "acc_from_english", "f1")
    usual = ("acc",)
    labelled = False
    trains = False
    lacking = "Corpora to mine have f1 alone: name it under 'metrics'."

    def read(self, rows: Rows) -> Examples:
        """Sentences side by side, or two corpora to mine where some rows lack a side."""
        if any((rows.table[column] == "").any() for column in rows.columns.values()):
            return _corpora(rows)
        return super().read(rows)

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each text."""
        import numpy as np

        from .features import Features, encode_texts, unknown_share

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
        import numpy as np

        n = len(examples.fields["source"])
        found = np.stack(outputs)
        return found[:n], found[n:]

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of the embeddings of ``source`` and of ``target``, shapes ``(n, d)`` and ``(m, d)``."""
        import numpy as np

        from analysis.store.cells import Score

        from .metrics import retrieval

        source, target = (np.asarray(side, dtype=np.float64) for side in predictions)
        wanted = (len(examples.fields["source"]), len(examples.fields["target"]))
        if source.ndim != 2 or target.ndim != 2 or (len(source), len(target)) != wanted:
            raise task.unfit(f"embeddings of shapes {source.shape} and {target.shape}", f"{wanted[0]} and {wanted[1]}")
        found: dict[str, Score] = {}
        if examples.gold is None:
            own = np.arange(len(source))
            for metric, right in (
                ("acc", retrieval.nearest(source, target) == own),
                ("acc_from_english", retrieval.nearest(target, source) == own),
            ):
                found[metric] = Score(metric, 100.0 * float(right.mean()), len(own), right)
        if "f1" in task.metrics:
            gold = examples.gold if examples.gold is not None else tuple((i, i) for i in range(len(source)))
            found["f1"] = Score("f1", retrieval.mining_f1(source, target, gold), len(gold))
        return found


def _corpora(rows: Rows) -> Examples:
    """Two corpora to mine, as in BUCC: a row with both sides is a gold pair, one with an empty side belongs to none."""
    sides: dict[str, list[Any]] = {"source": [], "target": []}
    gold, kept = [], []
    for name, source, target in zip(rows.ids, *(rows.field(side) for side in sides), strict=True):
        if source and target:
            gold.append((len(sides["source"]), len(sides["target"])))
        if source:
            sides["source"].append(source)
            kept.append(name)
        if target:
            sides["target"].append(target)
    return Examples(sides, None, tuple(kept), rows.language, tuple(gold))


def _pooling(pooling: str) -> torch.nn.Module:
    from torch import nn

    from .heads import pool

    class Pooling(nn.Module):
        def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return pool(hidden, mask, pooling)

    return Pooling()


KIND = Retrieval()
