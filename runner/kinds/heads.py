"""Heads: small modules on top of token representations."""

from __future__ import annotations

import torch
from torch import nn

from .base import pool

DROPOUT = 0.1


class PooledHead(nn.Module):
    """One vector of a text, and a linear layer on it."""

    def __init__(self, width: int, classes: int, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self.dropout = nn.Dropout(DROPOUT)
        self.linear = linear(width, classes)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Shape (texts, classes)."""
        return self.linear(self.dropout(pool(hidden, mask, self.pooling)))


class TokenHead(nn.Module):
    """A linear layer on every piece."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        self.linear = linear(width, classes)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Shape (texts, pieces, classes)."""
        return self.linear(self.dropout(hidden))


def linear(width: int, classes: int) -> nn.Linear:
    """A layer that starts as BERT's heads do: normal weights of standard deviation 0.02, no bias."""
    layer = nn.Linear(width, classes)
    nn.init.normal_(layer.weight, std=0.02)
    nn.init.zeros_(layer.bias)
    return layer
