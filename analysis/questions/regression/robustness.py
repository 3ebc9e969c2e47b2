"""Robustness of an answer: a bootstrap interval, a permutation test, and leaving out each level in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError, did_you_mean
from ...core.text import number, p_words
from ...mixed.result import MixedResult
from ...outcomes.covariates import Factor
from .answer import Answer

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class BootstrapCheck:
    """Studentised parametric-bootstrap interval and p-value of a slope, in points per step of its factor."""

    factor: str
    draws: int
    seed: int
    conf_low: float
    conf_high: float
    p_value: float
    singular: int
    sentence: str


@dataclass(frozen=True, slots=True)
class PermutationCheck:
    """Permutation p-value of a factor shuffled between whole levels; ``None`` if it cannot be shuffled."""

    factor: str
    by: str
    draws: int
    seed: int
    p_value: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Slopes with each level left out in turn: their range, and the level that moves the slope most."""

    factor: str
    by: str
    levels: int
    low: float
    low_level: str
    high: float
    high_level: str
    most: str
    most_estimate: float
    most_dfbetas: float
    unestimable: tuple[str, ...]
    sentence: str


def bootstrap_checks(
    result: MixedResult,
    answers: Sequence[tuple[Factor, Answer]],
    draws: int,
    seed: int,
    report: Callable[[int], None] | None = None,
) -> tuple[BootstrapCheck, ...]:
    """Bootstrap the model once and take each factor's slope from the draws."""
    found = result.bootstrap(draws, rng=seed, report=report)
    intervals = found.conf_int().set_index("term")
    checks = []
    for factor, item in answers:
        row = intervals.loc[f"fixed:{item.term}"].to_dict()
        low, high = sorted((factor.step * row["conf_low"], factor.step * row["conf_high"]))
        p = found.p_value(item.term)
        sentence = (
            f"Parametric bootstrap of {factor.name} ({len(found.draws):,} draws, seed {seed}): 95% interval "
            f"{number(low, 2)} to {number(high, 2)}, {p_words(p)}."
        )
        if found.unconverged:
            sentence += f" {found.unconverged} refits did not converge and are left out."
        checks.append(BootstrapCheck(factor.name, len(found.draws), seed, low, high, p, found.singular, sentence))
    return tuple(checks)


def permutation_checks(
    result: MixedResult,
    answers: Sequence[tuple[Factor, Answer]],
    draws: int,
    seed: int,
    report: Callable[[int], None] | None = None,
) -> tuple[PermutationCheck, ...]:
    """Shuffle each factor between the levels it belongs to; if that is impossible the sentence says why."""
    checks = []
    for factor, item in answers:
        try:
            found = result.permutation_test(item.term, factor.level, draws, seed, report)
        except CrossliftError as error:
            sentence = f"No permutation test of {factor.name}: {error.message}"
            checks.append(PermutationCheck(factor.name, factor.level, 0, seed, None, sentence))
            continue
        sentence = (
            f"Permutation of {factor.name} between whole {factor.level}s ({len(found.draws):,} arrangements, seed "
            f"{seed}): {p_words(found.p_value)}."
        )
        checks.append(PermutationCheck(factor.name, factor.level, len(found.draws), seed, found.p_value, sentence))
    return tuple(checks)


def left_out(
    result: MixedResult, frame: pd.DataFrame, by: str, answers: Sequence[tuple[Factor, Answer]]
) -> tuple[LeftOut, ...]:
    """Slopes with each level of ``by`` left out: a grouping factor of the model or a column of the rows.

    Raises
    ------
    CrossliftError
        If it is neither.
    """
    if by not in frame.columns and by not in result.groups:
        known = sorted({*result.groups, "language_family", "study", "language"} & {*frame.columns, *result.groups})
        hint = did_you_mean(by, [str(column) for column in frame.columns]) or f"For example: {', '.join(known)}."
        raise CrossliftError(
            f"cannot leave out by '{by}': it is neither a column of the rows nor a grouping factor.", hint
        )
    table = result.influence(frame[by].astype("str").where(frame[by].notna()) if by in frame.columns else by)
    checks = []
    for factor, item in answers:
        own = table[table["term"] == item.term]
        known_rows = own.dropna(subset=["estimate"])
        lost = tuple(own.loc[own["estimate"].isna(), "level"])
        if known_rows.empty:
            raise CrossliftError(f"the slope over '{factor.name}' cannot be estimated, whichever '{by}' is left out.")
        slopes = factor.step * known_rows["estimate"].to_numpy()
        names = known_rows["level"].to_numpy()
        most = int(np.abs(known_rows["dfbetas"].to_numpy()).argmax())
        low, high = int(slopes.argmin()), int(slopes.argmax())
        sentence = (
            f"Without one {by.replace('_', ' ')} at a time ({len(slopes)}), the slope over {factor.name} ranges from "
            f"{number(float(slopes[low]), 2)} (without {names[low]}) to {number(float(slopes[high]), 2)} (without "
            f"{names[high]}); leaving out {names[most]} moves it most, to {number(float(slopes[most]), 2)}."
        )
        if lost:
            sentence += f" It cannot be estimated without {', '.join(lost)}."
        checks.append(
            LeftOut(
                factor=factor.name,
                by=by,
                levels=len(slopes),
                low=float(slopes[low]),
                low_level=str(names[low]),
                high=float(slopes[high]),
                high_level=str(names[high]),
                most=str(names[most]),
                most_estimate=float(slopes[most]),
                most_dfbetas=float(known_rows["dfbetas"].to_numpy()[most]),
                unestimable=lost,
                sentence=sentence,
            )
        )
    return tuple(checks)
