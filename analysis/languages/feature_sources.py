"""Sources of typological features: what each one measures, by which recipes, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..core.errors import CrossliftError, unknown_name
from ..core.paths import data_directory

#: What the recipe is called for measures that are computed from the family tree or from reference points.
PLAIN = "angular"
#: Measures that are not made of features. URIEL alone has them.
FEATURELESS = ("genetic", "geographic")


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """One frozen source of features.

    Attributes
    ----------
    name
        As ``--source-data`` names it.
    title
        Name and version, for text.
    file
        Frozen file in ``data/typology``.
    fewest
        Measures, the default one first, with the fewest features observed in both languages that a distance over
        shared features takes. Phonology has 28 features in all, so its bound is half of them.
    recipes
        The default one first.
    """

    name: str
    title: str
    file: str
    fewest: Mapping[str, int]
    recipes: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """What can be measured, the default first."""
        return tuple(self.fewest) + (FEATURELESS if self.name == "uriel" else ())

    @property
    def short(self) -> str:
        """Name without version."""
        return self.title.split(" ")[0]


SOURCES = {
    source.name: source
    for source in (
        FeatureSource(
            "uriel",
            "URIEL as in lang2vec 1.1.2",
            "uriel.npz",
            {"syntactic": 30, "phonological": 14, "inventory": 30, "featural": 30},
            ("knn", "shared", "published"),
        ),
        FeatureSource(
            "uriel+",
            "URIEL+ 1.3.2",
            "uriel_plus.npz",
            {"syntactic": 30, "morphological": 30, "phonological": 14, "inventory": 30, "featural": 30},
            ("shared",),
        ),
        FeatureSource(
            "grambank",
            "Grambank 1.0.3",
            "grambank.npz",
            {"featural": 30, "syntactic": 30, "morphological": 30},
            ("hamming",),
        ),
    )
}
DEFAULT = "uriel"
#: Measures that some source has.
EVERY_MEASURE = tuple(dict.fromkeys(measure for source in SOURCES.values() for measure in source.measures))


class Kind(NamedTuple):
    """A distance that is settled: of which source, in what, by which recipe."""

    source_data: str
    measure: str
    recipe: str

    @property
    def source(self) -> FeatureSource:
        """The source it is computed from."""
        return SOURCES[self.source_data]

    @property
    def label(self) -> str:
        """Measure and recipe, with the source where it is not the default: ``syntactic, knn``."""
        return ("" if self.source_data == DEFAULT else f"{self.source.short} ") + f"{self.measure}, {self.recipe}"

    @property
    def words(self) -> str:
        """As a row of a table names it: ``URIEL syntactic (knn)``; a recipe without alternatives goes unsaid."""
        only = len(self.source.recipes) == 1 or self.recipe == PLAIN
        return f"{self.source.short} {self.measure}" + ("" if only else f" ({self.recipe})")


def feature_source(name: str) -> FeatureSource:
    """The source of that name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in SOURCES:
        raise unknown_name("source of distances", name, SOURCES)
    return SOURCES[name]


def settle(measure: str | None = None, recipe: str | None = None, source_data: str = DEFAULT) -> Kind:
    """Check the names of a distance and fill in the source's defaults.

    Raises
    ------
    UnknownNameError
        For a source, measure or recipe that is not known.
    CrossliftError
        If the source has not this measure or recipe, or the measure needs a recipe.
    """
    source = feature_source(source_data)
    measure = measure or source.measures[0]
    if measure not in source.measures:
        raise _not_here("measure", measure, source, source.measures, [m for s in SOURCES.values() for m in s.measures])
    known = [name for other in SOURCES.values() for name in other.recipes]
    if recipe is not None and recipe != PLAIN and recipe not in source.recipes:
        raise _not_here("recipe", recipe, source, source.recipes, known)
    if measure in FEATURELESS:
        return Kind(source.name, measure, PLAIN)
    if recipe == PLAIN:
        raise CrossliftError(f"the measure '{measure}' needs a recipe: {', '.join(source.recipes)}.")
    return Kind(source.name, measure, recipe or source.recipes[0])


def read_source(source: str, source_data: str = DEFAULT) -> tuple[str, str]:
    """The language that distance is measured from, and the source of features.

    A name of a source of features in the place of the language means distance from English in that source.
    """
    if source in SOURCES:
        if source_data not in (DEFAULT, source):
            raise CrossliftError(
                f"'{source}' and '{source_data}' are two sources of distances.",
                f"Name the language trained on in place of '{source}', or leave one out.",
            )
        return "eng", source
    feature_source(source_data)
    return source, source_data


@lru_cache(maxsize=len(SOURCES))
def data_sha256(source_data: str = DEFAULT) -> str:
    """Hash of the frozen features file of a source."""
    import hashlib

    path = data_directory() / "typology" / feature_source(source_data).file
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _not_here(what: str, name: str, source: FeatureSource, own: tuple[str, ...], anywhere: list[str]) -> CrossliftError:
    if name in anywhere:
        return CrossliftError(f"{source.title} has no {what} '{name}'.", f"It has: {', '.join(own)}.")
    return unknown_name(what, name, own)
