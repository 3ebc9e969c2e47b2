"""What training and evaluation need of a kind of task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ..models.backbone import Backbone
    from ..tasks.base import Examples
    from ..training.features import Features


class Kind(ABC):
    """One kind of task. The head is a module whose ``forward`` takes token representations and the mask."""

    @abstractmethod
    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """Word pieces, and what is to be predicted where ``train`` is set."""

    @abstractmethod
    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module | None:
        """A new head; ``None`` where there is nothing to train."""

    @abstractmethod
    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Sum of the losses of the chosen sequences, each as often as its weight says."""

    @abstractmethod
    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """What is kept of the output of the head for each chosen sequence."""

    @abstractmethod
    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> Any:
        """What :meth:`runner.tasks.base.Task.score` takes."""


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector for each text, shape (texts, width).

    Parameters
    ----------
    hidden
        Token representations, shape (texts, pieces, width).
    mask
        1 where a piece is text, shape (texts, pieces).
    pooling
        ``mean`` of the pieces, or the ``last`` one.
    """
    import torch

    if pooling == "last":
        last = mask.sum(dim=1) - 1
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    shares = mask.to(hidden.dtype)
    return torch.bmm(shares.unsqueeze(1), hidden).squeeze(1) / shares.sum(dim=1, keepdim=True)


def find_kind(name: str) -> Kind:
    """The kind of a task's card.

    Raises
    ------
    CrossliftError
        If it is none that can be run.
    """
    from analysis.core.errors import unknown_name

    from .choice import Choice
    from .mlm import MaskedPieces
    from .questions import Questions
    from .retrieval import Retrieval
    from .tagging import Tagging
    from .texts import Texts

    found: dict[str, Kind] = {
        "classification": Texts(), "pair": Texts(), "tagging": Tagging(), "choice": Choice(), "qa": Questions(),
        "retrieval": Retrieval(), "mlm": MaskedPieces(),
    }  # fmt: skip
    if name not in found:
        raise unknown_name("kind of task", name, found)
    return found[name]
