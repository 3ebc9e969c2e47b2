"""Evaluation: the texts of all languages of a model together, sorted by length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kinds.features import Features
from .bench import Bench
from .outputs import head_outputs
from .state import State

if TYPE_CHECKING:
    from ..kinds.base import Kind


def evaluate(
    bench: Bench,
    state: State,
    kind: Kind,
    sets: Sequence[Features],
    classes: int,
    precision: str = "fp32",
    layer: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[Any]]:
    """Outputs of the head for every sequence of every set.

    A sequence that occurs more than once, such as the English side of several language pairs, is computed once.

    Parameters
    ----------
    bench, state, kind, classes
        The model, the state to evaluate, the kind of task and its number of classes.
    sets
        Features of one test set each.
    precision
        ``fp32`` or ``bf16``.
    layer
        The layer whose representations the head gets; by default the last one.
    tell
        Called with the pieces that are done and all pieces.
    """
    merged, positions = merge(sets)
    bench.set(state, merged.pieces)
    head = kind.head(bench.backbone, classes)
    if head is None:
        raise ValueError("a kind that has no head cannot be evaluated")
    head.to(bench.device)
    if state.head and list(head.state_dict()):
        head.load_state_dict(dict(state.head))
    found = head_outputs(bench, head, kind, merged, precision, layer, tell)
    return [[found[i] for i in own] for own in positions]


def merge(sets: Sequence[Features]) -> tuple[Features, list[list[int]]]:
    """One set of the different sequences of all sets, and where the sequences of each set are in it."""
    seen: dict[tuple[Any, ...], int] = {}
    ids: list[Any] = []
    types: list[Any] = []
    notes: list[Any] = []
    positions = []
    for features in sets:
        own = []
        for i, item in enumerate(features.ids):
            # Notes (positions of words, offsets) belong to the text, so that equal pieces may have other ones.
            key = (item.tobytes(), _mark(features.notes[i]) if len(features.notes) else None)
            if key not in seen:
                seen[key] = len(ids)
                ids.append(item)
                if features.types is not None:
                    types.append(features.types[i])
                if len(features.notes):
                    notes.append(features.notes[i])
            own.append(seen[key])
        positions.append(own)
    n = len(ids)
    return Features(ids, np.arange(n), types=types or None, notes=notes), positions


def _mark(note: Any) -> Any:
    return note.tobytes() if isinstance(note, np.ndarray) else tuple(note)
