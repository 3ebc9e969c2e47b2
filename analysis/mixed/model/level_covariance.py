"""Known covariances between the levels of a grouping factor, such as phylogenetic kernels of languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.errors import DesignError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

# Negative eigenvalues down to this share of the largest are rounding errors of a positive semidefinite matrix.
ROUNDING = 1e-8


@dataclass(frozen=True, slots=True)
class LevelCovariance:
    """Covariance of the levels of one factor, up to the variance that is estimated.

    Attributes
    ----------
    matrix
        Square frame with the level labels as index and columns.
    independent
        Also estimate an independent variance, so that the share of the kernel is estimated (default). If false, all of
        the factor's variance follows the kernel.
    """

    matrix: pd.DataFrame
    independent: bool = True


def as_covariances(given: Mapping[str, LevelCovariance | pd.DataFrame] | None) -> dict[str, LevelCovariance]:
    """Covariances by grouping factor; a plain frame means one with an independent variance in addition."""
    return {
        group: kernel if isinstance(kernel, LevelCovariance) else LevelCovariance(kernel)
        for group, kernel in (given or {}).items()
    }


def root_of(kernel: LevelCovariance, group: str, levels: Sequence[str]) -> Floats:
    """A square root ``R`` with ``RR' = K`` over ``levels``, shape ``(L, L)``.

    Raises
    ------
    DesignError
        If a level is missing from the matrix, or the matrix is not symmetric or not positive semidefinite.
    """
    matrix = kernel.matrix
    labels = [str(label) for label in matrix.index]
    if labels != [str(label) for label in matrix.columns]:
        raise DesignError(f"the covariance of '{group}' has different row and column labels.")
    position = {label: i for i, label in enumerate(labels)}
    missing = [level for level in levels if level not in position]
    if missing:
        hint = did_you_mean(missing[0], labels) or f"Leave {len(missing)} levels out, or add them to the matrix."
        raise DesignError(f"the covariance of '{group}' has no row for '{missing[0]}'.", hint)
    order = [position[level] for level in levels]
    return square_root(np.asarray(matrix.to_numpy(), dtype=float)[np.ix_(order, order)], group, levels)


def square_root(values: Floats, group: str, levels: Sequence[str]) -> Floats:
    """``R`` with ``RR'`` the covariance ``values`` between ``levels``; shapes and errors as :func:`root_of`."""
    if not np.isfinite(values).all():
        raise DesignError(f"the covariance of '{group}' has cells that are not finite numbers.")
    scale = float(np.abs(values).max())
    if np.abs(values - values.T).max() > ROUNDING * scale:
        i, j = divmod(int(np.abs(values - values.T).argmax()), len(values))
        raise DesignError(
            f"the covariance of '{group}' is not symmetric: {values[i, j]:g} between '{levels[i]}' and '{levels[j]}', "
            f"{values[j, i]:g} in the opposite cell."
        )
    roots, vectors = np.linalg.eigh(0.5 * (values + values.T))
    if roots[0] < -ROUNDING * roots[-1]:
        raise DesignError(
            f"the covariance of '{group}' is not positive semidefinite: its smallest eigenvalue is {roots[0]:.3g}.",
            "Distances are not covariances: use exp(-distance / scale), or add a multiple of the identity.",
        )
    return np.asarray(vectors * np.sqrt(np.clip(roots, 0.0, None)))
