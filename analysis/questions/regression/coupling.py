"""Gain against the baseline score: coupled by construction, since the baseline's error is in both with opposite signs.

A baseline that came out high by luck makes the gain low by the same luck: regression to the mean. Where ``g = y - x``
is regressed on ``x = ξ + u``, the slope over the true ``ξ`` solves ``x'P(g - βx) + (1 + β) tr(PS) = 0`` with ``S`` the
covariance of the errors ``u`` and ``P`` the projection of the mixed model without ``x``: errors in variables, which is
Blomqvist's (1977, J. Am. Stat. Assoc. 72) correction where there is nothing but a mean in the model. Oldham's (1962,
J. Chronic Dis. 15) slope over the mean of both scores stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats, Integers
from ...core.jsonable import single
from ...core.text import count, number
from ...formulas.algebra import summands
from ...formulas.nodes import text_of
from ...formulas.parser import parse_expression
from ...mixed import fit_mixed
from ...mixed.model.formula import join_terms, random_text
from ...mixed.reference import t_tests

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed import MixedResult

#: The baseline score, and columns that are made from it.
BASELINE = "score_without"
MADE = ("above_chance", "chance_z")
#: A numeric column whose correlation with the baseline score is at least this follows from it.
FOLLOWS = 0.9
#: Share of error in a predictor beyond which nothing can be said about its slope.
HOPELESS = 0.7
#: What tells evaluations apart but for the seed.
CELL = ("study", "model", "target_task", "language", "condition", "metric", "split")
# Times that the variances are estimated again around the corrected slope.
ROUNDS = 3
# Column of what is left of the outcome.
LEFT = "outcome_left"
#: Rows up to which the projection is formed.
MOST_ROWS = 4000


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope with its 95% interval, in points per unit of its column."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Coupling:
    """What the coupling does to one column.

    Attributes
    ----------
    column
        The predictor.
    correlation
        With the baseline score, over the rows used.
    printed
        Slope as it was fitted.
    corrected
        Slope over the true baseline; ``None`` where ``reason`` says why.
    oldham
        Slope over the mean of both scores, in the same model.
    error_share
        Part of the predictor's variance, beyond the other terms, that is sampling error.
    source
        Where the error variance comes from.
    reason
        Why there is no corrected slope.
    """

    column: str
    correlation: float
    printed: Slope | None
    corrected: Slope | None
    oldham: Slope | None
    error_share: float
    source: str
    reason: str

    def lines(self) -> list[str]:
        """The printed form."""
        first = (
            f"'{self.column}' is the baseline score" if self.column == BASELINE
            else f"'{self.column}' follows the baseline score (r = {number(self.correlation, 2)})"
        )  # fmt: skip
        lines = [
            f"{first}, which is also subtracted in every gain: its error lowers the slope by construction (regression "
            "to the mean), and a slope below zero appears where there is none."
        ]
        if self.corrected is not None and self.printed is not None:
            lines.append(
                f"Corrected for error in the baseline ({self.source}; {self.error_share:.0%} of its variance beside "
                f"the other terms): {_words(self.corrected)}, in place of {_words(self.printed)}."
            )
        else:
            lines.append(f"No corrected slope: {self.reason}")
        if self.oldham is not None:
            lines.append(f"Over the mean of both scores (Oldham): {_words(self.oldham)}.")
        lines.append(f"Or ask for the score itself: --formula 'score_with ~ {BASELINE} + …'.")
        return lines

    def to_json(self) -> dict[str, Any]:
        """An entry of the field ``coupling`` of the JSON contract of ``fit``."""
        return single(asdict(self))


def couplings(result: MixedResult, rows: pd.DataFrame) -> tuple[Coupling, ...]:
    """Every predictor of a gain that is, or follows from, the baseline score.

    Parameters
    ----------
    result
        Fit with the outcome ``gain``.
    rows
        The frame it was fitted on, with ``score_without``, and ``baseline_variance`` or several seeds where known.
    """
    if result.outcome != "gain" or BASELINE not in rows.columns:
        return ()
    used = rows.loc[result.design.kept]
    baseline = used[BASELINE].to_numpy(dtype=float)
    if not np.isfinite(baseline).any() or np.ptp(baseline[np.isfinite(baseline)]) == 0:
        return ()
    found = []
    for name in result.design.fixed_variables:
        if name not in used.columns or used[name].dtype.kind not in "iuf":
            continue
        r = _correlation(used[name].to_numpy(dtype=float), baseline)
        if name == BASELINE or name in MADE or abs(r) >= FOLLOWS:
            found.append(_coupling(result, used, name, r))
    return tuple(found)


def _coupling(result: MixedResult, used: pd.DataFrame, name: str, r: float) -> Coupling:
    printed = None
    if name in result.names:
        fixed, row = result.fixed, result.names.index(name)
        columns = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
        printed = Slope(*(float(fixed[column].to_numpy()[row]) for column in columns))

    def without(reason: str) -> Coupling:
        return Coupling(name, r, printed, None, None, float("nan"), "", reason)

    if printed is None or name != BASELINE:
        return without("it is computed for the baseline score itself, as a term of its own.")
    if any(":" in other and name in other.split(":") for other in result.names):
        return without("the baseline score interacts with another predictor.")
    if result.n_obs > MOST_ROWS:
        return without(f"it is computed for up to {count(MOST_ROWS)} rows.")
    variance, source = error_variance(used)
    if variance is None:
        return without("the error of the baseline scores is not known: it takes several seeds, numbers of items (with "
                       "an accuracy) or standard errors.")  # fmt: skip
    return _corrected(result, used, name, r, printed, variance, source)


def error_variance(rows: pd.DataFrame) -> tuple[Floats | None, str]:
    """Error variance of each row's baseline score in points², shape ``(n,)``, and where it comes from.

    From several seeds of the same cell if there are any, whose spread has all that varies between runs; else from what
    the rows say of their own sampling error.
    """
    cell = [c for c in CELL if c in rows.columns]
    if "seed" in rows.columns and rows["seed"].nunique() >= 2:
        once = rows.drop_duplicates([*cell, "seed"])
        groups = once.groupby(cell, dropna=False, observed=True)[BASELINE]
        spread, size = groups.var(), groups.count()
        free = float((size - 1).clip(lower=0).sum())
        if free >= len(groups) / 2:
            pooled = float((spread.fillna(0.0) * (size - 1).clip(lower=0)).sum() / free)
            return np.full(len(rows), pooled), f"from seeds, sd {number(float(np.sqrt(pooled)), 2)} points"
    if "baseline_variance" in rows.columns and rows["baseline_variance"].notna().all():
        own = rows["baseline_variance"].to_numpy(dtype=float)
        return own, f"from test items, sd {number(float(np.sqrt(own.mean())), 2)} points"
    return None, ""


def _corrected(
    result: MixedResult, used: pd.DataFrame, name: str, r: float, printed: Slope, variance: Floats, source: str
) -> Coupling:
    own = result.names.index(name)
    x, g = result.design.X[:, own], result.design.y
    others = np.delete(result.design.X, own, axis=1)
    codes = used["baseline"].factorize()[0] if "baseline" in used.columns else np.arange(len(x))
    # What the other fixed effects explain of x falls out of every sum but not of its parts.
    apart = x - others @ np.linalg.lstsq(others, x)[0]
    mean = _cells(used)
    languages = used["language"].factorize()[0]
    clusters = [np.flatnonzero(languages == code) for code in range(languages.max() + 1)]
    df = float(result.fixed["df"].to_numpy()[own])
    corrected, reason, share = None, "", float("nan")
    fitted = result
    # The variances are those around the slope that is sought: they are estimated again around each correction.
    for _ in range(ROUNDS):
        P = _projection(fitted, others, mean)
        error, total = float(_shares(P, codes, variance).sum()), float(x @ P @ x)
        share = error / total
        if share >= HOPELESS:
            corrected = None
            reason = f"{share:.0%} of the variance of the baseline scores, beside the other terms, is error."
            break
        estimate = (float(x @ P @ g) + error) / (total - error)
        added = (1.0 + estimate) * _shares(P, codes, variance)
        spread = max(total, _spread(P, apart, g - estimate * x, added, clusters))
        corrected = _interval(estimate, float(np.sqrt(spread)) / (total - error), min(df, len(clusters) - 2.0))
        fitted = _around(result, used, name, estimate)
    P = _projection(result, others, mean)
    middle = x + 0.5 * g
    spread = float(middle @ P @ middle)
    oldham = _interval(float(middle @ P @ g) / spread, 1.0 / np.sqrt(spread), df)
    return Coupling(name, r, printed, corrected, oldham, share, source, reason)


def _around(result: MixedResult, used: pd.DataFrame, name: str, slope: float) -> MixedResult:
    """The same model with the slope of ``name`` held at a value: what is left of the outcome on the other terms."""
    parsed = result.design.formula
    terms = join_terms([part for part in summands(parse_expression(parsed.fixed)) if text_of(part[1]) != name])
    random = random_text(parsed.bars)
    left = used.assign(**{LEFT: used[result.outcome] - slope * used[name]})
    return fit_mixed(f"{LEFT} ~ {terms}{random}", left, result.reml, df="normal")


def _cells(used: pd.DataFrame) -> Floats | None:
    """Averages over the seeds of a cell, shape ``(cells, n)``; ``None`` where no cell has several rows.

    Differences between seeds of one cell are error alone: rows averaged over them lose nothing that a slope over true
    baselines could be learnt from.
    """
    names = [c for c in (*CELL, "intermediate_task", "intermediate_language") if c in used.columns]
    codes = used.groupby(names, dropna=False, observed=True, sort=False).ngroup().to_numpy()
    size = np.bincount(codes)
    if len(size) == len(used):
        return None
    mean = np.zeros((len(size), len(used)))
    mean[codes, np.arange(len(used))] = 1.0 / size[codes]
    return mean


def _interval(estimate: float, std_error: float, df: float) -> Slope:
    found = t_tests(np.array([estimate]), np.array([std_error]), np.array([df]), 0.95)
    columns = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
    return Slope(*(float(found[column][0]) for column in columns))


def _projection(result: MixedResult, others: Floats, mean: Floats | None) -> Floats:
    """``V⁻¹ - V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹`` with the other fixed columns, of averaged rows where there are; ``(n, n)``."""
    state = result.minimum()
    design, point = result.design, state.point
    V = np.diag(np.full(design.n, point.sigma2) / (1.0 if design.weights is None else design.weights))
    for term, loading in zip(design.terms, state.criterion.loadings(point.theta), strict=False):
        columns = np.ones((design.n, 1)) if term.values is None else term.values
        scaled = columns @ loading
        same = term.codes[:, None] == term.codes[None, :]
        V += point.sigma2 * np.where(same, scaled @ scaled.T, 0.0)
    if mean is not None:
        V, others = mean @ V @ mean.T, mean @ others
    inverse = np.linalg.inv(V)
    side = inverse @ others
    P = np.asarray(inverse - side @ np.linalg.lstsq(others.T @ side, side.T)[0])
    return P if mean is None else np.asarray(mean.T @ P @ mean)


def _shares(P: Floats, codes: Integers, variance: Floats) -> Floats:
    """Diagonal of ``PS``, shape ``(n,)``: rows of one baseline have the same error."""
    same = codes[:, None] == codes[None, :]
    return np.asarray(np.where(same, P, 0.0).sum(axis=1) * variance)


def _spread(P: Floats, x: Floats, left: Floats, error: Floats, clusters: Sequence[Integers]) -> float:
    """Variance of the estimating equation, from its sums over languages (Liang & Zeger 1986, Biometrika 73)."""
    own = x * (P @ left) + error
    sums = np.array([own[rows].sum() for rows in clusters])
    return float(sums @ sums) * len(sums) / (len(sums) - 1)


def _correlation(one: Floats, other: Floats) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return 0.0
    return float(np.corrcoef(one[both], other[both])[0, 1])


def _words(item: Slope) -> str:
    return f"{number(item.estimate, 2)} (95% interval {number(item.conf_low, 2)} to {number(item.conf_high, 2)})"
