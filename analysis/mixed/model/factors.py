"""Grouping factors as codes: one number per row, one label per level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...core.arrays import Booleans, Integers

if TYPE_CHECKING:
    import pandas as pd

#: Codes of the rows and labels of the levels of one factor.
Coded: TypeAlias = tuple[Integers, list[str]]


def code_rows(column: pd.Series[Any]) -> Coded:
    """Codes of a factor's rows, −1 for a missing value, and its labels as text, in sorted order."""
    import pandas as pd

    if column.dtype != "str":
        codes, labels = pd.factorize(column, sort=True)
        return np.asarray(codes, dtype=np.intp), [str(label) for label in labels.tolist()]
    # The same for text, without the indexes that pandas.factorize builds.
    codes, unique = column.array.factorize()
    names = unique.tolist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.full(len(order) + 1, -1, dtype=np.intp)  # the last element is for −1
    rank[order] = np.arange(len(order))
    return rank[codes], [names[i] for i in order]


def combine(factors: list[Coded]) -> tuple[Integers, tuple[str, ...]]:
    """Codes and labels of the observed combinations of ``factors``, labels sorted within each factor."""
    codes, names = factors[0]
    for more, labels in factors[1:]:
        combined, codes = np.unique(codes * len(labels) + more, return_inverse=True)
        names = [f"{names[c // len(labels)]}:{labels[c % len(labels)]}" for c in combined.tolist()]
    return codes, tuple(names)


def missing_rows(column: pd.Series[Any]) -> Booleans:
    """Rows without a value."""
    # pandas' isna takes ten times as long for a plain float column.
    values = column.to_numpy()
    return np.isnan(values) if values.dtype.kind == "f" else column.isna().to_numpy().copy()
