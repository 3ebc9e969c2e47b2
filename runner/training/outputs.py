"""What a head gives for every sequence of a set: batches of similar length, halved where memory is short."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..kinds.features import Features
from .batches import pad, sorted_batches
from .bench import Bench, evaluating
from .failure import StageError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ..kinds.base import Kind

#: Pieces, with their padding, that are evaluated at once.
TOKENS = {"cpu": 1024, "cuda": 131072, "mps": 32768}


def head_outputs(
    bench: Bench,
    head: torch.nn.Module,
    kind: Kind,
    features: Features,
    precision: str = "fp32",
    layer: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[Any]:
    """Outputs of ``head`` on the model as it stands, one for each sequence.

    Model and head are left as for evaluation; who goes on training has to set them back.

    Raises
    ------
    StageError
        If the model gives values that are not finite.
    """
    import torch

    found: list[Any] = [None] * len(features.ids)
    total, done = int(features.lengths.sum()), 0

    def compute(chosen: NDArray[np.int64]) -> None:
        batch = pad(features.ids, features.types, chosen, bench.backbone.pad, bench.multiple)
        hidden, mask = bench.forward(batch, layer)
        for i, value in zip(chosen, kind.outputs(head(hidden, mask), features, chosen), strict=True):
            found[i] = value
        if not bool(torch.isfinite(hidden[mask.bool()]).all()):
            raise StageError("the model gives values that are not finite.", "Train at a lower learning_rate.")

    with evaluating(bench.module, head), bench.arithmetic(precision), bench.autocast(precision):
        for chosen in sorted_batches(features.lengths, TOKENS[bench.device.split(":")[0]]):
            in_memory(chosen, compute)
            done += int(features.lengths[chosen].sum())
            tell(done, total)
    return found


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
