"""Columns of a formula's right-hand side on given rows.

Sums and products of numeric columns are computed here, in microseconds; everything else (factors, functions,
polynomials, splines) in :mod:`analysis.formulas.matrix`. Both give the same columns under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...core.arrays import Floats
from ...core.errors import FormulaError
from ...formulas.matrix import model_matrix
from ...formulas.nodes import Name
from .formula import describe

if TYPE_CHECKING:
    import pandas as pd


class Evaluator(Protocol):
    """Evaluates the columns on new rows."""

    def evaluate(self, frame: pd.DataFrame) -> Floats:
        """The columns, shape ``(len(frame), k)``."""
        ...


@dataclass(frozen=True, slots=True)
class Columns:
    """A matrix with named columns, and the evaluator that computes it for other rows."""

    matrix: Floats
    names: tuple[str, ...]
    evaluator: Evaluator


@dataclass(frozen=True, slots=True)
class _Products:
    """Each column is a product of numeric variables; the empty product is the intercept."""

    factors: tuple[tuple[str, ...], ...]

    def evaluate(self, frame: pd.DataFrame) -> Floats:
        return self.of(
            {name: frame[name].to_numpy(dtype=float) for product in self.factors for name in product}, len(frame)
        )

    def of(self, values: Mapping[str, Floats], n: int) -> Floats:
        matrix = np.empty((n, len(self.factors)))
        for j, product in enumerate(self.factors):
            column = matrix[:, j]
            column[:] = values[product[0]] if product else 1.0
            for name in product[1:]:
                column *= values[name]
        return matrix


def evaluate_columns(expression: str, columns: Mapping[str, pd.Series[Any]], n: int, whole: str) -> Columns:
    """Evaluate the right-hand side ``expression`` on columns of data.

    Raises
    ------
    FormulaError
        If it cannot be evaluated; ``whole`` is the formula for the message.
    """
    products = _numeric_products(expression, whole)
    if products is not None and all(columns[name].dtype.kind in "if" for product in products for name in product):
        plain = _Products(products)
        values = {name: columns[name].to_numpy(dtype=float) for product in products for name in product}
        return Columns(plain.of(values, n), tuple(":".join(product) or "Intercept" for product in products), plain)
    terms = describe(expression, whole)
    if not terms.intercept and not terms.terms:
        raise FormulaError(f"'{expression}' in the formula '{whole}' has no column.", "Write 1 for an intercept alone.")
    matrix, found = model_matrix(terms, columns, n, whole)
    return Columns(np.ascontiguousarray(matrix, dtype=float), found.names, found)


@dataclass(frozen=True, slots=True)
class _One:
    """One column of several."""

    whole: Evaluator
    column: int

    def evaluate(self, frame: pd.DataFrame) -> Floats:
        return self.whole.evaluate(frame)[:, [self.column]]


def split_columns(found: Columns) -> list[Columns]:
    """Each column by itself."""
    return [
        Columns(np.ascontiguousarray(found.matrix[:, [j]]), (name,), _One(found.evaluator, j))
        for j, name in enumerate(found.names)
    ]


@lru_cache(maxsize=512)
def _numeric_products(expression: str, whole: str) -> tuple[tuple[str, ...], ...] | None:
    """The products of variables that ``expression`` expands to; ``None`` if it contains anything but names."""
    terms = describe(expression, whole)
    if not all(isinstance(terms.variables[text], Name) for term in terms.terms for text in term):
        return None
    products = tuple(tuple(terms.variables[text].name for text in term) for term in terms.terms)  # type: ignore[union-attr]
    return (((),) if terms.intercept else ()) + products or None
