"""Answers as spans of a context: scores of the first and the last piece."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .base import Kind, Scored
from .examples import Examples, Rows

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features

#: Pieces that neighbouring windows share, as a share of the window, and the longest answer in pieces.
OVERLAP, LONGEST = 1 / 3, 30


class Questions(Kind):
    """A context longer than the model takes is read in overlapping windows; the best span of all windows counts."""

    fields = ("question", "context", "answers")
    required = ("question", "context", "answer", "start")
    metrics = ("f1", "em")
    labelled = False

    def read_fields(self, rows: Rows) -> dict[str, list[Any]]:
        """Answers have their text and the place where they stand in the context."""
        contexts = rows.field("context")
        parts = zip(rows.table[rows.columns["answer"]], rows.table[rows.columns["start"]], contexts, strict=True)
        answers: list[Any] = [_answers(*part) for part in parts]
        return {"question": rows.field("question"), "context": contexts, "answers": answers}

    def read_labels(self, rows: Rows, fields: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
        """Texts of the accepted answers."""
        return [[answer["text"] for answer in answers] for answers in fields["answers"]]

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each window of a context, with the question in front."""
        import numpy as np

        from .features import Features, unknown_share

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

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of texts of answers."""
        import numpy as np

        from analysis.languages.codes import resolve
        from analysis.store.cells import Score

        from .metrics import answers

        accepted: Any = examples.labels if examples.labels is not None else ()
        if len(predictions) != len(accepted):
            raise task.unfit(f"{len(predictions)} answers", f"{len(accepted)}")
        iso = resolve(examples.language).iso
        pairs = list(zip(map(str, predictions), accepted, strict=True))
        right = np.array([answers.exact_match(own, other, iso) for own, other in pairs], dtype=bool)
        f1 = 100.0 * np.array([answers.token_f1(own, other, iso) for own, other in pairs])
        n = len(pairs)
        error = float(f1.std(ddof=1) / np.sqrt(n)) if n > 1 else None
        return {
            "em": Score("em", 100.0 * float(right.mean()), n, right),
            "f1": Score("f1", float(np.clip(f1.mean(), 0.0, 100.0)), n, std_error=error),
        }


def _answers(text: Any, start: Any, context: str) -> list[dict[str, Any]]:
    """A table has one answer per row, the hub lists of answers."""
    texts, starts = ([text], [start]) if isinstance(text, str) else (text, start)
    return [{"text": str(t), "start": place(str(t), int(s), context)} for t, s in zip(texts, starts, strict=True)]


def place(text: str, start: int, context: str) -> int:
    """Where an answer stands: the place that is said, else the nearest one with its text, else behind the context.

    Copies of TyDi QA and MLQA have lost the blanks in front of a context, but count them in its answers' places. An
    answer behind the context is in no window of it, which training reads as a question without one.
    """
    if context.startswith(text, start):
        return start
    found = [match.start() for match in re.finditer(f"(?={re.escape(text)})", context)]
    return min(found, key=lambda at: abs(at - start)) if found else len(context)


def span(offsets: Sequence[Any], first: int, last: int) -> tuple[int, int]:
    """Positions of the pieces that cover characters ``first`` to ``last``; (0, 0) where they are in another window."""
    inside = [i for i, pair in enumerate(offsets) if pair is not None and pair[0] < last and pair[1] > first]
    if not inside or offsets[inside[0]][0] > first or offsets[inside[-1]][1] < last:
        return 0, 0
    return inside[0], inside[-1]


def best_span(scores: NDArray[Any], offsets: Sequence[Any]) -> tuple[float, int, int]:
    """Score of the best span of at most ``LONGEST`` pieces, and its first and last character."""
    import numpy as np

    inside = np.array([i for i, pair in enumerate(offsets) if pair is not None])
    if not len(inside):
        return -np.inf, 0, 0
    first, last = scores[inside, 0], scores[inside, 1]
    total = first[:, None] + last[None, :]
    n = len(inside)
    allowed = np.triu(np.ones((n, n), dtype=bool)) & ~np.triu(np.ones((n, n), dtype=bool), LONGEST)
    i, j = np.unravel_index(int(np.argmax(np.where(allowed, total, -np.inf))), (n, n))
    return float(total[i, j]), int(offsets[inside[i]][0]), int(offsets[inside[j]][1])


KIND = Questions()
