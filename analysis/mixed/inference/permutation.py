"""A permutation test of whole levels: the values of the languages are shuffled between them, rows stay in place.

Under the null hypothesis that a language-level predictor is unrelated to the outcome, its values are exchangeable
between languages (related languages are not exchangeable: the test then errs like any that treats them as independent).
The model is refitted to every arrangement, and the statistic is Wald's for all fixed effects with the predictor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats, Integers
from ...core.errors import CrossliftError, DesignError
from ...core.parallel import chunks, run_tasks
from ..numerics.criterion import Criterion
from ..numerics.crossproducts import exchange_right
from ..numerics.curvature import coefficients
from ..numerics.evaluated import Point
from ..numerics.threads import blas_threads
from ..numerics.whitening import Rows, right_columns
from .refit import Refitter
from .refits import CHUNK

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel


@dataclass(frozen=True, slots=True)
class Permutation:
    """A permutation test.

    Attributes
    ----------
    variable, by
        The variable that was shuffled, and the factor between whose levels.
    terms
        Fixed effects tested jointly.
    statistic
        Wald's F for the observed data.
    draws
        Wald's F for each arrangement, shape ``(draws,)``.
    p_value
        Share of arrangements at least as extreme, with the observed data counted as one of them.
    refused
        Number of arrangements with collinear fixed effects or no convergence; they are not among ``draws``.
    """

    variable: str
    by: str
    terms: tuple[str, ...]
    statistic: float
    draws: Floats
    p_value: float
    refused: int

    def __repr__(self) -> str:
        return f"<Permutation of {self.variable} between {self.by}: p = {self.p_value:.4g}, {len(self.draws)} draws>"


def permutation_test(
    result: FittedModel,
    variable: str,
    by: str = "language",
    draws: int = 999,
    rng: int | np.random.Generator | None = None,
    report: Callable[[int], None] | None = None,
) -> Permutation:
    """Test a predictor at the level of a factor by shuffling it between the levels.

    Parameters
    ----------
    result
        A fit of this engine.
    variable
        A variable of the fixed part with one value for each level of ``by``.
    by
        Grouping factor between whose levels the values are shuffled.
    draws
        Number of arrangements.
    rng
        Seed or generator.
    report
        Called with the number of arrangements done.

    Raises
    ------
    CrossliftError
        If the variable differs within a level, varies at random by a factor, or rows share a sampling error.
    """
    import pandas as pd

    state, design = result.engine_state(), result.design
    codes, values = _level_values(result, variable, by)
    if state.rows.turned:
        raise CrossliftError(
            "rows that share a sampling error were rotated into each other, so their levels cannot be shuffled.",
            "Fit with one sampling variance per row.",
        )
    frame = pd.DataFrame(dict(design.columns), copy=False)
    generator = np.random.default_rng(rng)
    tested = _columns_with(result, variable, frame)
    observed = _statistic(state.criterion, state.point, tested)
    arrange = _Arranged(result, variable, frame, codes, tested)
    orders = (values[generator.permutation(len(values))] for _ in range(draws))

    def say(done: int, parts: int) -> None:
        if report is not None and done:
            report(min(done * CHUNK, draws))

    parts = run_tasks(arrange, chunks(orders, CHUNK), say, total=-(-draws // CHUNK))
    if report is not None:
        report(draws)
    every = [statistic for part in parts for statistic in part]
    found = [statistic for statistic in every if statistic is not None]
    refused = len(every) - len(found)
    spread = np.array(found)
    beyond = int((spread >= observed * (1.0 - 1e-9)).sum())
    return Permutation(
        variable,
        by,
        tuple(result.names[j] for j in tested),
        observed,
        spread,
        (1 + beyond) / (1 + len(spread)),
        refused,
    )


class _Arranged:
    """The statistic of each arrangement of a variable's values, one by one."""

    def __init__(
        self, result: FittedModel, variable: str, frame: pd.DataFrame, codes: Integers, tested: list[int]
    ) -> None:
        self._result, self._variable, self._frame, self._codes = result, variable, frame, codes
        self._tested = tested
        self._refitter: Refitter | None = None

    def __call__(self, arrangements: list[Floats]) -> list[float | None]:
        """For values of the levels; ``None`` where the search did not end."""
        state = self._result.engine_state()
        with blas_threads(state.criterion.dense):
            if self._refitter is None:
                self._refitter = Refitter(state.criterion, state.point)
            return [self._statistic(self._refitter, values) for values in arrangements]

    def _statistic(self, refitter: Refitter, values: Floats) -> float | None:
        state, design = self._result.engine_state(), self._result.design
        X = design.evaluator.evaluate(self._frame.assign(**{self._variable: values[self._codes]}))
        return _refit(state.criterion, state.rows, X, self._result, refitter, self._tested)


def _level_values(result: FittedModel, variable: str, by: str) -> tuple[Integers, Floats]:
    """Level of each row, and the value that each level has."""
    design = result.design
    term = design.grouping(by)
    design.check_fixed(variable)
    column = design.columns[variable].to_numpy()
    first = np.full(len(term.levels), -1)
    first[term.codes[::-1]] = np.arange(len(term.codes))[::-1]
    values = column[first]
    differs = values[term.codes] != column
    if differs.any():
        level = term.levels[int(term.codes[int(differs.argmax())])]
        raise CrossliftError(
            f"'{variable}' has several values in '{level}': it is not constant within the levels of '{by}'.",
            "Only a variable with one value per level can be shuffled between levels.",
        )
    for other in design.terms:
        if other.evaluator is not None and any(variable in name.split(":") for name in other.columns):
            raise CrossliftError(
                f"'{variable}' varies at random by '{other.group}': shuffling it changes the random effects too.",
                f"Fit with (1|{other.group}) in its place.",
            )
    return term.codes, values


def _columns_with(result: FittedModel, variable: str, frame: pd.DataFrame) -> list[int]:
    """Fixed columns that change with the variable."""
    reverse = frame[variable].to_numpy()[::-1]
    moved = result.design.evaluator.evaluate(frame.assign(**{variable: reverse}))
    return [j for j in range(result.design.p) if not np.array_equal(moved[:, j], result.design.X[:, j])]


def _statistic(criterion: Criterion, point: Point, tested: list[int]) -> float:
    estimate, covariance = coefficients(criterion, point)
    own = estimate[tested]
    return float(own @ np.linalg.solve(covariance[np.ix_(tested, tested)], own)) / len(tested)


def _refit(
    criterion: Criterion,
    rows: Rows,
    X: Floats,
    result: FittedModel,
    refitter: Refitter,
    tested: list[int],
) -> float | None:
    try:
        whitened = X if rows.root is None else X * rows.root[:, None]
        right = right_columns(whitened, rows.y, result.design.formula)
        data = exchange_right(criterion.data, rows, right)
    except (DesignError, np.linalg.LinAlgError):
        return None
    moved = Criterion(data, criterion.reml, criterion.border)
    search = refitter.borrow(moved)
    return _statistic(moved, search.point, tested) if search.converged else None
