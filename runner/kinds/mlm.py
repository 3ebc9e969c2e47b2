"""Masked word pieces: training on text alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from .base import Kind, Scored
from .examples import Examples

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features

#: Share of the pieces to predict; of these 8 in 10 are masked, 1 in 10 replaced, 1 in 10 left (Devlin et al. 2019).
MASKED = 0.15


class MaskedPieces(Kind):
    """The head chooses among the pieces that occur in the training texts, not among the whole vocabulary."""

    fields = ("text",)
    metrics = ("acc",)
    labelled = False
    no_target = (
        "trains on text alone, so it cannot be a target"  # its head knows the pieces of the training texts alone
    )

    def classes(self, labels: Sequence[str], features: Features | None) -> int:
        """The pieces that occur in the training texts."""
        return super().classes(labels, features) if features is None else len(features.notes)

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each text; which pieces are masked is drawn once, from the texts themselves."""
        import numpy as np

        from .features import IGNORED, Features, encode_texts

        tokenizer = backbone.tokenizer
        if tokenizer.mask_token_id is None:
            raise CrossliftError("the model's tokenizer has no mask piece.", "Use another model for masked pieces.")
        whole, types, unknown = encode_texts(backbone, examples.fields["text"], None, max_length)
        rng = np.random.default_rng([len(whole), sum(len(item) for item in whole)])
        known = np.unique(np.concatenate(whole))
        classes = {int(piece): i for i, piece in enumerate(known)}
        ids, targets = [], []
        for item in whole:
            chosen = (rng.random(len(item)) < MASKED) & ~np.isin(item, tokenizer.all_special_ids)
            target = np.full(len(item), IGNORED, dtype=np.int64)
            target[chosen] = [classes[int(piece)] for piece in item[chosen]]
            kind, masked = rng.random(len(item)), item.copy()
            masked[chosen & (kind < 0.8)] = tokenizer.mask_token_id
            swap = chosen & (kind >= 0.8) & (kind < 0.9)
            masked[swap] = rng.choice(known, int(swap.sum()))
            ids.append(masked)
            targets.append(target)
        weight = np.array([(target != IGNORED).sum() for target in targets], dtype=float)
        return Features(ids, np.arange(len(ids)), targets, weight, types, notes=list(known), unknown=unknown)

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """A linear layer on every piece."""
        from .heads import TokenHead

        return TokenHead(backbone.width, classes)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Cross-entropy over masked pieces."""
        from .tagging import Tagging

        return Tagging().loss(out, features, chosen)

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """Right or wrong of each masked piece."""
        from .features import IGNORED

        classes = out.argmax(dim=2).cpu().numpy()
        return [
            classes[row, : len(features.targets[i])][features.targets[i] != IGNORED]
            == features.targets[i][features.targets[i] != IGNORED]
            for row, i in enumerate(chosen)
        ]

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> Any:
        """It is not evaluated."""
        raise CrossliftError("masked pieces cannot be a target task.", "Use it as an intermediate task.")

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of the predicted and the true pieces, two arrays of shape ``(masked,)``: what was masked, they bring along.

        Word pieces of one text are not independent: no bits.
        """
        import numpy as np

        from analysis.store.cells import Score

        own, wanted = (np.asarray(pieces) for pieces in predictions)
        if own.shape != wanted.shape or own.ndim != 1 or not len(own):
            raise task.unfit(f"pieces of shapes {own.shape} and {wanted.shape}", "two equal shapes (n,), n > 0")
        right = own == wanted
        error = 100.0 * float(right.std(ddof=1)) / np.sqrt(len(right)) if len(right) > 1 else None
        return {"acc": Score("acc", 100.0 * float(right.mean()), len(right), std_error=error)}


KIND = MaskedPieces()
