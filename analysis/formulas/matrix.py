"""The columns of a formula's terms on given rows, coded as R's ``model.matrix`` does.

A factor in a term has a column for each level but the first if the model also has the term without that factor;
otherwise it has a column for every level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import DesignError, FormulaError, did_you_mean
from .algebra import Terms
from .evaluate import Evaluation, Memory, full_column
from .values import Labels, missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Variable:
    """What a variable of a formula was on the rows of the fit.

    ``levels`` is ``None`` for numbers, which have ``width`` columns; ``coding`` is that of a factor.
    """

    text: str
    width: int
    levels: tuple[Any, ...] | None
    coding: str


@dataclass(frozen=True, slots=True)
class ModelMatrix:
    """The columns of a formula, and how to get them for other rows.

    Attributes
    ----------
    names
        Names of the columns.
    blocks
        For each term its variables, each with whether a factor has a column for every level.
    """

    terms: Terms
    whole: str
    names: tuple[str, ...]
    blocks: tuple[tuple[tuple[str, bool], ...], ...]
    variables: Mapping[str, Variable]
    memory: Memory

    def evaluate(self, frame: pd.DataFrame) -> Floats:
        """The columns on new rows, shape ``(len(frame), k)``.

        Raises
        ------
        DesignError
            If a factor has a level that the rows of the fit did not have.
        """
        columns = {str(name): frame[name] for name in frame.columns}
        return self.columns(columns, len(frame), self.memory)

    def columns(self, columns: Mapping[str, pd.Series[Any]], n: int, memory: Memory) -> Floats:
        """The columns on ``n`` rows, shape ``(n, k)``."""
        evaluation = Evaluation(columns, n, self.whole, memory)
        coded = {text: _Coded(variable, evaluation, self.terms) for text, variable in self.variables.items()}
        found: list[Floats] = [np.ones((n, 1))] if self.terms.intercept else []
        for block in self.blocks:
            rows = coded[block[0][0]].columns(block[0][1])
            for text, full in block[1:]:  # the first variable's columns vary fastest
                rows = (coded[text].columns(full)[:, :, None] * rows[:, None, :]).reshape(n, -1)
            found.append(rows)
        return np.column_stack(found) if found else np.empty((n, 0))


def model_matrix(terms: Terms, columns: Mapping[str, pd.Series[Any]], n: int, whole: str) -> tuple[Floats, ModelMatrix]:
    """The columns of ``terms`` on ``n`` rows, and what computes them for other rows.

    Raises
    ------
    FormulaError
        If a variable cannot be evaluated.
    DesignError
        If a value is missing or not finite, or a factor has only one level.
    """
    memory: Memory = {}
    evaluation = Evaluation(columns, n, whole, memory)
    used = dict.fromkeys(text for term in terms.terms for text in term)
    variables = {text: _look(text, evaluation, terms, n) for text in used}
    blocks = _coding(terms, variables)
    names = ["Intercept"] if terms.intercept else []
    for block in blocks:
        parts = [_names(variables[text], full) for text, full in block]
        names += [":".join(reversed(name)) for name in product(*reversed(parts))]
    found = ModelMatrix(terms, whole, tuple(names), blocks, variables, memory)
    return found.columns(columns, n, memory), found


def _look(text: str, evaluation: Evaluation, terms: Terms, n: int) -> Variable:
    """What a variable is on the rows of the fit."""
    value = full_column(evaluation.value(terms.variables[text]), n)
    if not isinstance(value, Labels) and value.dtype == bool:
        return Variable(text, 2, (False, True), "treatment")
    if isinstance(value, Labels):
        _whole(text, missing(value.values), evaluation.whole, "is missing")
        levels = value.found()
        if len(levels) < 2:
            only = f", '{levels[0]}'" if levels else ""
            raise DesignError(
                f"'{text}' in '{evaluation.whole}' has one level{only} in the rows used: it explains nothing.",
                f"Remove '{text}' from the formula.",
            )
        return Variable(text, len(levels), levels, value.coding)
    _whole(text, ~np.isfinite(value).reshape(n, -1).all(axis=1), evaluation.whole, "is not a finite number")
    return Variable(text, 1 if value.ndim == 1 else value.shape[1], None, "")


def _whole(text: str, wrong: Any, whole: str, what: str) -> None:
    if wrong.any():
        first = int(wrong.argmax()) + 1
        raise DesignError(
            f"'{text}' in '{whole}' {what} in {int(wrong.sum())} of the rows used, first in row {first}.",
            "Leave such rows out with a condition (--where), or change the expression.",
        )


def _coding(terms: Terms, variables: Mapping[str, Variable]) -> tuple[tuple[tuple[str, bool], ...], ...]:
    """For each term its variables, and whether a factor has a column for every level in it.

    As in R, a factor has them unless the rest of its term is empty or is contained in an earlier term.
    """
    before: list[frozenset[str]] = []
    blocks = []
    full_without_intercept = not terms.intercept  # the first factor stands in for the intercept
    for term in terms.terms:
        block = []
        for text in term:
            factor = variables[text].levels is not None
            rest = frozenset(term) - {text}
            full = factor and bool(rest) and not any(rest <= other for other in before)
            if factor and full_without_intercept:
                full, full_without_intercept = True, False
            block.append((text, full))
        before.append(frozenset(term))
        blocks.append(tuple(block))
    return tuple(blocks)


def _names(variable: Variable, full: bool) -> list[str]:
    if variable.levels is None:
        if variable.width == 1:
            return [variable.text]
        return [f"{variable.text}[{i}]" for i in range(1, variable.width + 1)]
    levels = variable.levels
    if not full:
        levels = levels[:-1] if variable.coding == "sum" else levels[1:]
    return [f"{variable.text}[{level}]" for level in levels]


class _Coded:
    """One variable on some rows."""

    def __init__(self, variable: Variable, evaluation: Evaluation, terms: Terms) -> None:
        self.variable = variable
        n = evaluation.n
        value = full_column(evaluation.value(terms.variables[variable.text]), n)
        self.codes = None
        if variable.levels is None:
            if isinstance(value, Labels):
                raise FormulaError(f"'{variable.text}' had numbers in the fit but has text here.")
            self.numbers = np.asarray(value, dtype=float).reshape(n, -1)
        else:
            labels = value.values if isinstance(value, Labels) else value.astype(object)
            places = {level: i for i, level in enumerate(variable.levels)}
            self.codes = np.array([places.get(label, -1) for label in labels.tolist()], dtype=np.intp)
            if (self.codes < 0).any():
                label = labels[int((self.codes < 0).argmax())]
                known = [str(level) for level in variable.levels]
                hint = did_you_mean(str(label), known) or f"Levels: {', '.join(known[:20])}."
                raise DesignError(f"'{variable.text}' did not have the level '{label}' in the rows of the fit.", hint)

    def columns(self, full: bool) -> Floats:
        """Columns ``(n, k)``."""
        if self.codes is None:
            return self.numbers
        assert self.variable.levels is not None
        contrasts = np.eye(len(self.variable.levels))
        if not full and self.variable.coding == "sum":
            contrasts = contrasts[:, :-1]
            contrasts[-1] = -1.0
        elif not full:
            contrasts = contrasts[:, 1:]
        return contrasts[self.codes]
