"""The fixed part of a model as tests and means of its factors need it: terms, columns, and the values of variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, did_you_mean
from ...formulas.matrix import ModelMatrix
from ...formulas.nodes import names_in
from ..model.columns import Evaluator
from ..model.formula import describe

if TYPE_CHECKING:
    import pandas as pd

    from ..model.design import Design


@dataclass(frozen=True, slots=True)
class FixedPart:
    """Right-hand side of a formula on the rows used.

    Attributes
    ----------
    expression
        The right-hand side.
    text
        The whole formula, for messages.
    matrix
        Its columns, shape ``(n, p)``.
    evaluator
        Gives the columns on other rows.
    columns
        The variables on the rows used.
    """

    expression: str
    text: str
    matrix: Floats
    evaluator: Evaluator
    columns: Mapping[str, pd.Series[Any]]

    @property
    def terms(self) -> list[tuple[frozenset[str], str]]:
        """The terms in their order: the variables each is a product of, and its name."""
        return [(frozenset(term), ":".join(term)) for term in describe(self.expression, self.text).terms]

    @property
    def places(self) -> list[slice]:
        """The columns of each term."""
        found = describe(self.expression, self.text)
        widths = [1] * len(found.terms)
        if isinstance(self.evaluator, ModelMatrix):
            variables = self.evaluator.variables
            for i, block in enumerate(self.evaluator.blocks):
                for text, full in block:
                    factor = variables[text].levels is not None
                    widths[i] *= variables[text].width - (1 if factor and not full else 0)
        ends = np.cumsum([int(found.intercept), *widths]).tolist()
        return [slice(start, stop) for start, stop in pairwise(ends)]

    def summed(self) -> Floats:
        """The columns with factors coded so that their effects sum to zero over the levels, shape ``(n, p)``."""
        if not isinstance(self.evaluator, ModelMatrix):
            return self.matrix
        variables = {
            text: variable if variable.levels is None else replace(variable, coding="sum")
            for text, variable in self.evaluator.variables.items()
        }
        return replace(self.evaluator, variables=variables).columns(
            self.columns, len(self.matrix), self.evaluator.memory
        )

    @property
    def factor_texts(self) -> frozenset[str]:
        """Variables of the formula, as written, that are factors."""
        if not isinstance(self.evaluator, ModelMatrix):
            return frozenset()
        return frozenset(text for text, variable in self.evaluator.variables.items() if variable.levels is not None)

    @property
    def levels(self) -> dict[str, tuple[Any, ...]]:
        """Levels of each column of the data that enters as a factor."""
        if not isinstance(self.evaluator, ModelMatrix):
            return {}
        expressions = describe(self.expression, self.text).variables
        found: dict[str, tuple[Any, ...]] = {}
        for text, variable in self.evaluator.variables.items():
            names = list(names_in(expressions[text]))
            if variable.levels is not None and len(names) == 1:
                values = self.columns[names[0]]
                found[names[0]] = variable.levels if text == names[0] else tuple(sorted(values.unique()))
        return found

    def check_factors(self, names: list[str]) -> None:
        """Refuse what is no factor of the fixed part."""
        for name in names:
            if name not in self.levels:
                hint = did_you_mean(name, list(self.levels)) or (
                    f"Factors: {', '.join(self.levels)}." if self.levels else "The model has no factor."
                )
                raise CrossliftError(f"'{name}' is not a factor of '{self.text}'.", hint)


def part_of(design: Design) -> FixedPart:
    """The fixed part of a design."""
    columns = {name: design.columns[name] for name in design.fixed_variables}
    return FixedPart(design.formula.fixed, design.formula.text, design.X, design.evaluator, columns)
