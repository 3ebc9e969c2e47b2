"""The dev split of a training task: scores in the middle of training, by which the best state can be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kinds.features import Features
from .bench import Bench
from .outputs import head_outputs

if TYPE_CHECKING:
    import torch

    from ..kinds.base import Kind


@dataclass(frozen=True)
class Dev:
    """A dev split.

    Attributes
    ----------
    features
        Its features.
    score
        The score of outputs of the head, the more the better.
    every
        Steps between two looks at it; the last step has one in any case.
    precision
        Of the arithmetic.
    """

    features: Features
    score: Callable[[Sequence[Any]], float]
    every: int
    precision: str = "fp32"

    def measure(self, bench: Bench, head: torch.nn.Module, kind: Kind) -> float:
        """The score of the model as it stands, which is left as for evaluation."""
        return self.score(head_outputs(bench, head, kind, self.features, self.precision))
