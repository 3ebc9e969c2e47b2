"""One plain sentence per factor, with the naive slope beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.confidence import side
from ...core.errors import FormulaError, did_you_mean
from ...core.jsonable import single
from ...core.text import number, p_words
from ...mixed.result import MixedResult
from ...outcomes.covariates import Factor

if TYPE_CHECKING:
    import pandas as pd

#: Fewest levels (languages, models, …) for a slope over them to support a claim.
FEWEST_LEVELS = {
    "language": 15, "train language": 15, "run": 15, "model": 4, "target task": 4, "intermediate task": 4,
}  # fmt: skip
#: Standard errors this close, as a share, are called the same.
ALIKE = 0.05
# noun, verb for a positive slope, verb for a negative one
_VERBS = {"gain": ("gain", "rises", "falls"), "gap": ("gap to {source}", "widens", "narrows"),
          "score": ("score", "rises", "falls")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Slope of one factor, scaled to its step.

    ``estimate``, ``std_error``, ``conf_low`` and ``conf_high`` are in points per ``step`` of the factor; ``levels`` is
    the number of languages or models that the slope rests on. ``verdict`` is empty where nothing was fitted beside it.
    """

    factor: str
    term: str
    step: float
    estimate: float
    std_error: float
    df: float
    p_value: float
    conf_low: float
    conf_high: float
    levels: int
    sentence: str
    verdict: str = ""

    @property
    def direction(self) -> int:
        """1 or -1 where the interval lies above or below zero, 0 where it holds it."""
        return side(self.conf_low, self.conf_high)

    @property
    def excludes_zero(self) -> bool:
        """Whether the 95% interval excludes zero."""
        return not self.conf_low <= 0.0 <= self.conf_high

    @property
    def interval(self) -> str:
        """The interval as sentences print it."""
        return f"95% interval {number(self.conf_low, 2)} to {number(self.conf_high, 2)}"

    @property
    def basis(self) -> str:
        """The interval and its degrees of freedom, as sentences print them."""
        return self.interval if np.isinf(self.df) else f"{self.interval}; {number(self.df, 1)} degrees of freedom"

    def to_json(self) -> dict[str, Any]:
        """All fields; infinite degrees of freedom are ``None``."""
        return single(asdict(self))


@dataclass(frozen=True, slots=True)
class Naive:
    """The same slope from pooled least squares, which treats all rows as independent."""

    term: str
    estimate: float
    std_error: float
    sentence: str


def answer(result: MixedResult, factor: Factor, rows: pd.DataFrame, source: str = "English") -> Answer:
    """State what ``result`` says about ``factor``, in points per step.

    Raises
    ------
    FormulaError
        If the factor is not a term of the model.
    """
    column = _column(result, factor)
    weights = np.zeros((1, len(result.names)))
    weights[0, column] = factor.step
    row = result.contrast(weights).iloc[0]
    levels = int(rows.loc[result.design.kept, factor.level].nunique())
    found = Answer(
        factor.name,
        factor.column,
        factor.step,
        float(row["estimate"]),
        float(row["std_error"]),
        float(row["df"]),
        float(row["p_value"]),
        float(row["conf_low"]),
        float(row["conf_high"]),
        levels,
        "",
    )
    words = words_of(result, factor, source)
    return replace(found, sentence=words.holds(found) if found.direction else words.not_settled(found))


@dataclass(frozen=True, slots=True)
class Words:
    """How a sentence names an outcome and a factor.

    ``noun`` is the outcome, ``up`` and ``down`` its verbs, ``per`` the step of the factor with what it holds where,
    ``over`` the factor, and ``level`` what the slope rests on (``language``).
    """

    noun: str
    up: str
    down: str
    per: str
    over: str
    level: str

    def verb(self, direction: int) -> str:
        """The verb of a positive or negative slope."""
        return self.up if direction > 0 else self.down

    def holds(self, item: Answer) -> str:
        """A slope that is told from zero."""
        size = number(abs(item.estimate), 2)
        return f"The {self.noun} {self.verb(item.direction)} by {size} points {self.per} ({self._basis(item)})."

    def not_settled(self, item: Answer) -> str:
        """A slope that is not."""
        step = self.per.replace(f"of {self.over}", "of it")
        return (
            f"The data do not settle whether the {self.noun} changes with {self.over}: {number(item.estimate, 2)} "
            f"points {step} ({self._basis(item)})."
        )

    def few(self, item: Answer, fewest: int) -> str:
        """A slope on which no verdict is given."""
        return (
            f"Over {item.levels} {self.level}{'s' if item.levels != 1 else ''} the {self.noun} changes by "
            f"{number(item.estimate, 2)} points {self.per} ({item.interval}): too few {self.level}s for a verdict, "
            f"which takes {fewest}."
        )

    def _basis(self, item: Answer) -> str:
        degrees = "normal distribution" if np.isinf(item.df) else f"{number(item.df, 1)} degrees of freedom"
        return f"{item.interval}; {p_words(item.p_value)}, {degrees}, {item.levels} {self.level}s"


def words_of(result: MixedResult, factor: Factor, source: str = "English") -> Words:
    """The words for the outcome of ``result`` and ``factor``; ``source`` is the language that gaps are against."""
    noun, up, down = _VERBS.get(result.outcome, (result.outcome, "rises", "falls"))
    partners = [name for name in result.names if ":" in name and factor.column in name.split(":")]
    others = sorted({part for name in partners for part in name.split(":")} - {factor.column})
    where = f" where {' and '.join(others)} {'is' if len(others) == 1 else 'are'} zero" if others else ""
    return Words(noun.format(source=source), up, down, f"per {factor.words}{where}", factor.over, factor.level_words)


def naive(result: MixedResult, factor: Factor) -> Naive:
    """Pooled ordinary least squares on the same rows and fixed effects."""
    column = _column(result, factor)
    design = result.design
    root = np.ones(design.n) if design.weights is None else np.sqrt(design.weights)
    X, y = design.X * root[:, None], design.y * root
    coefficients, *_ = np.linalg.lstsq(X, y, rcond=None)
    residual = y - X @ coefficients
    variance = float(residual @ residual) / (design.n - design.p) * np.linalg.inv(X.T @ X)[column, column]
    estimate, std_error = factor.step * float(coefficients[column]), factor.step * float(np.sqrt(variance))
    ours = factor.step * float(np.sqrt(result.covariance[column, column]))
    if abs(ours / std_error - 1.0) < ALIKE:
        ratio = "its standard error is about the same"
    elif ours > std_error:
        ratio = (
            f"its standard error is {ours / std_error:.1f} times too small, because it treats all rows as independent"
        )
    else:
        larger = f"{std_error / ours:.1f} times ours"
        ratio = f"its standard error is {larger}, because what the grouping factors explain stays in its residual"
    sentence = (
        f"Pooled OLS on the same {design.n:,} rows gives {number(estimate, 2)} points per {factor.words} "
        f"(standard error {number(std_error, 2)}, ours {number(ours, 2)}): {ratio}."
    )
    return Naive(factor.column, estimate, std_error, sentence)


def _column(result: MixedResult, factor: Factor) -> int:
    if factor.column not in result.names:
        hint = did_you_mean(factor.column, result.names) or f"Put {factor.column} into the formula."
        raise FormulaError(
            f"the model '{result.formula}' has no term '{factor.column}' for the factor '{factor.name}'.", hint
        )
    return result.names.index(factor.column)
