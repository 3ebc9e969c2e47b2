"""Every source of distance and every outcome in one table: which of them finds a slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...core.errors import CrossliftError
from .other_sources import SourceSlope
from .run import FactorFit, Request, fit_factors

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("gain", "gap")


@dataclass(frozen=True, slots=True)
class SourceTable:
    """The fits of each outcome, all with the same distances beside their own."""

    fits: tuple[FactorFit, ...]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """In the order of the fits."""
        return tuple(found.outcome.options.outcome for found in self.fits)

    @property
    def slopes(self) -> dict[str, dict[str, SourceSlope]]:
        """Slopes by the words of their distance and by outcome, the answer's own distance first."""
        found: dict[str, dict[str, SourceSlope]] = {}
        for outcome, fit in zip(self.outcomes, self.fits, strict=True):
            for row in fit.other_sources.rows if fit.other_sources else ():
                found.setdefault(row.words, {})[outcome] = row
        return found

    @property
    def answer(self) -> tuple[str, ...]:
        """One sentence an outcome: what its answer survives, or the answer where it is no verdict."""
        return tuple(
            f"{outcome.capitalize()}: {fit.survival or fit.answers[0].sentence}"
            for outcome, fit in zip(self.outcomes, self.fits, strict=True)
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row a distance and outcome."""
        import pandas as pd

        rows = [
            {"outcome": outcome, **{name: getattr(row, name) for name in SourceSlope.__slots__}}
            for by_outcome in self.slopes.values()
            for outcome, row in by_outcome.items()
        ]
        return pd.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``sources``: for each outcome what ``fit`` writes, by its name."""
        return {
            "command": "sources",
            "outcomes": {name: fit.to_json() for name, fit in zip(self.outcomes, self.fits, strict=True)},
        }


def source_table(request: Request, outcomes: tuple[str, ...], report: Callable[[str], None]) -> SourceTable:
    """Fit every outcome with every source of distance.

    Parameters
    ----------
    request
        Data, options and method; its outcome, factors and checks are set here.
    outcomes
        Such as ``("gain", "gap")``.
    report
        Called with a few words before each stage.

    Raises
    ------
    CrossliftError
        If no outcome is named, or one cannot be fitted.
    """
    if not outcomes:
        raise CrossliftError("which outcome?", "Give --outcome gain, gap or score.")
    asked = replace(request, factors=("typology",), sources="all")
    return SourceTable(
        tuple(fit_factors(replace(asked, options=replace(asked.options, outcome=name)), report) for name in outcomes)
    )
