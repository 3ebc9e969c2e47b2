"""Answers as spans of a context: scores of the first and the last piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..training.features import Features, unknown_share
from .base import Kind

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ..models.backbone import Backbone
    from ..tasks.base import Examples

#: Pieces that neighbouring windows share, as a share of the window, and the longest answer in pieces.
OVERLAP, LONGEST = 1 / 3, 30


class Questions(Kind):
    """A context longer than the model takes is read in overlapping windows; the best span of all windows counts."""

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each window of a context, with the question in front."""
        questions, contexts = examples.fields["question"], examples.fields["context"]
        length = min(max_length, backbone.positions)
        found = backbone.tokenizer(
            list(questions), list(contexts), truncation="only_second", max_length=length, stride=int(OVERLAP * length),
            return_overflowing_tokens=True, return_offsets_mapping=True, return_attention_mask=False,
        )  # fmt: skip
        owner = np.asarray(found["overflow_to_sample_mapping"], dtype=np.int64)
        ids = [np.asarray(item, dtype=np.int32) for item in found["input_ids"]]
        types = found.get("token_type_ids")
        notes, targets = [], []
        for w, example in enumerate(owner):
            sides = found.sequence_ids(w)
            offsets = [
                pair if side == 1 else None for pair, side in zip(found["offset_mapping"][w], sides, strict=True)
            ]
            notes.append(offsets)
            if train:
                answers = examples.fields["answers"][int(example)]
                answer = answers[0] if isinstance(answers, (list, tuple)) else answers
                targets.append(span(offsets, int(answer["start"]), int(answer["start"]) + len(answer["text"])))
        segments = None if types is None else [np.asarray(item, dtype=np.int32) for item in types]
        return Features(ids, owner, targets, np.ones(len(ids)), segments, notes, unknown_share(backbone, ids))

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """Two scores for each piece."""
        from .heads import TokenHead

        return TokenHead(backbone.width, 2)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Mean of the cross-entropies of the first and the last piece; the first piece of all where there is none."""
        import torch

        wanted = torch.as_tensor([features.targets[i] for i in chosen], device=out.device)
        lengths = torch.as_tensor(features.lengths[chosen], device=out.device)
        beyond = torch.arange(out.shape[1], device=out.device)[None, :] >= lengths[:, None]
        scores = out.float().masked_fill(beyond.unsqueeze(2), -1e4)
        entropy = torch.nn.functional.cross_entropy
        return sum(entropy(scores[:, :, side], wanted[:, side], reduction="sum") for side in (0, 1)) / 2  # type: ignore[return-value]

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """Score and characters of the best span of each window."""
        scores = out.float().cpu().numpy()
        return [best_span(scores[row], features.notes[i]) for row, i in enumerate(chosen)]

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> list[str]:
        """Texts of the best spans."""
        starts, found = features.starts, []
        for example, context in enumerate(examples.fields["context"]):
            _, first, last = max(outputs[starts[example] : starts[example + 1]], key=lambda item: item[0])
            found.append(context[first:last])
        return found


def span(offsets: Sequence[Any], first: int, last: int) -> tuple[int, int]:
    """Positions of the pieces that cover characters ``first`` to ``last``; (0, 0) where they are in another window."""
    inside = [i for i, pair in enumerate(offsets) if pair is not None and pair[0] < last and pair[1] > first]
    if not inside or offsets[inside[0]][0] > first or offsets[inside[-1]][1] < last:
        return 0, 0
    return inside[0], inside[-1]


def best_span(scores: NDArray[Any], offsets: Sequence[Any]) -> tuple[float, int, int]:
    """Score of the best span of at most ``LONGEST`` pieces, and its first and last character."""
    inside = np.array([i for i, pair in enumerate(offsets) if pair is not None])
    if not len(inside):
        return -np.inf, 0, 0
    first, last = scores[inside, 0], scores[inside, 1]
    total = first[:, None] + last[None, :]
    n = len(inside)
    allowed = np.triu(np.ones((n, n), dtype=bool)) & ~np.triu(np.ones((n, n), dtype=bool), LONGEST)
    i, j = np.unravel_index(int(np.argmax(np.where(allowed, total, -np.inf))), (n, n))
    return float(total[i, j]), int(offsets[inside[i]][0]), int(offsets[inside[j]][1])
