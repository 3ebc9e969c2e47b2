"""Accuracy and F1 of class predictions, in points: macro-averaged over classes, and of whole spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.core.errors import CrossliftError
from analysis.store.cells import Score

if TYPE_CHECKING:
    from ..base import Scored
    from ..examples import Examples

Ints = NDArray[np.int64]


def class_scores(task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
    """Accuracy, and macro F1 where the task reports it, of one class for each example."""
    gold = np.asarray(examples.labels)
    own = task.classes(predictions, len(gold))
    right = own == gold
    found = {"acc": Score("acc", 100.0 * float(right.mean()), len(gold), right)}
    if "macro_f1" in task.metrics:
        found["macro_f1"] = Score("macro_f1", macro_f1(gold, own), len(gold))
    return found


def macro_f1(gold: Ints, predicted: Ints) -> float:
    """Unweighted mean of the F1 of the classes that occur in ``gold`` or ``predicted``, 0 to 100.

    scikit-learn's ``f1_score(average="macro", zero_division=0)``.
    """
    from sklearn.metrics import f1_score

    return 100.0 * float(f1_score(gold, predicted, average="macro", zero_division=0.0))


def span_f1(task: str, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """F1 of whole spans of tags (CoNLL, by seqeval), 0 to 100.

    Raises
    ------
    CrossliftError
        If seqeval is not installed.
    """
    try:
        from seqeval.metrics import f1_score
    except ImportError as error:
        raise CrossliftError(
            f"f1 of '{task}' is that of whole spans, which needs the package seqeval.",
            "pip install seqeval, or take a task whose metrics are acc and macro_f1.",
        ) from error
    return 100.0 * float(f1_score(gold, predicted, zero_division=0))


def clustered_error(right: NDArray[np.bool_], cluster: Ints) -> float:
    """Standard error of a share of right items, in points, where items come in clusters (words in sentences).

    Linearised ratio estimator with clusters as primary units: with ``r_k`` right of ``m_k`` items in cluster k,
    ``p = sum r_k / sum m_k`` and ``K`` clusters,
    ``var(p) = K / (K - 1) * sum (r_k - p m_k)^2 / (sum m_k)^2`` (Cochran, Sampling Techniques, 3rd ed., eq. 9.22
    without the finite-population correction). NaN for a single cluster.
    """
    items = np.bincount(cluster).astype(float)
    hits = np.bincount(cluster, weights=right)
    present = items > 0
    items, hits = items[present], hits[present]
    if len(items) < 2:
        return float("nan")
    share = hits.sum() / items.sum()
    residual = hits - share * items
    return float(100.0 * np.sqrt(len(items) / (len(items) - 1) * (residual**2).sum()) / items.sum())


def as_classes(predictions: Any, n: int) -> Ints:
    """Predicted class indices as an array of shape ``(n,)``; raises ValueError for another shape or fractions."""
    found = np.asarray(predictions)
    if found.shape != (n,) or not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"predictions of shape {found.shape} and type {found.dtype} for {n} examples")
    return found.astype(np.int64)
