"""A class for each word, predicted at its first word piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from .base import Kind, Scored
from .examples import Examples, Rows

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features


class Tagging(Kind):
    """Sentences longer than the model takes are cut between words into windows, so that no word is lost."""

    fields = ("tokens",)
    metrics = ("acc", "macro_f1", "f1")
    usual = ("acc", "macro_f1")

    def read_fields(self, rows: Rows) -> dict[str, list[Any]]:
        """Words of each sentence."""
        return {"tokens": [split_words(value) for value in rows.table[rows.columns["tokens"]]]}

    def read_labels(self, rows: Rows, fields: Mapping[str, Sequence[Any]]) -> Sequence[Any] | None:
        """One class for each word."""
        import numpy as np

        if not rows.label:
            return None
        tagged = []
        for name, words, tags in zip(rows.ids, fields["tokens"], rows.said, strict=True):
            own = split_words(tags)
            if len(own) != len(words):
                raise CrossliftError(f"sentence {name} of '{rows.task}' has {len(words)} words and {len(own)} tags.")
            tagged.append(np.array([rows.code(tag) for tag in own], dtype=np.int64))
        return tagged

    def class_names(self, labels: Iterable[Any]) -> tuple[str, ...]:
        """Names of the tags that occur, sorted."""
        return tuple(sorted({tag for tags in labels for tag in split_words(tags)}))

    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """One sequence for each window of words."""
        import numpy as np

        from .features import IGNORED, Features, unknown_share

        sentences = examples.fields["tokens"]
        words = sorted({word for sentence in sentences for word in sentence})
        pieces = dict(zip(words, word_pieces(backbone, words), strict=True))
        front, back = surroundings(backbone)
        room = min(max_length, backbone.positions) - len(front) - len(back)
        ids, owner, firsts, targets = [], [], [], []
        for i, sentence in enumerate(sentences):
            tags = None if not train or examples.labels is None else examples.labels[i]
            for window in windows([pieces[word][:room] for word in sentence], room):
                sizes = [len(pieces[sentence[w]][:room]) for w in window]
                first = (len(front) + np.cumsum([0, *sizes]))[:-1]
                inner = [piece for w in window for piece in pieces[sentence[w]][:room]]
                ids.append(np.array([*front, *inner, *back], dtype=np.int32))
                owner.append(i)
                firsts.append(first)
                if tags is not None:
                    target = np.full(len(ids[-1]), IGNORED, dtype=np.int64)
                    target[first] = np.asarray(tags)[window]
                    targets.append(target)
        weight = np.array([len(first) for first in firsts], dtype=float)
        return Features(
            ids, np.asarray(owner, dtype=np.int64), targets, weight, notes=firsts, unknown=unknown_share(backbone, ids)
        )

    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module:
        """A linear layer on every piece."""
        from .heads import TokenHead

        return TokenHead(backbone.width, classes)

    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Cross-entropy over first pieces."""
        import numpy as np
        import torch

        from .features import IGNORED

        wanted = np.full(out.shape[:2], IGNORED, dtype=np.int64)
        for row, i in enumerate(chosen):
            wanted[row, : len(features.targets[i])] = features.targets[i]
        labels = torch.as_tensor(wanted, device=out.device)
        return torch.nn.functional.cross_entropy(
            out.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )

    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """Classes of the words of each window."""
        classes = out.argmax(dim=2).cpu().numpy()
        return [classes[row, features.notes[i]] for row, i in enumerate(chosen)]

    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> list[NDArray[np.int64]]:
        """One array of classes for each sentence."""
        import numpy as np

        starts = features.starts
        return [np.concatenate(outputs[a:b]) for a, b in pairwise(starts)]

    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Of one array of class indices for each sentence.

        Words of one sentence are not independent: accuracy gets its error by sentences, and no bits by words.
        """
        import numpy as np

        from analysis.store.cells import Score

        from .metrics.classes import clustered_error, macro_f1, span_f1

        gold: Any = examples.labels if examples.labels is not None else ()
        if len(predictions) != len(gold):
            raise task.unfit(f"{len(predictions)} sentences", f"{len(gold)}")
        own = [task.classes(tags, len(wanted)) for tags, wanted in zip(predictions, gold, strict=True)]
        flat, wanted = np.concatenate(own), np.concatenate(list(gold))
        right = flat == wanted
        sentence = np.repeat(np.arange(len(gold)), [len(tags) for tags in gold])
        error = clustered_error(right, sentence)
        share = 100.0 * float(right.mean())
        found = {"acc": Score("acc", share, len(flat), std_error=None if np.isnan(error) else error)}
        if "macro_f1" in task.metrics:
            found["macro_f1"] = Score("macro_f1", macro_f1(wanted, flat), len(flat))
        if "f1" in task.metrics:
            names = np.array(task.labels, dtype=object)
            value = span_f1(task.task, [list(names[t]) for t in gold], [list(names[t]) for t in own])
            found["f1"] = Score("f1", value, len(gold))
        return found


def split_words(value: Any) -> list[str]:
    """Words of a sentence: a list already, or text with blanks between."""
    return value.split(" ") if isinstance(value, str) else [str(item) for item in value]


def word_pieces(backbone: Backbone, words: Sequence[str]) -> list[list[int]]:
    """Pieces of single words as they stand inside a sentence; the unknown piece where a word has none."""
    tokenizer = backbone.tokenizer
    # Byte-level tokenizers know a word inside a sentence by the blank before it.
    blank = " " if "ByteLevel" in str(tokenizer.backend_tokenizer.pre_tokenizer) else ""
    found = tokenizer([blank + word for word in words], add_special_tokens=False, return_attention_mask=False)
    spare = tokenizer.unk_token_id if tokenizer.unk_token_id is not None else tokenizer.pad_token_id
    return [list(pieces) or [spare] for pieces in found["input_ids"]] if words else []


def surroundings(backbone: Backbone) -> tuple[list[int], list[int]]:
    """Special pieces that the tokenizer puts before and after a text."""
    tokenizer = backbone.tokenizer
    inner = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    for start in range(len(whole) - len(inner) + 1):
        if whole[start : start + len(inner)] == inner:
            return whole[:start], whole[start + len(inner) :]
    return [], []


def windows(words: Sequence[Sequence[int]], room: int) -> list[list[int]]:
    """Positions of the words of each window: as many as find room, one after another."""
    found: list[list[int]] = [[]]
    filled = 0
    for i, pieces in enumerate(words):
        if found[-1] and filled + len(pieces) > room:
            found.append([])
            filled = 0
        found[-1].append(i)
        filled += len(pieces)
    return found


KIND = Tagging()
