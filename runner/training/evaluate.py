"""Evaluation: the texts of all languages of a model together, sorted by length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kinds.features import Features
from .batches import pad, sorted_batches
from .bench import Bench, evaluating
from .state import State
from .train import StageError

if TYPE_CHECKING:
    from ..kinds.base import Kind

#: Pieces, with their padding, that are evaluated at once.
TOKENS = {"cpu": 1024, "cuda": 131072, "mps": 32768}


def evaluate(
    bench: Bench,
    state: State,
    kind: Kind,
    sets: Sequence[Features],
    classes: int,
    precision: str = "fp32",
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
    tell
        Called with the pieces that are done and all pieces.
    """
    import torch

    merged, positions = merge(sets)
    bench.set(state, merged.pieces)
    head = kind.head(bench.backbone, classes)
    if head is None:
        raise ValueError("a kind that has no head cannot be evaluated")
    head.to(bench.device)
    if state.head and list(head.state_dict()):
        head.load_state_dict(dict(state.head))
    found: list[Any] = [None] * len(merged.ids)
    total, done = int(merged.lengths.sum()), 0

    def compute(chosen: NDArray[np.int64]) -> None:
        batch = pad(merged.ids, merged.types, chosen, bench.backbone.pad)
        hidden, mask = bench.forward(batch)
        for i, value in zip(chosen, kind.outputs(head(hidden, mask), merged, chosen), strict=True):
            found[i] = value
        if not bool(torch.isfinite(hidden[mask.bool()]).all()):
            raise StageError("the model gives values that are not finite.", "Train at a lower learning_rate.")

    with evaluating(bench.module, head), bench.autocast(precision):
        for chosen in sorted_batches(merged.lengths, TOKENS[bench.device.split(":")[0]]):
            in_memory(chosen, compute)
            done += int(merged.lengths[chosen].sum())
            tell(done, total)
    return [[found[i] for i in own] for own in positions]


def in_memory(chosen: NDArray[np.int64], compute: Callable[[NDArray[np.int64]], None]) -> None:
    """Compute a batch, in halves where the device has not enough memory for it: what fits depends on the model."""
    import torch

    try:
        compute(chosen)
        return
    except torch.OutOfMemoryError:
        if len(chosen) < 2:
            raise
    torch.cuda.empty_cache()  # after the handler: until then the error holds on to what did not fit
    half = len(chosen) // 2
    in_memory(chosen[:half], compute)
    in_memory(chosen[half:], compute)


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
