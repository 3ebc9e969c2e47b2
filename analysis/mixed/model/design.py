"""From a formula and a frame to arrays: outcome, fixed columns, and per random term its codes and columns.

Grouping matrices stay sparse: a term has one integer code per row and a few columns, never a rows × random-effects
matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Booleans, Floats, Integers
from ...core.errors import CrossliftError, DesignError, FormulaError, did_you_mean
from ...formulas.evaluate import Evaluation, full_column
from ...formulas.nodes import names_in
from ...formulas.parser import parse_expression
from ...formulas.values import Labels
from .checks import check_columns, check_finite, check_not_both, check_outcome, check_rank, check_terms
from .columns import Evaluator, evaluate_columns, split_columns
from .factors import Coded, code_rows, combine, missing_rows
from .formula import MixedFormula, variables
from .level_covariance import LevelCovariance, root_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random-effect term on the rows kept.

    Attributes
    ----------
    group
        Grouping factor as printed (``"language"``, ``"batch:cask"``).
    factors
        Variables that make up the grouping factor.
    columns
        Names of the ``k`` columns that vary by level, ``"Intercept"`` for the constant.
    codes
        Level of each row, shape ``(n,)``.
    levels
        Labels of the ``L`` levels, in sorted order.
    values
        Columns, shape ``(n, k)``; ``None`` for an intercept alone.
    evaluator
        Evaluates the columns on new rows; ``None`` for an intercept alone.
    root
        Square root of a known covariance between the levels, shape ``(L, L)``; ``None`` for independent levels.
    """

    group: str
    factors: tuple[str, ...]
    columns: tuple[str, ...]
    codes: Integers
    levels: tuple[str, ...]
    values: Floats | None
    evaluator: Evaluator | None
    root: Floats | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns as results print them, marked if they follow a kernel."""
        return self.columns if self.root is None else tuple(f"{column} (kernel)" for column in self.columns)

    @property
    def width(self) -> int:
        """Number of columns that vary by level."""
        return len(self.columns)

    @property
    def size(self) -> int:
        """Number of random effects."""
        return len(self.levels) * self.width


@dataclass(frozen=True, slots=True)
class Design:
    """Arrays of one model, and the rows that were left out.

    ``X`` has shape ``(n, p)``, ``y`` and ``weights`` ``(n,)``; ``kept`` marks the rows of the frame that are used;
    ``evaluator`` evaluates the fixed columns on new rows that have ``fixed_variables``; ``columns`` has the variables
    of the model on the rows used.
    """

    formula: MixedFormula
    y: Floats
    X: Floats
    fixed_names: tuple[str, ...]
    terms: tuple[RandomTerm, ...]
    weights: Floats | None
    kept: Booleans
    dropped: tuple[tuple[str, int], ...]
    evaluator: Evaluator
    fixed_variables: tuple[str, ...]
    columns: Mapping[str, pd.Series[Any]]

    def check_fixed(self, variable: str) -> None:
        """Refuse a variable that is not in the fixed part."""
        if variable not in self.fixed_variables:
            hint = did_you_mean(variable, self.fixed_variables) or f"Variables: {', '.join(self.fixed_variables)}."
            raise CrossliftError(f"'{variable}' is not in the fixed part of '{self.formula.text}'.", hint)

    def grouping(self, name: str, otherwise: str = "") -> RandomTerm:
        """The first term that groups by ``name``; ``otherwise`` ends the hint if there is none.

        Raises
        ------
        CrossliftError
            If no term groups by it.
        """
        for term in self.terms:
            if term.group == name:
                return term
        groups = sorted({term.group for term in self.terms})
        hint = did_you_mean(name, groups) or f"Grouping factors: {', '.join(groups)}{otherwise}."
        raise CrossliftError(f"'{name}' is not a grouping factor of the model.", hint)

    @property
    def n(self) -> int:
        """Number of rows used."""
        return len(self.y)

    @property
    def p(self) -> int:
        """Number of fixed-effect columns."""
        return self.X.shape[1]

    @property
    def q(self) -> int:
        """Number of random effects over all terms."""
        return sum(term.size for term in self.terms)


def build_design(
    formula: MixedFormula,
    frame: pd.DataFrame,
    weights: str | None = None,
    covariances: Mapping[str, LevelCovariance] | None = None,
    needed: Sequence[str] = (),
    residual: bool = True,
    grouped: bool = True,
) -> Design:
    """Evaluate ``formula`` on ``frame``.

    Parameters
    ----------
    formula
        Parsed formula; it must have at least one random-effect term if ``grouped``.
    frame
        One row per observation. Rows with a missing value in a variable of the model are dropped and counted.
    weights
        Column of prior weights: the residual variance of a row is σ² / weight.
    covariances
        Known covariance between the levels of a grouping factor.
    needed
        Further columns without which a row is left out.
    residual
        Whether the model has a residual variance, from which an effect for every row could not be separated.

    Raises
    ------
    FormulaError
        If a variable of the formula is not a column of the frame, or the formula has no random effect.
    DesignError
        If the model cannot be estimated on these rows: constant outcome, collinear columns, a grouping factor with
        one level or with as many random effects as rows, infinite values, weights that are not positive.
    """
    if grouped and not formula.bars:
        raise FormulaError(
            f"the formula '{formula.text}' has no random effect.",
            "Add a grouping factor, for example + (1|language): scores of one language are not independent.",
        )
    names = list(dict.fromkeys([*_names(formula, weights), *needed]))
    check_columns(names, frame, formula)
    columns = {name: frame[name] for name in names}
    factors = dict.fromkeys(name for bar in formula.bars for name in bar.factors)
    coded = {name: code_rows(columns[name]) for name in factors}
    kept, dropped = _complete_rows(columns, coded, len(frame))
    if not kept.any():
        raise DesignError(
            f"none of the {len(frame)} rows has a value for every variable of '{formula.text}'.",
            "Missing: " + ", ".join(f"{reason} ({count})" for reason, count in dropped) + ".",
        )
    if dropped:
        columns = {name: column[kept] for name, column in columns.items()}
    # pandas stores numbers with None as objects; without the missing values they become numbers again.
    columns = {name: column.infer_objects() if column.dtype == object else column for name, column in columns.items()}
    if dropped:
        coded = {name: code_rows(columns[name]) for name in factors}
    check_finite(columns)
    n = int(kept.sum())
    y = _outcome(formula, columns)
    fixed = evaluate_columns(formula.fixed, columns, n, formula.text)
    independent = _random_terms(formula, coded, columns, n)
    terms = _with_kernels(independent, covariances or {}, formula)
    w = None if weights is None else _weights(columns[weights], weights)
    check_outcome(y, formula)
    check_rank(fixed.matrix, w, fixed.names, formula)
    check_terms(terms, len(y), formula, residual)
    check_not_both(terms, fixed.matrix, formula)
    return Design(
        formula,
        y,
        fixed.matrix,
        fixed.names,
        terms,
        w,
        kept,
        tuple(dropped),
        fixed.evaluator,
        variables(formula.fixed, formula.text),
        columns,
    )


def _names(formula: MixedFormula, weights: str | None) -> list[str]:
    """Columns of the frame that the model needs, in a stable order."""
    found: list[str] = []
    found.extend(names_in(parse_expression(formula.response)))
    for piece in [formula.fixed, *(bar.expression for bar in formula.bars)]:
        found.extend(variables(piece, formula.text))
    for bar in formula.bars:
        found.extend(bar.factors)
    if weights is not None:
        found.append(weights)
    return list(dict.fromkeys(found))


def _complete_rows(
    columns: Mapping[str, pd.Series[Any]], coded: Mapping[str, Coded], n: int
) -> tuple[Booleans, list[tuple[str, int]]]:
    """Rows with a value for every variable; each dropped row is counted once, under its first missing variable."""
    kept = np.ones(n, dtype=bool)
    dropped = []
    for name, column in columns.items():
        missing = coded[name][0] < 0 if name in coded else missing_rows(column)
        if missing.any():
            missing &= kept
            dropped.append((f"no value for '{name}'", int(missing.sum())))
            kept &= ~missing
    return kept, [(reason, rows) for reason, rows in dropped if rows]


def _outcome(formula: MixedFormula, columns: Mapping[str, pd.Series[Any]]) -> Floats:
    """The response: a numeric column, or the value of an expression such as ``log(gain)``."""
    plain = columns.get(formula.response)
    if plain is not None and plain.dtype.kind in "if":
        return np.ascontiguousarray(plain.to_numpy(dtype=float))
    n = len(next(iter(columns.values())))
    value = Evaluation(columns, n, formula.text).value(parse_expression(formula.response))
    values = full_column(value, n)
    if isinstance(values, Labels) or values.ndim != 1:
        raise DesignError(f"the outcome '{formula.response}' of '{formula.text}' is not one number per row.")
    values = np.ascontiguousarray(values, dtype=float)
    if not np.isfinite(values).all():
        wrong = ~np.isfinite(values)
        raise DesignError(
            f"the outcome '{formula.response}' of '{formula.text}' is not a finite number in {int(wrong.sum())} of {n} "
            f"rows, first in row {int(wrong.argmax()) + 1}.",
            "Leave such rows out with a condition (--where), or change the expression.",
        )
    return values


def _random_terms(
    formula: MixedFormula, coded: Mapping[str, Coded], columns: Mapping[str, pd.Series[Any]], n: int
) -> list[RandomTerm]:
    """Terms with independent levels, in the order of the formula."""
    found: list[RandomTerm] = []
    for (whole, factors), bars in groupby(formula.bars, key=lambda bar: (bar.among, bar.factors)):
        codes, levels = combine([coded[name] for name in factors])
        group = ":".join(factors)
        each = [evaluate_columns(bar.expression, columns, n, formula.text) for bar in bars]
        if whole and any(len(own.names) > 1 for own in each):
            # A factor has several columns: which, depends on whether the intercept varies too.
            each = split_columns(evaluate_columns(whole, columns, n, formula.text))
        for own in each:
            constant = own.names == ("Intercept",)
            values, evaluator = (None, None) if constant else (own.matrix, own.evaluator)
            found.append(RandomTerm(group, factors, own.names, codes, levels, values, evaluator))
    return found


def _with_kernels(
    terms: list[RandomTerm], covariances: Mapping[str, LevelCovariance], formula: MixedFormula
) -> tuple[RandomTerm, ...]:
    """Terms with correlated levels, in addition to or in place of those with independent levels."""
    groups = {term.group for term in terms}
    for group in covariances:
        if group not in groups:
            hint = did_you_mean(group, groups) or f"Grouping factors: {', '.join(sorted(groups))}."
            raise DesignError(f"a covariance was given for '{group}', which '{formula.text}' does not group by.", hint)
    result = []
    for term in terms:
        kernel = covariances.get(term.group)
        if kernel is None or kernel.independent:
            result.append(term)
        if kernel is not None:
            result.append(replace(term, root=root_of(kernel, term.group, term.levels)))
    return tuple(result)


def _weights(column: pd.Series[Any], name: str) -> Floats:
    values = column.to_numpy(dtype=float)
    if not (values > 0).all():
        where = column.index[~(values > 0)][0]
        raise DesignError(
            f"the weight '{name}' of row {where} is {column.loc[where]}, not a positive number.",
            "Leave such rows out: a row of weight zero is not an observation.",
        )
    return values
