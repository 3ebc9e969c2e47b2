"""Model FLOP utilisation: the least a step must compute, relative to the peak of the card.

Adapters on frozen weights: each linear layer multiplies once forward and once backward, for the gradient of its
input; the gradient of its own weights, the third product of full training, is not needed. With ``N`` weights in linear
layers, ``A`` in adapters, ``L`` layers of attention width ``h`` and ``s`` pieces per sequence, a piece takes

    2·2·N + 3·2·A + 3·2·s·h·L   FLOPs,

where the last term is the two products of attention that looks back only (``2·s·h`` a layer forward on average, twice
that backward). Embeddings are looked up, not multiplied. Recomputation is not counted; there is none here.
"""

from __future__ import annotations

from typing import Any

#: Dense bfloat16 FLOP/s of tensor cores, by a part of the card's name; from the makers' data sheets. The first
#: match counts, so a variant comes before its family.
PEAKS = (
    ("H200", 989.4e12), ("H100 PCIe", 756e12), ("H100 NVL", 835e12), ("H100", 989.4e12), ("GH200", 989.4e12),
    ("A100", 312e12), ("L40S", 362e12), ("L4", 121e12), ("A10", 125e12), ("RTX 4090", 165.2e12),
)  # fmt: skip
FORMULA = "4·N + 6·A + 6·s·h·L FLOPs per piece: N weights of linear layers, A of adapters, s pieces, width h, L layers"


def peak(name: str) -> float | None:
    """Dense bfloat16 FLOP/s of a card by its name; ``None`` for a card that is not in the table."""
    return next((value for part, value in PEAKS if part in name), None)


def flops_per_piece(linear: int, adapters: int, pieces: int, width: int, layers: int) -> float:
    """FLOPs of one training step by adapters, for one word piece of a sequence of ``pieces``."""
    return 4.0 * linear + 6.0 * adapters + 6.0 * pieces * width * layers


def linear_weights(module: Any) -> tuple[int, int]:
    """Weights of linear layers: pretrained ones, and those of adapters."""
    import torch

    base = adapters = 0
    for name, part in module.named_modules():
        if isinstance(part, torch.nn.Linear):
            if "lora_" in name:
                adapters += part.weight.numel()
            else:
                base += part.weight.numel()
    return base, adapters
