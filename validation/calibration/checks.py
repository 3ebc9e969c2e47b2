"""Conditions that the committed table must meet to support the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from designs import CELLS
from methods import DEFAULT, METHODS, NAIVE

#: Coverage of a 95% interval that passes. With 2,000 simulations the bounds are 3 Monte-Carlo standard errors away.
BOUNDS = (0.935, 0.965)
#: Fewest simulations behind every row of the table.
LEAST_SIMULATIONS = 2000
# Largest share of simulations in which the default may fail to give an interval.
MOST_FAILURES = 0.005
# Pooled least squares must stay under this in the large balanced designs, where a language has 45 rows: a study in
# which it covers lacks the dependence that the default is designed for. With few rows per language the spread
# between tasks and models, which pooling counts as noise, makes up for what pooling ignores.
NAIVE_CEILING = 0.80


def violations(table: pd.DataFrame, planned: Mapping[str, Sequence[str]]) -> list[str]:
    """One sentence for each thing that is wrong, empty if nothing is."""
    return [*_incomplete(table, planned), *_inconsistent(table), *_default(table), *_naive(table)]


def _incomplete(table: pd.DataFrame, planned: Mapping[str, Sequence[str]]) -> list[str]:
    pairs = list(zip(table["cell"], table["method"], strict=True))
    expected = {(cell, method) for cell, methods in planned.items() for method in methods}
    found = [f"{cell}: '{method}' is missing from the table." for cell, method in sorted(expected - set(pairs))]
    found += [f"{cell}: '{method}' is not part of the study." for cell, method in sorted(set(pairs) - expected)]
    found += [f"{cell}: '{method}' appears twice." for cell, method in sorted({p for p in pairs if pairs.count(p) > 1})]
    short = table[table["simulations"] < LEAST_SIMULATIONS]
    found += [
        f"{row.cell}: '{row.method}' has {row.simulations} simulations, fewer than {LEAST_SIMULATIONS}."
        for row in short.itertuples()
    ]
    return found


def _inconsistent(table: pd.DataFrame) -> list[str]:
    """At a true slope of zero, an interval misses it exactly when the test rejects it (see ``Method.dual``)."""
    dual = table["method"].map(lambda name: name in METHODS and METHODS[name].dual)
    apart = table[dual & ~np.isclose(table["coverage"] + table["false_positive_rate"], 1.0, atol=1e-5)]
    return [
        f"{row.cell}: coverage {row.coverage:.4f} and false positives {row.false_positive_rate:.4f} of '{row.method}' "
        "do not add up to 1."
        for row in apart.itertuples()
    ]


def _default(table: pd.DataFrame) -> list[str]:
    found = []
    for row in table[table["method"] == DEFAULT].itertuples():
        if not CELLS[row.cell].related and not BOUNDS[0] <= row.coverage <= BOUNDS[1]:
            found.append(
                f"{row.cell}: the default '{DEFAULT}' covers {100 * row.coverage:.2f}%, outside "
                f"{100 * BOUNDS[0]:.1f}–{100 * BOUNDS[1]:.1f}%."
            )
        if row.failures > MOST_FAILURES * row.simulations:
            found.append(f"{row.cell}: the default '{DEFAULT}' lacks an interval in {row.failures} simulations.")
    return found


def _naive(table: pd.DataFrame) -> list[str]:
    large = table["cell"].map(lambda name: CELLS[name].shape == "large" and not CELLS[name].ragged)
    rows = table[(table["method"] == NAIVE) & large]
    return [
        f"{row.cell}: '{NAIVE}' covers {100 * row.coverage:.2f}%, not under {100 * NAIVE_CEILING:.0f}%: the rows of a "
        "language are less dependent than the study intends."
        for row in rows.itertuples()
        if row.coverage >= NAIVE_CEILING
    ]
