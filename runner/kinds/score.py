"""From predictions for a task's examples to scores of the store."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.core.errors import CrossliftError
from analysis.languages.codes import resolve
from analysis.store.cells import Score

from ..tasks.base import Examples, Task
from .metrics import answers, retrieval
from .metrics.classes import as_classes, clustered_error, macro_f1


def score(task: Task, predictions: Any, examples: Examples) -> list[Score]:
    """As :meth:`runner.tasks.base.Task.score`."""
    if not len(examples):
        raise CrossliftError(f"'{task.card.name}' has no examples to score.", "Give a split that is not empty.")
    if task.kind in ("classification", "pair", "choice"):
        found = _classes(task, predictions, examples)
    elif task.kind == "mlm":
        found = _masked(task, predictions)
    elif task.kind == "tagging":
        found = _tags(task, predictions, examples)
    elif task.kind == "qa":
        found = _answers(task, predictions, examples)
    else:
        found = _retrieval(task, predictions, examples)
    for metric in task.card.metrics:
        if metric not in found:
            raise CrossliftError(
                f"'{task.card.name}' has no {metric} in '{examples.language}'.",
                "Corpora to mine have f1 alone: name it under 'metrics'.",
            )
    return [found[metric] for metric in task.card.metrics]


def _classes(task: Task, predictions: Any, examples: Examples) -> dict[str, Score]:
    gold = np.asarray(examples.labels)
    own = _checked(task, predictions, len(gold))
    right = own == gold
    found = {"acc": Score("acc", 100.0 * float(right.mean()), len(gold), right)}
    if "macro_f1" in task.card.metrics:
        found["macro_f1"] = Score("macro_f1", macro_f1(gold, own), len(gold))
    return found


def _masked(task: Task, predictions: Any) -> dict[str, Score]:
    """Word pieces of one text are not independent: no bits. What was masked, the predictions bring with them."""
    own, wanted = (np.asarray(pieces) for pieces in predictions)
    if own.shape != wanted.shape or own.ndim != 1 or not len(own):
        raise _unfit(task, f"pieces of shapes {own.shape} and {wanted.shape}", "two equal shapes (n,), n > 0")
    right = own == wanted
    error = 100.0 * float(right.std(ddof=1)) / np.sqrt(len(right)) if len(right) > 1 else None
    return {"acc": Score("acc", 100.0 * float(right.mean()), len(right), std_error=error)}


def _tags(task: Task, predictions: Any, examples: Examples) -> dict[str, Score]:
    """Words of one sentence are not independent: accuracy gets its error by sentences, and no bits by words."""
    gold: Any = examples.labels if examples.labels is not None else ()
    if len(predictions) != len(gold):
        raise _unfit(task, f"{len(predictions)} sentences", f"{len(gold)}")
    own = [_checked(task, tags, len(wanted)) for tags, wanted in zip(predictions, gold, strict=True)]
    flat, wanted = np.concatenate(own), np.concatenate(list(gold))
    right = flat == wanted
    sentence = np.repeat(np.arange(len(gold)), [len(tags) for tags in gold])
    error = clustered_error(right, sentence)
    share = 100.0 * float(right.mean())
    found = {"acc": Score("acc", share, len(flat), std_error=None if np.isnan(error) else error)}
    if "macro_f1" in task.card.metrics:
        found["macro_f1"] = Score("macro_f1", macro_f1(wanted, flat), len(flat))
    if "f1" in task.card.metrics:
        try:
            from seqeval.metrics import f1_score
        except ImportError as error:
            raise CrossliftError(
                f"f1 of '{task.card.name}' is that of whole spans, which needs the package seqeval.",
                "pip install seqeval, or take a task whose metrics are acc and macro_f1.",
            ) from error
        names = np.array(task.labels, dtype=object)
        value = f1_score([list(names[t]) for t in gold], [list(names[t]) for t in own], zero_division=0)
        found["f1"] = Score("f1", 100.0 * float(value), len(gold))
    return found


def _answers(task: Task, predictions: Any, examples: Examples) -> dict[str, Score]:
    accepted: Any = examples.labels if examples.labels is not None else ()
    if len(predictions) != len(accepted):
        raise _unfit(task, f"{len(predictions)} answers", f"{len(accepted)}")
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


def _retrieval(task: Task, predictions: Any, examples: Examples) -> dict[str, Score]:
    source, target = (np.asarray(side, dtype=np.float64) for side in predictions)
    wanted = (len(examples.fields["source"]), len(examples.fields["target"]))
    if source.ndim != 2 or target.ndim != 2 or (len(source), len(target)) != wanted:
        raise _unfit(task, f"embeddings of shapes {source.shape} and {target.shape}", f"{wanted[0]} and {wanted[1]}")
    found: dict[str, Score] = {}
    if examples.gold is None:
        own = np.arange(len(source))
        for metric, right in (
            ("acc", retrieval.nearest(source, target) == own),
            ("acc_from_english", retrieval.nearest(target, source) == own),
        ):
            found[metric] = Score(metric, 100.0 * float(right.mean()), len(own), right)
    if "f1" in task.card.metrics:
        gold = examples.gold if examples.gold is not None else tuple((i, i) for i in range(len(source)))
        found["f1"] = Score("f1", retrieval.mining_f1(source, target, gold), len(gold))
    return found


def _checked(task: Task, predictions: Any, n: int) -> Any:
    try:
        found = as_classes(predictions, n)
    except ValueError as error:
        raise _unfit(task, str(error), f"class indices of shape ({n},)") from error
    if n and (found.min() < 0 or (task.labels and found.max() >= len(task.labels))):
        raise _unfit(task, f"class {found.max() if found.min() >= 0 else found.min()}", f"0 to {len(task.labels) - 1}")
    return found


def _unfit(task: Task, given: str, wanted: str) -> CrossliftError:
    return CrossliftError(f"predictions do not fit '{task.card.name}': {given}.", f"Wanted: {wanted}.")
