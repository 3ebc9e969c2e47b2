"""Columns of a formula's right-hand side on given rows.

Sums and products of numeric columns are taken here, in microseconds; everything else (categories, functions,
polynomials, splines) is ``formulae``'s work. Both give the same columns under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..arrays import Floats
from ..errors import FormulaError
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
    """A matrix with named columns, and how to get it for other rows."""

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


@dataclass(frozen=True, slots=True)
class _Formulae:
    """Columns that ``formulae`` evaluates, with the categories and transforms it has seen."""

    common: Any

    def evaluate(self, frame: pd.DataFrame) -> Floats:
        return np.asarray(self.common.evaluate_new_data(frame).design_matrix, dtype=float)


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
    import pandas as pd
    from formulae import design_matrices

    try:
        common = design_matrices(expression, pd.DataFrame(dict(columns), copy=False)).common
    except Exception as error:  # any function named in the formula may raise
        raise FormulaError(f"'{expression}' in the formula '{whole}' cannot be evaluated: {error}.") from error
    if common is None:
        raise FormulaError(f"'{expression}' in the formula '{whole}' has no column.", "Write 1 for an intercept alone.")
    names = tuple(label for term in common.terms.values() for label in term.labels)
    return Columns(np.ascontiguousarray(common.design_matrix, dtype=float), names, _Formulae(common))


@lru_cache(maxsize=512)
def _numeric_products(expression: str, whole: str) -> tuple[tuple[str, ...], ...] | None:
    """The products of variables that ``expression`` expands to; ``None`` if it has anything but names."""
    from formulae.terms import Intercept, Term
    from formulae.terms.variable import Variable

    products = []
    for term in describe(expression, whole).common_terms:
        if isinstance(term, Intercept):
            products.append(())
        elif isinstance(term, Term) and all(isinstance(c, Variable) and c.reference is None for c in term.components):
            products.append(tuple(component.name for component in term.components))
        else:
            return None
    return tuple(products) or None
