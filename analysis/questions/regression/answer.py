"""One plain sentence per factor, with the naive slope beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import FormulaError, did_you_mean
from ...core.jsonable import single
from ...core.text import number, p_words
from ...mixed.result import MixedResult
from ...outcomes.covariates import Factor

if TYPE_CHECKING:
    import pandas as pd

#: Fewest levels (languages, models) for a slope over them to support a claim.
FEWEST_LEVELS = {"language": 15, "model": 4}
# noun, verb for a positive slope, verb for a negative one
_VERBS = {"gain": ("gain", "rises", "falls"), "gap": ("gap to {source}", "widens", "narrows"),
          "score": ("score", "rises", "falls")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Slope of one factor, scaled to its step.

    ``estimate``, ``std_error``, ``conf_low`` and ``conf_high`` are in points per ``step`` of the factor; ``levels`` is
    the number of languages or models that the slope rests on.
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
    return Answer(
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
        _sentence(result, factor, row, levels, source),
    )


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
    if ours > std_error:
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


def advice(found: Answer, factor: Factor) -> list[str]:
    """Warnings about what an answer rests on."""
    lines = []
    fewest = FEWEST_LEVELS[factor.level]
    if found.levels < fewest:
        lines.append(
            f"the slope over '{factor.name}' rests on {found.levels} {factor.level}s; with fewer than {fewest} it "
            f"supports no claim, whatever its p-value. Add {factor.level}s."
        )
    if found.levels < found.df < float("inf"):
        lines.append(
            f"the slope over '{factor.name}' is tested with {found.df:.0f} degrees of freedom on {found.levels} "
            f"{factor.level}s: the variance between {factor.level}s is estimated near zero, so its interval and "
            f"p-value treat rows of one {factor.level} as independent. Read them as the narrowest that the data allow."
        )
    return lines


def _column(result: MixedResult, factor: Factor) -> int:
    if factor.column not in result.names:
        hint = did_you_mean(factor.column, result.names) or f"Put {factor.column} into the formula."
        raise FormulaError(
            f"the model '{result.formula}' has no term '{factor.column}' for the factor '{factor.name}'.", hint
        )
    return result.names.index(factor.column)


def _sentence(result: MixedResult, factor: Factor, row: pd.Series[float], levels: int, source: str) -> str:
    noun, up, down = _VERBS.get(result.outcome, (result.outcome, "rises", "falls"))
    noun = noun.format(source=source)
    partners = [name for name in result.names if ":" in name and factor.column in name.split(":")]
    others = sorted({part for name in partners for part in name.split(":")} - {factor.column})
    where = f" where {' and '.join(others)} {'is' if len(others) == 1 else 'are'} zero" if others else ""
    per = f"per {factor.words}{where}"
    interval = f"95% interval {number(row['conf_low'], 2)} to {number(row['conf_high'], 2)}"
    degrees = "normal distribution" if np.isinf(row["df"]) else f"{number(row['df'], 1)} degrees of freedom"
    basis = f"{p_words(row['p_value'])}, {degrees}, {levels} {factor.level}s"
    if row["conf_low"] <= 0.0 <= row["conf_high"]:
        return (
            f"The data do not settle whether the {noun} changes: {number(row['estimate'], 2)} points {per} "
            f"({interval}; {basis})."
        )
    direction = up if row["estimate"] > 0 else down
    size = number(abs(row["estimate"]), 2)
    return f"The {noun} {direction} by {size} points {per} ({interval}; {basis})."
