"""All combinations of the options without contradictory ones, and a sample of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...core.arrays import Integers
from ...core.errors import CrossliftError
from ...languages.feature_sources import DEFAULT, EVERY_MEASURE, FEATURELESS, SOURCES
from .choices import Choice

#: Most combinations of a multiverse: a larger table would fill the memory.
MOST = 5_000_000


@dataclass(frozen=True, slots=True)
class Space:
    """Specifications to fit.

    Attributes
    ----------
    choices
        The choices.
    table
        Position of the option of each choice, shape ``(specifications, choices)``, sorted, the default first.
    combinations
        Number of all combinations of options.
    excluded
        Numbers of contradictory combinations, by reason.
    possible
        Number of combinations without a contradiction.
    """

    choices: tuple[Choice, ...]
    table: Integers
    combinations: int
    excluded: tuple[tuple[str, int], ...]
    possible: int

    def options(self, row: int) -> dict[str, str]:
        """Names of choices and options of one specification."""
        return {choice.name: choice.names[j] for choice, j in zip(self.choices, self.table[row].tolist(), strict=True)}


def build_space(choices: Sequence[Choice], limit: int | None = None, seed: int = 1) -> Space:
    """Cross the options and draw ``limit`` specifications without replacement, the default always among them.

    Parameters
    ----------
    choices
        The choices.
    limit
        Number of specifications; all if not given, or if there are fewer.
    seed
        Seed of the draw.

    Raises
    ------
    CrossliftError
        If there are no choices, or too many combinations.
    """
    if not choices:
        raise CrossliftError("every choice has one option: a single specification is not a multiverse.")
    sizes = [len(choice.options) for choice in choices]
    combinations = int(np.prod([float(size) for size in sizes]))
    if combinations > MOST:
        raise CrossliftError(
            f"{combinations:,} combinations are more than {MOST:,}.", "Fix some choices, such as --fix tasks=all."
        )
    table = np.stack(np.unravel_index(np.arange(combinations), sizes), axis=1)
    kept = np.ones(len(table), dtype=bool)
    excluded = []
    for reason, hit in _contradictions(choices, table).items():
        new = hit & kept
        if new.any():
            excluded.append((reason, int(new.sum())))
        kept &= ~hit
    table = table[kept]
    if not len(table):
        raise CrossliftError(
            "every combination of the options is contradictory.", "; ".join(reason for reason, _ in excluded) + "."
        )
    possible = len(table)
    if limit is not None and limit < 2:
        raise CrossliftError(f"a multiverse needs at least two specifications, not {limit}.")
    if limit is not None and limit < possible:
        drawn = 1 + np.random.default_rng(seed).choice(possible - 1, limit - 1, replace=False)
        table = table[np.sort(np.append(drawn, 0))]
    return Space(tuple(choices), table, combinations, tuple(excluded), possible)


def _contradictions(choices: Sequence[Choice], table: Integers) -> Mapping[str, np.ndarray]:
    """Combinations that are contradictory, or duplicate another, by reason."""
    found: dict[str, np.ndarray] = {}
    found["no source of features has every measure"] = _without_measure(choices, table)
    own_measures = _own(choices)
    plain = _is(choices, table, "measure", (*FEATURELESS, *own_measures))
    observed = ~_is(choices, table, "features", (DEFAULT,), absent=True)
    named = "genetic and geographic distances" + (f" and {', '.join(own_measures)}" if own_measures else "")
    for name, hit, words in (
        ("recipe", plain, f"{named} have no recipe for missing features: counted once"),
        ("coverage", plain, f"{named} have no observed features to count: counted once"),
        ("recipe", observed, "URIEL+ and Grambank impute nothing and have one recipe: counted once"),
        ("coverage", observed, "URIEL+ and Grambank rest on shared features, of which 30 are needed: counted once"),
    ):
        own = [choice for choice in choices if choice.name == name]
        if own:
            found[words] = hit & ~_is(choices, table, name, (own[0].default,))
    found["Kenward–Roger with a kernel holds 95.8 to 99.6% where 95% are meant (validation/calibration)"] = _is(
        choices, table, "df_method", ("kenward-roger",)
    ) & _is(choices, table, "kernel", ("related",))
    return found


def _without_measure(choices: Sequence[Choice], table: Integers) -> np.ndarray:
    """Combinations of a source of features and a measure that it does not have; without the choice it is URIEL.

    Values of the user's own are of no source, and stand with the default one.
    """
    result = np.zeros(len(table), dtype=bool)
    for source in SOURCES.values():
        own = _is(choices, table, "features", (source.name,), absent=source.name == DEFAULT)
        measures = (*source.measures, *_own(choices)) if source.name == DEFAULT else source.measures
        result |= own & ~_is(choices, table, "measure", measures, absent=True)
    return result


def _own(choices: Sequence[Choice]) -> tuple[str, ...]:
    """Measures that are no typological distance: columns of the user's own."""
    return tuple(
        name for choice in choices if choice.name == "measure" for name in choice.names if name not in EVERY_MEASURE
    )


def _is(
    choices: Sequence[Choice], table: Integers, name: str, options: Sequence[str], absent: bool = False
) -> np.ndarray:
    for j, choice in enumerate(choices):
        if choice.name == name:
            return np.isin(table[:, j], [i for i, option in enumerate(choice.names) if option in options])
    return np.full(len(table), absent)
