"""Slopes within and between groups, and the sign that flips when groups are pooled (Simpson 1951, JRSS B 13).

A factor is split into the mean of its group and the deviation from that mean, and both parts enter the model (Mundlak
1978, Econometrica 46). The mean is taken over the rows that the model uses, each row counting once: rows that are left
out for a missing value do not shift it, and the deviations of every group add up to zero. A slope over the whole factor
is a mixture of the two, with weights that depend on the design; where they differ it describes neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Booleans
from ...core.errors import CrossliftError, FormulaError, unknown_name
from ...core.text import count, number
from ...formulas.algebra import summands
from ...formulas.nodes import replace_name
from ...formulas.parser import parse_expression
from ...mixed import MixedResult, fit_mixed
from ...mixed.model.formula import join_terms, random_text
from ...outcomes.covariates import Factor
from .answer import Answer, Naive

if TYPE_CHECKING:
    import pandas as pd

# A part whose range is a smaller share of the factor's range than this is rounding error.
ROUNDING = 1e-9
# A part is collinear with the other fixed effects if they leave less than this share of it unexplained.
COLLINEAR = 1e-7
#: Half the width of a 95% interval of pooled least squares, in standard errors.
NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class Parts:
    """The slopes of one factor, in points per step.

    Attributes
    ----------
    factor
        Its name.
    within, between
        Slope over deviations from the group's mean, and over the groups' means; ``None`` if there is no such part.
    difference
        Between minus within; ``None`` unless both exist.
    pooled
        Slopes over the whole factor: of the model, and of ordinary least squares with its standard error.
    lines
        The printed sentences.
    flips
        Which slopes differ in sign from the one within groups: ``"between"``, ``"model"``, ``"ols"``.
    """

    factor: str
    within: Answer | None
    between: Answer | None
    difference: Answer | None
    pooled: tuple[Answer, Naive]
    flips: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """Factors split by a group. ``formula`` is empty where no factor has both parts and nothing was fitted."""

    group: str
    groups: int
    formula: str
    left_out: int
    factors: tuple[Parts, ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """The printed form."""
        return [*([self.formula] if self.formula else []), *self.notes, *(x for p in self.factors for x in p.lines)]

    def to_json(self) -> dict[str, Any]:
        """The field ``within`` of the JSON contract of ``fit``."""

        def plain(item: Answer | None) -> dict[str, Any] | None:
            return item.to_json() if item else None

        return {
            "group": self.group,
            "groups": self.groups,
            "formula": self.formula or None,
            "rows_left_out": self.left_out,
            "factors": [
                {
                    "factor": parts.factor,
                    "within": plain(parts.within),
                    "between": plain(parts.between),
                    "difference": plain(parts.difference),
                    "pooled": parts.pooled[0].estimate,
                    "pooled_ols": parts.pooled[1].estimate,
                    "flips": list(parts.flips),
                    "sentences": list(parts.lines),
                }
                for parts in self.factors
            ],
            "notes": list(self.notes),
        }


def split(frame: pd.DataFrame, column: str, group: str) -> pd.DataFrame:
    """Split a column into its parts within and between groups.

    Parameters
    ----------
    frame
        The rows that a model uses: every row with a value counts in the mean of its group.
    column
        Numeric column.
    group
        Column of groups.

    Returns
    -------
    frame
        ``<column>_within``, the deviation from the group's mean, and ``<column>_between``, that mean. Rows without a
        value or without a group have neither. A part that is constant up to rounding is made exactly
        constant.

    Raises
    ------
    UnknownNameError
        If there is no such column.
    """
    import pandas as pd

    check_group(frame, group)
    if column not in frame.columns:
        raise unknown_name("column", column, [str(known) for known in frame.columns])
    values = frame[column].astype(float).where(frame[group].notna())
    between = values.groupby(frame[group]).transform("mean").where(values.notna())
    within = values - between
    tiny = ROUNDING * float(values.max() - values.min())
    if within.abs().max() <= tiny:
        within = 0.0 * values
    if between.max() - between.min() <= tiny:
        between = 0.0 * values + values.mean()
    return pd.DataFrame({f"{column}_within": within, f"{column}_between": between})


def check_group(rows: pd.DataFrame, group: str) -> None:
    """Refuse a group that is not a column, or is missing in every row."""
    if group not in rows.columns:
        raise unknown_name("group", group, [str(name) for name in rows.columns])
    if not rows[group].notna().any():
        raise CrossliftError(f"'{group}' is missing in all {count(len(rows))} rows: there are no groups to split by.")


def fit_within(
    result: MixedResult,
    rows: pd.DataFrame,
    group: str,
    asked: Sequence[tuple[Factor, Answer, Naive]],
    df: str = "satterthwaite",
) -> Within:
    """Fit the model of ``result`` again with its factors split by ``group``.

    Parameters
    ----------
    result
        Fit with whole factors.
    rows
        The frame it was fitted on.
    group
        Column of ``rows``.
    asked
        Factors with their slopes under ``result`` and under pooled least squares.
    df
        Degrees of freedom, as for :func:`analysis.fit_mixed`.

    Raises
    ------
    UnknownNameError
        If there is no column ``group``.
    """
    check_group(rows, group)
    used = rows.loc[result.design.kept]
    stated = used[group].notna().to_numpy()
    left_out = int((~stated).sum())
    used = used[stated]
    groups = int(used[group].nunique())
    notes = []
    if left_out:
        notes.append(f"{count(left_out)} of {count(result.n_obs)} rows have no {_one(group)} and are left out here.")
    columns = {factor.name: split(used, factor.column, group) for factor, _, _ in asked}
    whole = {factor.name: _whole(columns[factor.name], result, stated, factor.column, group) for factor, _, _ in asked}
    both = [factor for factor, _, _ in asked if whole[factor.name] is None]
    refit, failed = None, ""
    if both:
        if not any(term.group == group for term in result.design.terms):
            notes.append(
                f"The model has no (1|{group}): the slope between {_many(group)} treats rows of one {_one(group)} as "
                "independent."
            )
        frame = used.assign(**{str(name): part for f in both for name, part in columns[f.name].items()})
        try:
            refit = fit_mixed(_formula(result, both), frame, result.reml, df=df)
        except CrossliftError as error:
            failed = f"not split by {_one(group)}: {error.message}"
    parts = []
    for factor, answered, pooled in asked:
        reason = whole[factor.name]
        if reason is None and refit is not None:
            parts.append(_parts(refit, factor, group, groups, answered, pooled))
            continue
        part, words = reason or ("", failed)
        within, between = (answered if part == name else None for name in ("within", "between"))
        flips, lines = _pooling(within, answered, pooled, group) if within else ((), [])
        said = (f"{factor.name} {words}", *lines)
        parts.append(Parts(factor.name, within, between, None, (answered, pooled), flips, said))
    return Within(group, groups, refit.formula if refit else "", left_out, tuple(parts), tuple(notes))


def _whole(
    parts: pd.DataFrame, result: MixedResult, stated: Booleans, column: str, group: str
) -> tuple[str, str] | None:
    """The one part that all of a factor's slope lies in, and why; ``None`` if it has both."""
    within, between = (part.to_numpy(dtype=float) for _, part in parts.items())
    many, one = _many(group), _one(group)
    if not within.any():
        return "between", f"does not vary within {many}: its slope above is wholly between them."
    if np.ptp(between) == 0.0:
        return "within", f"has the same mean in all {many}: its slope above is wholly within them."
    own = result.names.index(column)
    names = [name for i, name in enumerate(result.names) if i != own]
    others = np.delete(result.design.X[stated], own, axis=1)
    for other, part, values in (
        ("within", f"{one} mean", between),
        ("between", f"deviation from the {one} mean", within),
    ):
        weights, *_ = np.linalg.lstsq(others, values, rcond=None)
        if np.linalg.norm(values - others @ weights) <= COLLINEAR * np.linalg.norm(values):
            share = np.abs(weights) * np.linalg.norm(others, axis=0)
            from_ = [n for n, s in zip(names, share, strict=True) if n != "Intercept" and s > COLLINEAR * share.max()]
            return other, (
                f"is collinear: its {part} follows from {' and '.join(from_)}, so its slope above is wholly {other} "
                f"{many}."
            )
    return None


def _formula(result: MixedResult, factors: Sequence[Factor]) -> str:
    """The formula with each factor replaced, among the fixed effects, by the sum of its parts."""
    parsed = result.design.formula
    fixed = parse_expression(parsed.fixed)
    for factor in factors:
        name, parts = factor.column, f"{factor.column}_within + {factor.column}_between"
        taken = [word for word in parts.split(" + ") if word in result.design.fixed_variables]
        if taken:
            raise FormulaError(f"the formula '{result.formula}' already contains '{taken[0]}'.")
        fixed = replace_name(fixed, name, parse_expression(parts))
    pieces = join_terms(summands(fixed))
    return f"{parsed.response} ~ {pieces}" + random_text(parsed.bars)


def _parts(refit: MixedResult, factor: Factor, group: str, groups: int, answered: Answer, pooled: Naive) -> Parts:
    within = _slope(refit, factor, {f"{factor.column}_within": 1.0}, answered.levels)
    between = _slope(refit, factor, {f"{factor.column}_between": 1.0}, groups)
    difference = _slope(refit, factor, {f"{factor.column}_between": 1.0, f"{factor.column}_within": -1.0}, groups)
    flips, pooling = _pooling(within, answered, pooled, group)
    many, per = _many(group), f"points per {factor.words}"
    settled = "the two differ" if difference.excludes_zero else "the data do not settle whether the two differ"
    lines = [
        f"{factor.name} within {many}: {number(within.estimate, 2)} {per} ({within.basis}).",
        f"{factor.name} between {many}: {number(between.estimate, 2)} {per} ({between.basis}; {groups} {many}).",
        f"Between minus within: {number(difference.estimate, 2)} ({difference.interval}): {settled}.",
    ]
    if between.estimate * within.estimate < 0:
        flips = ("between", *flips)
        lines.append(
            f"The sign differs: {number(within.estimate, 2)} within {many}, whose interval {_zero(within)}, and "
            f"{number(between.estimate, 2)} between them, whose interval {_zero(between)}."
        )
    return Parts(factor.name, within, between, difference, (answered, pooled), flips, (*lines, *pooling))


def _pooling(within: Answer, answered: Answer, pooled: Naive, group: str) -> tuple[tuple[str, ...], list[str]]:
    """Slopes over the whole factor whose sign is not that within groups, and a sentence for each."""
    flips, lines = [], []
    beyond = "excludes zero" if abs(pooled.estimate) > NORMAL * pooled.std_error else "includes zero"
    for name, words, value, zero in (
        ("model", "The slope of the model above", answered.estimate, _zero(answered)),
        ("ols", "The pooled OLS slope", pooled.estimate, beyond),
    ):
        if value * within.estimate < 0:
            flips.append(name)
            lines.append(
                f"{words}, {number(value, 2)}, whose interval {zero}, has the opposite sign to the slope within "
                f"{_many(group)}, {number(within.estimate, 2)}, whose interval {_zero(within)}: pooling reverses it."
            )
    return tuple(flips), lines


def _slope(refit: MixedResult, factor: Factor, weights: dict[str, float], levels: int) -> Answer:
    row = np.zeros((1, len(refit.names)))
    for name, weight in weights.items():
        row[0, refit.names.index(name)] = weight * factor.step
    found = {str(key): float(value) for key, value in refit.contrast(row).iloc[0].items()}
    return Answer(
        factor.name,
        " - ".join(weights),
        factor.step,
        found["estimate"],
        found["std_error"],
        found["df"],
        found["p_value"],
        found["conf_low"],
        found["conf_high"],
        levels,
        "",
    )


def _zero(item: Answer) -> str:
    return "excludes zero" if item.excludes_zero else "includes zero"


def _one(group: str) -> str:
    return group.replace("_", " ")


def _many(group: str) -> str:
    words = _one(group)
    return words[:-1] + "ies" if words.endswith("y") else f"{words}s"
