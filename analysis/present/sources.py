"""Printed table of all sources of distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING

from ..core.text import Table, count, number, p_value
from .regression import sources_lines
from .terminal import print_answer, print_remarks

if TYPE_CHECKING:
    from ..questions.regression.other_sources import SourceSlope
    from ..questions.regression.run import FactorFit
    from ..questions.regression.source_table import SourceTable
    from .screen import Screen


def print_sources(found: SourceTable, out: Screen) -> None:
    """Print what the answers survive, the table, and under it for each outcome its model and what sources lack."""
    print_answer(out, found.answer)
    out.heading("Sources of distance: points per standard deviation of the distance")
    out.print(slopes_table(found.outcomes, found.slopes))
    for name, fit in zip(found.outcomes, found.fits, strict=True):
        out.heading(f"{name.capitalize()}: {count(fit.result.n_obs)} rows")
        assert fit.other_sources is not None
        out.print(f"  {fit.other_sources.model}")
        for line in sources_lines(fit.other_sources):
            out.print(f"  {line}")
    print_remarks(out, dict.fromkeys(note for fit in found.fits for note in fit.notices), ())


def slopes_table(outcomes: Sequence[str], slopes: Mapping[str, Mapping[str, SourceSlope]], title: str = "") -> Table:
    """A row for each distance, with the slopes of each outcome, by the words of a distance and outcome."""
    heads = [part for name in outcomes for part in (name, "95% interval", "p", "languages", "shared features")]
    rows = tuple(
        (words, *(cell for name in outcomes for cell in _cells(by_outcome.get(name))))
        for words, by_outcome in slopes.items()
    )
    return Table(("distance", *heads), rows, title=title)


def compared(fits: Mapping[str, FactorFit]) -> tuple[str, Table | None]:
    """What answers about distance survive, in words, and the slopes they were compared with; no table without any."""
    having = {
        name: fit.other_sources for name, fit in fits.items() if fit.other_sources and len(fit.other_sources.rows) > 1
    }
    if not having:
        return "Other sources of distance were not compared.", None
    slopes: dict[str, dict[str, SourceSlope]] = {}
    for name, found in having.items():
        for row in found.rows:
            slopes.setdefault(row.words, {})[name] = row
    words = [f"{name.capitalize()}: {fits[name].survival}" for name in having if fits[name].survival]
    few = "With so few languages none of them can settle anything."
    title = "Slopes in points per standard deviation of each distance"
    return " ".join(words) or few, slopes_table(tuple(having), slopes, title)


def _cells(row: SourceSlope | None) -> tuple[str, ...]:
    if row is None or not row.computed:
        return ("", "", "", "", "")
    shared = "" if isnan(row.median_shared) else f"{row.median_shared:.0f}, least {row.least_shared:.0f}"
    interval = f"{number(row.conf_low, 2)} to {number(row.conf_high, 2)}"
    return number(row.estimate, 2), interval, p_value(row.p_value), str(row.languages), shared
