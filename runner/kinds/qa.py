"""Answers as spans of a context: scores of the first and the last piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Kind, Scored, Submission
from .examples import Examples, Rows

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features

#: Pieces after which a question is cut, and the longest answer in pieces: those of SQuAD's first scripts, which XTREME
#: uses, as it does windows of 384 pieces that begin every 128 pieces of the context.
QUESTION, LONGEST = 64, 30


class Answer(NamedTuple):
    """The best span of a context, and by how much the score of no answer exceeds its score."""

    text: str
    null: float


class Questions(Kind):
    """A context longer than the model takes is read in overlapping windows; the best span of all windows counts.

    A question without accepted answers has none in the context: training puts both ends on the first piece, and the
    rule ``squad2`` takes the answer to be empty where that piece scores higher than the best span in every window.
    """

    fields = ("question", "context", "answers")
    required = ("question", "context", "answer", "start")
    metrics = ("f1", "em", "f1_squad", "em_squad", "f1_mlqa", "em_mlqa")
    usual = ("f1", "em")
    rules = ("squad", "mlqa", "squad2")
    labelled = False
    max_length = 384
    stride = 128
    shortest = 16

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
        from .windows import Frame, windows

        questions, contexts = examples.fields["question"], examples.fields["context"]
        frame = Frame.of(backbone, min(max_length, backbone.positions))
        options = {"add_special_tokens": False, "return_attention_mask": False}
        asked = backbone.tokenizer(list(questions), **options)["input_ids"]
        read = backbone.tokenizer(list(contexts), return_offsets_mapping=True, **options)
        ids, types, notes, targets, owner = [], [], [], [], []
        for example, (question, pieces, offsets) in enumerate(
            zip(asked, read["input_ids"], read["offset_mapping"], strict=True)
        ):
            question = question[: min(QUESTION, frame.room // 2)]
            room = frame.room - len(question)
            for first, last in windows(len(pieces), room, min(self.stride, max(1, room // 2))):
                own, segments, start = frame.fill(question, pieces[first:last])
                place = np.full((len(own), 2), -1, dtype=np.int32)
                place[start : start + last - first] = np.asarray(offsets[first:last], dtype=np.int32).reshape(-1, 2)
                ids.append(own)
                types.append(segments)
                notes.append(place)
                owner.append(example)
                if train:
                    targets.append(target(place, examples.fields["answers"][example]))
        return Features(
            ids, np.asarray(owner, dtype=np.int64), targets, np.ones(len(ids)), types if frame.has_types else None,
            notes, unknown_share(backbone, ids),
        )  # fmt: skip

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
        """Score and characters of the best span of each window, and the score of no answer."""
        import numpy as np
        import torch

        inside = np.zeros(out.shape[:2], dtype=bool)
        for row, i in enumerate(chosen):
            inside[row, : len(features.notes[i])] = features.notes[i][:, 0] >= 0
        scores, first, last = best_spans(out.float(), torch.as_tensor(inside, device=out.device))
        null = out[:, 0].float().sum(dim=1)
        found = []
        for row, (score, i, j, own) in enumerate(
            zip(*(item.tolist() for item in (scores, first, last, null)), strict=True)
        ):
            place = features.notes[chosen[row]]
            ends = (int(place[i, 0]), int(place[j, 1])) if score > -np.inf else (0, 0)
            found.append((score, *ends, own))
        return found

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> list[Answer]:
        """The best span of all windows of each context."""
        starts, found = features.starts, []
        for example, context in enumerate(examples.fields["context"]):
            windows = outputs[starts[example] : starts[example + 1]]
            score, first, last, _ = max(windows, key=lambda item: item[0])
            found.append(Answer(context[first:last], min(null for *_, null in windows) - score))
        return found

    def submission(self, task: Scored, predictions: Any, examples: Examples) -> Submission:
        """Answers by the name of their question, as JSON."""
        import json

        empty = task.rule == "squad2"
        found = {name: text_of(own, empty) for name, own in zip(examples.ids, predictions, strict=True)}
        return Submission("json", json.dumps(found, ensure_ascii=False, indent=1))

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of texts of answers: ``f1`` and ``em`` by the rule of the task, the others by the one that they name."""
        from .metrics import answers

        accepted: Any = examples.labels if examples.labels is not None else ()
        if len(predictions) != len(accepted):
            raise task.unfit(f"{len(predictions)} answers", f"{len(accepted)}")
        empty = task.rule == "squad2"
        pairs = [(text_of(own, empty), other) for own, other in zip(predictions, accepted, strict=True)]
        found: dict[str, Score] = {}
        for rule in ("squad", "mlqa"):
            endings = [f"_{rule}", *([""] if rule == task.rule.removesuffix("2") else [])]
            if any(f"{metric}{ending}" in task.metrics for metric in ("f1", "em") for ending in endings):
                form = answers.find_form(rule, examples.language)
                for ending in endings:
                    found |= _answer_scores(pairs, form, ending)
        return found


def _answer_scores(
    pairs: Sequence[tuple[str, Sequence[str]]], form: Callable[[str], str], ending: str
) -> dict[str, Score]:
    """Exact match and F1 under names with an ending."""
    import numpy as np

    from analysis.store.cells import Score

    from .metrics import answers

    right = np.array([answers.exact_match(own, accepted, form) for own, accepted in pairs], dtype=bool)
    f1 = 100.0 * np.array([answers.token_f1(own, accepted, form) for own, accepted in pairs])
    n = len(pairs)
    error = float(f1.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return {
        f"em{ending}": Score(f"em{ending}", 100.0 * float(right.mean()), n, right),
        f"f1{ending}": Score(f"f1{ending}", float(np.clip(f1.mean(), 0.0, 100.0)), n, std_error=error),
    }


def text_of(answer: Any, may_be_empty: bool) -> str:
    """The text of a prediction, empty where no answer scores higher and that is allowed."""
    if isinstance(answer, Answer):
        return "" if may_be_empty and answer.null > 0 else answer.text
    return str(answer)


def _answers(text: Any, start: Any, context: str) -> list[dict[str, Any]]:
    """A table has one answer per row, an empty one where there is none; the hub has lists of answers."""
    texts, starts = ([text] * bool(text), [start] * bool(text)) if isinstance(text, str) else (text, start)
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


def target(place: NDArray[Any], answers: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Positions of the pieces of the first answer; (0, 0) where there is none, or it is in another window.

    ``place`` has the characters of each piece, -1 for those that are not of the context.
    """
    if not answers:
        return 0, 0
    first = int(answers[0]["start"])
    last = first + len(answers[0]["text"])
    inside = ((place[:, 0] >= 0) & (place[:, 0] < last) & (place[:, 1] > first)).nonzero()[0]
    if not len(inside) or place[inside[0], 0] > first or place[inside[-1], 1] < last:
        return 0, 0
    return int(inside[0]), int(inside[-1])


def best_spans(scores: torch.Tensor, inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores and positions of the best spans of at most ``LONGEST`` pieces, each of shape (windows,).

    Parameters
    ----------
    scores
        Of the first and of the last piece, shape (windows, pieces, 2).
    inside
        Which pieces are of the context, shape (windows, pieces). The score is -inf where none is.
    """
    import torch

    first, last = (scores[:, :, side].masked_fill(~inside, -torch.inf) for side in (0, 1))
    # Of each piece as the first one, the LONGEST that may be the last one: no table of all pairs.
    ends = torch.nn.functional.pad(last, (0, LONGEST - 1), value=-torch.inf).unfold(1, LONGEST, 1)
    total = (first.unsqueeze(2) + ends).flatten(1)
    best, at = total.max(dim=1)
    begin = at // LONGEST
    return best, begin, begin + at % LONGEST


KIND = Questions()
