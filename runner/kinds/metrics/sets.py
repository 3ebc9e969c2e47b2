"""Precision, recall and F1 of found items against true ones."""

from __future__ import annotations

from collections.abc import Hashable, Set


def overlap(true: Set[Hashable], found: Set[Hashable]) -> dict[str, float]:
    """``precision``, ``recall`` and ``f1``, 0 to 1; 0 where nothing is right."""
    right = len(true & found)
    if not right:
        return {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    precision, recall = right / len(found), right / len(true)
    return {"precision": precision, "recall": recall, "f1": 2.0 * precision * recall / (precision + recall)}
