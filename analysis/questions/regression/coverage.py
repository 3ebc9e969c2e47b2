"""How well the languages of a fit are documented, and how far distance is collinear with corpus size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.text import number
from ...languages import distances as typology
from ...languages.codes import resolve
from ...languages.uriel import data_sha256
from ...outcomes.covariates import CORPORA, OWN

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Coverage:
    """Typological coverage of the languages in a model.

    ``vif`` is the variance inflation of distance by log corpus size over the ``vif_languages`` that have both; NaN
    where it cannot be computed. ``weak`` lists languages with under half of the features observed.
    """

    measure: str
    recipe: str
    source: str
    languages: int
    low: float
    high: float
    median_share: float
    least_share: float
    weak: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]
    vif: float
    vif_languages: int
    corpus: str
    sha256: str

    def lines(self) -> list[str]:
        """The printed form."""
        where = self.source if " " in self.source else resolve(self.source).name
        first = (
            f"{self.measure} distance from {where}, recipe {self.recipe}: {self.low:.2f} to {self.high:.2f} over "
            f"{self.languages} languages (URIEL, data {self.sha256[:12]})"
        )
        lines = [first]
        if not np.isnan(self.median_share):
            lines.append(f"observed features: median {self.median_share:.0%}, least {self.least_share:.0%}")
            if self.weak:
                named = ", ".join(f"{label} {share:.0%}" for label, share in self.weak)
                lines.append(f"under half observed, so mostly imputed: {named}")
        if self.missing:
            lines.append(f"no distance: {', '.join(self.missing)}")
        if not np.isnan(self.vif):
            unit = "each model's own corpus" if self.corpus == OWN else CORPORA[self.corpus].unit
            lines.append(f"variance inflation with log corpus size ({unit}): {number(self.vif, 2)} over "
                         f"{self.vif_languages} languages (1: unrelated; by so much the slope's variance grows with "
                         "both in the model)")  # fmt: skip
        return lines


def describe(rows: pd.DataFrame, source: str, measure: str, recipe: str | None, corpus: str) -> Coverage:
    """Coverage of the languages in ``rows``, each counted once."""
    kind = typology.check_recipe(measure, recipe)
    once = rows.groupby("language", sort=True).agg(
        typology=("typology", "first"), share=("observed_share", "first"), corpus=("log_corpus", "mean")
    )
    label = {str(code): resolve(str(code)).label for code in once.index}
    known = once[once["typology"].notna()]
    share = known["share"].dropna()
    weak = share[share < typology.LOW_COVERAGE].sort_values()
    both = known.dropna(subset=["typology", "corpus"])
    return Coverage(
        measure=measure,
        recipe=kind,
        source=source,
        languages=len(known),
        low=float(rows["typology"].min()) if len(known) else float("nan"),
        high=float(rows["typology"].max()) if len(known) else float("nan"),
        median_share=float(share.median()) if len(share) else float("nan"),
        least_share=float(share.min()) if len(share) else float("nan"),
        weak=tuple((label[str(code)], float(value)) for code, value in weak.items()),
        missing=tuple(label[str(code)] for code in once.index[once["typology"].isna()]),
        vif=variance_inflation(both["typology"].to_numpy(), both["corpus"].to_numpy()),
        vif_languages=len(both),
        corpus=corpus,
        sha256=data_sha256(),
    )


def variance_inflation(x: np.ndarray, other: np.ndarray) -> float:
    """``1 / (1 - r²)`` of two columns; NaN with fewer than three rows or a constant column."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(other) == 0:
        return float("nan")
    r = float(np.corrcoef(x, other)[0, 1])
    return 1.0 / (1.0 - r * r) if abs(r) < 1.0 else float("inf")
