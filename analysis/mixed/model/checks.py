"""Checks of a design, each with a remedy: infinite, constant or collinear columns, too few levels or rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import DesignError, FormulaError, did_you_mean
from .formula import MixedFormula

if TYPE_CHECKING:
    import pandas as pd

    from .design import RandomTerm

# A column is collinear if less than this share of its length remains after projecting out the others. R's lm uses 1e-7
# for the same purpose.
RANK_TOLERANCE = 1e-7


def check_columns(names: list[str], frame: pd.DataFrame, formula: MixedFormula) -> None:
    """Refuse variables that are not columns of the data."""
    columns = [str(column) for column in frame.columns]
    for name in names:
        if name not in frame.columns:
            hint = did_you_mean(name, columns) or "Columns: " + ", ".join(columns[:30]) + "."
            raise FormulaError(f"'{name}' in '{formula.text}' is not a column of the data.", hint)


def check_finite(columns: Mapping[str, pd.Series[Any]]) -> None:
    """Refuse infinite values, and say where the first is."""
    for name, column in columns.items():
        if column.dtype.kind == "f" and not np.isfinite(column.to_numpy()).all():
            where = column.index[~np.isfinite(column.to_numpy())][0]
            raise DesignError(f"'{name}' is infinite in row {where}.", "Was a logarithm of zero taken?")


def check_outcome(y: Floats, formula: MixedFormula) -> None:
    """Refuse an outcome that is the same in all rows."""
    if np.ptp(y) == 0:
        raise DesignError(
            f"the outcome '{formula.response}' is {y[0]:g} in all {len(y)} rows: there is no variation to explain.",
            "Check that the right column was chosen and that scores were not filled in.",
        )


def check_rank(X: Floats, weights: Floats | None, names: tuple[str, ...], formula: MixedFormula) -> None:
    """Refuse collinear fixed columns, and say which columns determine which."""
    from scipy.linalg import qr, solve_triangular

    n, p = X.shape
    scaled = X if weights is None else X * np.sqrt(weights)[:, None]
    gram = scaled.T @ scaled
    lengths = np.sqrt(gram.diagonal())
    for j in np.flatnonzero(lengths == 0):
        raise DesignError(f"the fixed-effect column '{names[j]}' of '{formula.text}' is zero in every row.")
    # The Gram matrix of unit columns settles the clear cases; only the others need a QR of all rows.
    if n > p and np.linalg.eigvalsh(gram / np.outer(lengths, lengths))[0] > 1e-6:
        return
    r, pivot = qr(scaled / lengths, mode="r", pivoting=True)
    r = r[: min(n, p)]
    rank = int((np.abs(np.diag(r)) > RANK_TOLERANCE).sum())
    if rank < p:
        extra = pivot[rank:]
        parts = solve_triangular(r[:rank, :rank], r[:rank, rank:])
        sentences = []
        for i, column in enumerate(extra):
            partners = [names[pivot[j]] for j in np.flatnonzero(np.abs(parts[:, i]) > RANK_TOLERANCE)]
            sentences.append(f"'{names[column]}' follows from " + " and ".join(f"'{name}'" for name in partners))
        raise DesignError(
            f"the {p} fixed-effect columns of '{formula.text}' are not independent on these {n} rows: "
            + "; ".join(sentences)
            + ".",
            "Leave one of them out of the formula.",
        )
    if n <= p:
        raise DesignError(f"'{formula.text}' has {p} fixed effects and only {n} rows.", "Use a smaller model.")


def check_terms(terms: tuple[RandomTerm, ...], n: int, formula: MixedFormula, residual: bool) -> None:
    """Refuse random terms that have one level, as many effects as rows, or the same column twice."""
    seen: set[tuple[str, str]] = set()
    for term in terms:
        if len(term.levels) < 2:
            raise DesignError(
                f"the grouping factor '{term.group}' of '{formula.text}' has one level, '{term.levels[0]}', on the "
                f"{n} rows used: its variance cannot be estimated.",
                f"Remove the term with '{term.group}' from the formula.",
            )
        if residual and term.size >= n:
            raise DesignError(
                f"'{term.group}' has {len(term.levels)} levels and {term.size} random effects on {n} rows: they cannot "
                "be separated from the residuals.",
                "Use a coarser grouping factor or fewer random slopes.",
            )
        for column in term.columns:
            if (term.group, column) in seen and term.root is None:
                raise DesignError(f"'{formula.text}' lets '{column}' vary by '{term.group}' twice.", "Keep one term.")
            seen.add((term.group, column))
