"""Planned sweeps: languages × target tasks × models × seeds, crossed, with real typological distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import CrossliftError, unknown_name
from ...languages import distances as typology
from ...languages.codes import known_languages
from ...languages.feature_sources import DEFAULT, Kind, settle

if TYPE_CHECKING:
    import pandas as pd

FACTORS = ("languages", "tasks", "models", "seeds")
FEWEST_LANGUAGES = 5
#: Most rows of a design.
MOST = 200_000


def in_words(sizes: Mapping[str, int]) -> str:
    """Numbers of levels as text prints them: ``25 languages × 1 seed``."""
    return " × ".join(f"{size} {name[:-1] if size == 1 else name}" for name, size in sizes.items())


@dataclass(frozen=True, slots=True)
class PowerDesign:
    """Numbers of levels; every combination gives one gain."""

    languages: int
    tasks: int
    models: int
    seeds: int = 1

    def __post_init__(self) -> None:
        for name in FACTORS:
            least = FEWEST_LANGUAGES if name == "languages" else 1
            if getattr(self, name) < least:
                raise CrossliftError(f"a design needs at least {least} {name}, not {getattr(self, name)}.")
        if self.rows > MOST:
            raise CrossliftError(f"{self.rows:,} gains are more than {MOST:,}.", "Use a smaller design.")
        if self.tasks * self.models * self.seeds < 2:
            raise CrossliftError(
                "with one task, model and seed a language has one gain, which does not separate languages from noise.",
                "Use two tasks, models or seeds.",
            )

    @property
    def rows(self) -> int:
        """Gains."""
        return self.languages * self.tasks * self.models * self.seeds

    @property
    def words(self) -> str:
        """The design as text."""
        return in_words({name: getattr(self, name) for name in FACTORS})

    def vary(self, factor: str, value: int) -> PowerDesign:
        """The same design with another number of levels of one factor."""
        if factor not in FACTORS:
            raise unknown_name("factor of a design", factor, FACTORS)
        return replace(self, **{factor: value})

    def frame(self, distances: np.ndarray) -> pd.DataFrame:
        """One row per gain, with ``typology`` of its language; ``distances`` has one value per language."""
        import pandas as pd

        sizes = (self.languages, self.tasks, self.models, self.seeds)
        codes = np.stack(np.unravel_index(np.arange(self.rows), sizes), axis=1)
        names = ("language", "target_task", "model", "seed")
        text = {name: [f"{name[0]}{code:04d}" for code in codes[:, i]] for i, name in enumerate(names)}
        frame = pd.DataFrame(text).assign(typology=distances[codes[:, 0]], study="planned", intermediate_task="planned")
        if self.seeds > 1:  # with one seed, a run is a model on a task
            run = frame["target_task"] + ":" + frame["model"] + ":" + frame["seed"]
            frame = frame.assign(run=run, baseline_run=run)
        return frame


def pick_languages(used: Sequence[str], count: int, source: str = "eng", kind: Kind | None = None,
                   seed: int = 1) -> tuple[tuple[str, ...], np.ndarray]:  # fmt: skip
    """Languages of a planned sweep with their distances: those in use first, then others of the source at random.

    New ones are drawn from languages with at least half of the measure's features observed in URIEL, and with a
    distance in other sources; a longer list starts with the shorter one.

    Returns
    -------
    codes, distances
        Shapes ``(count,)``.
    """
    kind = kind or settle()
    rng = np.random.default_rng(seed)
    own = [code for code in sorted(set(used)) if code != source]
    rng.shuffle(own)
    codes = own[:count]
    if len(codes) < count:
        table = typology.frame(known_languages(), source, kind.measure, kind.recipe, kind.source_data)
        table = table.drop_duplicates("code").set_index("code")
        known = kind.source_data != DEFAULT
        enough = table["observed_share"].isna() | (table["observed_share"] >= typology.LOW_COVERAGE) | known
        pool = sorted(set(table.index[table["distance"].notna() & enough]) - {*own, source})
        if len(pool) < count - len(codes):
            raise CrossliftError(
                f"{kind.source.short} has {len(pool) + len(own)} languages with {kind.measure} distances, fewer than "
                f"{count}."
            )
        codes += rng.permutation(np.array(pool))[: count - len(codes)].tolist()
    found = typology.frame(codes, source, kind.measure, kind.recipe, kind.source_data)["distance"].to_numpy(dtype=float)
    if np.isnan(found).any():
        lacking = [code for code, value in zip(codes, found, strict=True) if np.isnan(value)]
        raise CrossliftError(
            f"no {kind.measure} distance in {kind.source.short}: {', '.join(lacking)}.",
            "Use another measure or source, or leave these languages out with --where.",
        )
    return tuple(codes), found
