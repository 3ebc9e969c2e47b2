"""Known sampling variances of the rows, or a block-diagonal sampling covariance.

Rows that share a sampling error (gains over one baseline) are rotated block by block onto the eigenvectors of their
covariance: this leaves one known variance per row, and an added residual variance is the same for every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Booleans, Floats
from ...core.errors import DesignError
from ..model.given import per_row

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

# Largest block that is decomposed; a larger one is in effect a full covariance.
LARGEST_BLOCK = 2000


@dataclass(frozen=True, slots=True)
class KnownVariance:
    """Sampling variances on the rows used.

    Attributes
    ----------
    variance
        Sampling variances of the rotated rows, shape ``(n,)``, all positive.
    rotation
        Orthogonal, block-sparse ``U`` with ``V = U diag(variance) U'``; ``None`` if ``V`` is diagonal.
    """

    variance: Floats
    rotation: csr_array | None

    @property
    def log_determinant(self) -> float:
        """``log |V|``."""
        return float(np.log(self.variance).sum())


def known_variance(given: Any, frame: pd.DataFrame, kept: Booleans) -> KnownVariance:
    """Read sampling variances for the rows of a frame that are used.

    Parameters
    ----------
    given
        A column name, one variance per row, or an ``(n, n)`` covariance (dense or sparse), for all rows of the frame.
    frame
        The data.
    kept
        Which rows are used, shape ``(len(frame),)``.

    Raises
    ------
    DesignError
        If a variance is missing or not positive, or a covariance is not positive definite.
    """
    if isinstance(given, str):
        return KnownVariance(_positive(frame[given].to_numpy(dtype=float), kept, frame, given), None)
    shape = np.shape(given) if not hasattr(given, "tocsr") else given.shape
    if len(shape) < 2:
        return KnownVariance(_positive(per_row(given, frame, "sampling variances"), kept, frame, "variances"), None)
    if shape != (len(frame), len(frame)):
        raise DesignError(f"the sampling covariance is {shape[0]} × {shape[1]} for {len(frame)} rows.")
    return _blocks(given, kept)


def _positive(values: Floats, kept: Booleans, frame: pd.DataFrame, name: str) -> Floats:
    used = values[kept]
    bad = ~(np.isfinite(used) & (used > 0))
    if bad.any():
        row = frame.index[kept][int(bad.argmax())]
        raise DesignError(
            f"the sampling variance '{name}' of row {row} is {used[int(bad.argmax())]:g}, not a positive number "
            f"({int(bad.sum())} such rows).",
            "Leave rows without a sampling variance out, or fit without sampling variances.",
        )
    return used


def _blocks(given: Any, kept: Booleans) -> KnownVariance:
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import connected_components

    matrix = csr_array(given)[np.flatnonzero(kept)][:, np.flatnonzero(kept)]
    if abs(matrix - matrix.T).max() > 1e-10 * abs(matrix).max():
        raise DesignError("the sampling covariance is not symmetric.")
    count, label = connected_components(matrix, directed=False)
    order = np.argsort(label, kind="stable")
    sizes = np.bincount(label, minlength=count)
    if sizes.max() > LARGEST_BLOCK:
        raise DesignError(
            f"the sampling covariance has a block of {sizes.max()} rows; blocks of up to {LARGEST_BLOCK} are supported."
        )
    sorted_matrix = matrix[order][:, order]
    variances, rows, columns, vectors = np.empty(len(order)), [], [], []
    starts = np.cumsum(sizes) - sizes
    cells = sorted_matrix.tocoo()
    block, place = np.repeat(np.arange(count), sizes), np.arange(len(order)) - np.repeat(starts, sizes)
    for size in np.unique(sizes):  # all blocks of a size at once
        mine = np.flatnonzero(sizes == size)
        number = np.full(count, -1)
        number[mine] = np.arange(len(mine))
        own = number[block[cells.coords[0]]]
        here = own >= 0
        dense = np.zeros((len(mine), size, size))
        dense[own[here], place[cells.coords[0][here]], place[cells.coords[1][here]]] = cells.data[here]
        roots, basis = np.linalg.eigh(dense)
        if roots[:, 0].min() <= 0:
            raise DesignError(
                f"the sampling covariance is not positive definite: a block of {size} rows has the eigenvalue "
                f"{roots[:, 0].min():.3g}.",
                "Are two rows differences of the same two scores? Leave one of them out.",
            )
        at = starts[mine][:, None] + np.arange(size)
        variances[at] = roots
        rows.append(np.broadcast_to(at[:, :, None], basis.shape).ravel())
        columns.append(np.broadcast_to(at[:, None, :], basis.shape).ravel())
        vectors.append(basis.ravel())
    entries = (np.concatenate(vectors), (np.concatenate(rows), np.concatenate(columns)))
    together = csr_array(coo_array(entries, shape=matrix.shape))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return KnownVariance(variances, csr_array(together[back]))
