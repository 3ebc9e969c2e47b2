"""Effects and what is known of their sampling errors, from columns, numbers or a covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import CrossliftError, DesignError
from .effects import column

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True)
class Known:
    """Rows with an effect and a sampling variance; ``covariance`` is ``(k,)`` or a sparse ``(k, k)``."""

    frame: pd.DataFrame
    covariance: Any
    kept: Booleans
    dropped: tuple[tuple[str, int], ...]

    def dense(self) -> Floats:
        """The sampling covariance, shape ``(k, k)``."""
        return np.diag(self.covariance) if np.ndim(self.covariance) == 1 else np.asarray(self.covariance.toarray())

    def sparse(self, used: Booleans) -> csr_array:
        """The sampling covariance of some of the rows, sparse."""
        from scipy.sparse import csr_array, diags_array

        at = np.flatnonzero(used)
        if np.ndim(self.covariance) == 1:
            return csr_array(diags_array(self.covariance[at]))
        return csr_array(self.covariance[at][:, at])


def known_rows(table: pd.DataFrame, outcome: str, variances: Any) -> Known:
    """The rows that have both; variances are a column name, one per row, or a covariance ``(n, n)``."""
    from scipy.sparse import csr_array

    if isinstance(variances, str):
        variances = column(table, variances, "variances").to_numpy(dtype=float)
    tied = np.ndim(variances) == 2 or hasattr(variances, "tocsr")
    given = csr_array(variances) if tied else np.asarray(variances, dtype=float)
    if given.shape[0] != len(table):
        raise CrossliftError(f"{len(table)} effects and {given.shape[0]} sampling variances were given.")
    own = np.asarray(given.diagonal()) if tied else given
    missing = {
        "no effect": table[outcome].isna().to_numpy(),
        "no sampling variance": np.isnan(own),
    }
    kept = np.ones(len(table), dtype=bool)
    dropped = []
    for reason, where in missing.items():
        if (where & kept).any():
            dropped.append((reason, int((where & kept).sum())))
            kept &= ~where
    if not kept.any():
        raise DesignError(f"none of {len(table)} effects has a sampling variance.")
    at = np.flatnonzero(kept)
    covariance = given[at][:, at] if tied else given[at]
    return Known(table[kept].reset_index(drop=True), covariance, kept, tuple(dropped))


def with_effects(frame: pd.DataFrame, effects: Any) -> tuple[pd.DataFrame, str]:
    """The frame with its outcome, and the name of that."""
    if isinstance(effects, str):
        column(frame, effects, "effects")
        return frame, effects
    if len(effects) != len(frame):
        raise CrossliftError(f"{len(effects)} effects were given for {len(frame)} rows.")
    return frame.assign(effect=np.asarray(effects, dtype=float)), "effect"
