"""Dense products over all random effects, for computations that are done once at the minimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats
from .border import as_dense, dense_diagonal
from .criterion import Criterion
from .elimination import eliminated_border


@dataclass(frozen=True, slots=True)
class Products:
    """``[Z Q]'H⁻¹[Z Q]`` over all terms in the order of the formula.

    Attributes
    ----------
    matrix
        Shape ``(q + p, q + p)``.
    parts
        Columns of each term.
    """

    matrix: Floats
    parts: tuple[slice, ...]

    @property
    def q(self) -> int:
        """Number of random effects."""
        return self.parts[-1].stop


def full_products(criterion: Criterion, theta: Floats) -> Products:
    """All products with ``H⁻¹`` at ``theta``; memory grows with the square of the number of random effects."""
    data, s, p = criterion.data, criterion.layout.size, criterion.data.p
    factored = criterion.factor(theta)
    whitened = factored.solved(factored.matrix[:s, : s + p])
    inner = factored.matrix[: s + p, : s + p] - whitened.T @ whitened
    parts = dict(criterion.layout.parts)
    if factored.reduced is not None and data.eliminated is not None and criterion.border is not None:
        border = eliminated_border(criterion.border, factored.reduced.keep)
        dense = as_dense(border)
        spread = factored.solved(dense.T)
        side = np.hstack([dense, factored.reduced.right[:, :p]]) - spread.T @ whitened
        inner = np.block([[dense_diagonal(factored.reduced.own) - spread.T @ spread, side], [side.T, inner]])
        size = len(dense)
        parts = {t: slice(part.start + size, part.stop + size) for t, part in parts.items()}
        parts[data.eliminated.term] = slice(0, size)
    positions = np.arange(len(inner))
    order = np.concatenate([*(positions[parts[t]] for t in range(len(data.shapes))), positions[len(inner) - p :]])
    ends = np.cumsum([levels * k for levels, k in data.shapes])
    slices = tuple(slice(int(end) - levels * k, int(end)) for end, (levels, k) in zip(ends, data.shapes, strict=True))
    return Products(inner[np.ix_(order, order)], slices)
