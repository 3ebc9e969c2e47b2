"""Printed table of all sources of distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.text import Table, count, number, p_value
from .regression import sources_lines
from .terminal import print_answer, print_remarks

if TYPE_CHECKING:
    from ..questions.regression.other_sources import SourceSlope
    from ..questions.regression.source_table import SourceTable
    from .screen import Screen


def print_sources(found: SourceTable, out: Screen) -> None:
    """Print what the answers survive, the table, and under it for each outcome its model and what sources lack."""
    print_answer(out, found.answer)
    out.heading("Sources of distance: points per standard deviation of the distance")
    heads = [part for name in found.outcomes for part in (name, "95% interval", "p", "languages", "shared features")]
    rows = tuple(
        (words, *(cell for name in found.outcomes for cell in _cells(by_outcome.get(name))))
        for words, by_outcome in found.slopes.items()
    )
    out.print(Table(("distance", *heads), rows))
    for name, fit in zip(found.outcomes, found.fits, strict=True):
        out.heading(f"{name.capitalize()}: {count(fit.result.n_obs)} rows")
        assert fit.other_sources is not None
        out.print(f"  {fit.other_sources.model}")
        for line in sources_lines(fit.other_sources):
            out.print(f"  {line}")
    print_remarks(out, dict.fromkeys(note for fit in found.fits for note in fit.notices), ())


def _cells(row: SourceSlope | None) -> tuple[str, ...]:
    if row is None or not row.computed:
        return ("", "", "", "", "")
    shared = "" if np.isnan(row.median_shared) else f"{row.median_shared:.0f}, least {row.least_shared:.0f}"
    interval = f"{number(row.conf_low, 2)} to {number(row.conf_high, 2)}"
    return number(row.estimate, 2), interval, p_value(row.p_value), str(row.languages), shared
