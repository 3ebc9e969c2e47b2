"""How well the languages of a fit are documented, and how far distance is collinear with corpus size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.text import number
from ...languages import distances as typology
from ...languages.codes import resolve
from ...languages.feature_sources import SOURCES, Kind, data_sha256
from ...outcomes.covariates import CORPORA, FACTORS, OWN, Factor

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Coverage:
    """Typological coverage of the languages in a model.

    ``vif`` is the variance inflation of distance by log corpus size over the ``vif_languages`` that have both; NaN
    where it cannot be computed. ``weak`` lists languages with under half of the features observed; ``missing`` those of
    the data that have no distance, ``missing_why`` the reason for each.
    """

    measure: str
    recipe: str
    source_data: str
    source: str
    languages: int
    low: float
    high: float
    median_share: float
    least_share: float
    median_shared: float
    least_shared: float
    weak: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]
    missing_why: tuple[str, ...]
    vif: float
    vif_languages: int
    corpus: str
    sha256: str

    def lines(self) -> list[str]:
        """The printed form."""
        where = self.source if " " in self.source else resolve(self.source).name
        first = (
            f"{self.measure} distance from {where}, recipe {self.recipe}: {self.low:.2f} to {self.high:.2f} over "
            f"{self.languages} languages ({SOURCES[self.source_data].title})"
        )
        lines = [first]
        if not np.isnan(self.median_share):
            shared = f"; shared with {where}: median {self.median_shared:.0f}, least {self.least_shared:.0f}"
            lines.append(f"observed features: median {self.median_share:.0%}, least {self.least_share:.0%}{shared}")
            if self.weak and self.recipe == "knn":
                named = ", ".join(f"{label} {share:.0%}" for label, share in self.weak)
                lines.append(f"under half observed, so mostly imputed: {named}")
        if self.missing:
            lines.append(
                f"no distance, so not in the model ({len(self.missing)} of {len(self.missing) + self.languages} "
                f"languages): {'; '.join(self._by_reason())}"
            )
        if not np.isnan(self.vif):
            unit = "each model's own corpus" if self.corpus == OWN else CORPORA[self.corpus].unit
            lines.append(f"variance inflation with log corpus size ({unit}): {number(self.vif, 2)} over "
                         f"{self.vif_languages} languages (1: unrelated; by so much the slope's variance grows with "
                         "both in the model)")  # fmt: skip
        return lines

    def _by_reason(self) -> list[str]:
        """Languages without a distance, those with the same reason together."""
        reasons = dict.fromkeys(self.missing_why)
        named = {why: [name for name, own in zip(self.missing, self.missing_why, strict=True) if own == why]
                 for why in reasons}  # fmt: skip
        return [f"{why}: {', '.join(names)}" if why else ", ".join(names) for why, names in named.items()]


def describe(rows: pd.DataFrame, whole: pd.DataFrame, source: str, kind: Kind, corpus: str) -> Coverage:
    """Coverage of the languages in the model's ``rows``, each counted once, and those of ``whole`` left out by it."""
    once = rows.groupby("language", sort=True).agg(
        typology=("typology", "first"),
        share=("observed_share", "first"),
        shared=("shared_features", "first"),
        corpus=("log_corpus", "mean"),
    )
    label = {str(code): resolve(str(code)).label for code in once.index}
    known = once[once["typology"].notna()]
    share, shared = known["share"].dropna(), known["shared"].dropna()
    weak = share[share < typology.LOW_COVERAGE].sort_values()
    lacking = whole["typology"].isna().groupby(whole["language"]).transform("all")
    absent = whole[lacking].groupby("language", sort=True)["typology_flag"].first()
    both = known.dropna(subset=["typology", "corpus"])
    return Coverage(
        measure=kind.measure,
        recipe=kind.recipe,
        source_data=kind.source_data,
        source=source,
        languages=len(known),
        low=float(rows["typology"].min()) if len(known) else float("nan"),
        high=float(rows["typology"].max()) if len(known) else float("nan"),
        median_share=float(share.median()) if len(share) else float("nan"),
        least_share=float(share.min()) if len(share) else float("nan"),
        median_shared=float(shared.median()) if len(shared) else float("nan"),
        least_shared=float(shared.min()) if len(shared) else float("nan"),
        weak=tuple((label[str(code)], float(value)) for code, value in weak.items()),
        missing=tuple(resolve(str(code)).label for code in absent.index),
        missing_why=tuple(map(str, absent)),
        vif=variance_inflation(both["typology"].to_numpy(), both["corpus"].to_numpy()),
        vif_languages=len(both),
        corpus=corpus,
        sha256=data_sha256(kind.source_data),
    )


@dataclass(frozen=True, slots=True)
class OwnFactor:
    """A column of numbers as a factor: what it is a property of, and its range over the rows of the model."""

    name: str
    column: str
    level: str
    step: float
    levels: int
    low: float
    high: float

    @property
    def line(self) -> str:
        """The printed form."""
        many, span = f"{self.level.replace('_', ' ')}s", f"{number(self.low, 2)} to {number(self.high, 2)}"
        return f"{self.name}, a property of {many}: {span} over {self.levels} {many}; slopes are per {self.step:g}"


def describe_own(rows: pd.DataFrame, factors: Sequence[Factor]) -> tuple[OwnFactor, ...]:
    """What is known of the factors that are not among ``FACTORS``."""
    return tuple(
        OwnFactor(
            name=item.name,
            column=item.column,
            level=item.level,
            step=item.step,
            levels=int(rows[item.level].nunique()),
            low=float(rows[item.column].min()),
            high=float(rows[item.column].max()),
        )
        for item in factors
        if item.name not in FACTORS
    )


def variance_inflation(x: np.ndarray, other: np.ndarray) -> float:
    """``1 / (1 - r²)`` of two columns; NaN with fewer than three rows or a constant column."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(other) == 0:
        return float("nan")
    r = float(np.corrcoef(x, other)[0, 1])
    return 1.0 / (1.0 - r * r) if abs(r) < 1.0 else float("inf")
