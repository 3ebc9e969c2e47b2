"""Heads: small modules on top of token representations."""

from __future__ import annotations

import torch
from torch import nn

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
    if pooling == "last":
        last = mask.sum(dim=1) - 1
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    shares = mask.to(hidden.dtype)
    return torch.bmm(shares.unsqueeze(1), hidden).squeeze(1) / shares.sum(dim=1, keepdim=True)
