"""Q4_0 blocks: 32 weights as 4-bit integers with one common scale of 16 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Weights of a block, and bytes: a little-endian half-precision scale, then two weights a byte.
BLOCK, BLOCK_BYTES = 32, 18


def dequantise(blocks: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
    """Weights of a matrix of Q4_0 blocks.

    Byte ``j`` of a block holds weight ``j`` in its low half and weight ``j + 16`` in its high half; the integer ``q``
    stands for ``(q - 8) * scale`` (the layout of ggml's ``block_q4_0``).

    Parameters
    ----------
    blocks
        Bytes of the blocks of one row after another.
    width
        Columns of the matrix, a multiple of 32.

    Returns
    -------
    ndarray, shape (rows, width)
    """
    import numpy as np

    packed = np.ascontiguousarray(blocks, dtype=np.uint8).reshape(-1, BLOCK_BYTES)
    scale = packed[:, :2].copy().view("<f2").astype(np.float32)
    weights = np.empty((len(packed), BLOCK), dtype=np.float32)
    weights[:, :16] = packed[:, 2:] & 0x0F
    weights[:, 16:] = packed[:, 2:] >> 4
    weights -= 8.0
    weights *= scale
    return weights.reshape(-1, width)
