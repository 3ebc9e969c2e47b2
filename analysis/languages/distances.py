r"""Typological distances between languages, from frozen URIEL features.

A distance is the angle between two feature vectors, scaled to 0–1: :math:`(2/\pi) \arccos(\cos(u, v))`. Recipes differ
in what stands for features that nobody has observed:

``knn``
    URIEL's k-nearest-neighbour predictions (default). Defined for every language; unrelated to how well a language is
    documented.
``shared``
    Only features observed in both languages; missing where they are few.
``published``
    Missing features count as absent, a language without any as having all, as in lang2vec's published distances. Kept
    for comparison with papers: it makes poorly documented languages look distant.

Source: Littell et al. 2017 (URIEL and lang2vec), CC BY-SA 4.0; see ``data/typology/PROVENANCE.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError, unknown_name
from .codes import Language, resolve
from .uriel import FEATURE_MEASURES, angle, load_uriel

if TYPE_CHECKING:
    import pandas as pd


MEASURES = (*FEATURE_MEASURES, "genetic", "geographic")
RECIPES = ("knn", "shared", "published")
#: What the recipe is called for measures that are computed from the family tree or from reference points.
PLAIN = "angular"

# Under this many features observed in both languages the ``shared`` recipe gives no distance. Phonology has 28
# features in all, so its bound is half of them.
FEWEST_SHARED = {"syntactic": 30, "phonological": 14, "inventory": 30, "featural": 30}
# Languages with a smaller share of observed features are flagged.
LOW_COVERAGE = 0.5


class Distance(NamedTuple):
    """Distance of one language from a source language, with what stands behind it.

    ``distance`` is NaN where it cannot be computed; ``shared_features`` and ``observed_share`` are ``None`` for
    measures that are not made of features.
    """

    code: str
    language: str
    features_code: str
    measure: str
    recipe: str
    distance: float
    shared_features: int | None
    observed_share: float | None
    flag: str


def distance(language: str, source: str = "eng", measure: str = "syntactic", recipe: str | None = None) -> Distance:
    """Distance of ``language`` from ``source``; see :func:`distances`."""
    return distances([language], source, measure, recipe)[0]


def distances(
    languages: Iterable[str],
    source: str = "eng",
    measure: str = "syntactic",
    recipe: str | None = None,
    fewest_shared: int | None = None,
) -> list[Distance]:
    """Distances of many languages from one source.

    Parameters
    ----------
    languages
        Codes in any form that :func:`analysis.languages.codes.resolve` takes.
    source
        Language that distances are measured from.
    measure
        One of ``MEASURES``.
    recipe
        One of ``RECIPES``; ``knn`` if not given. Genetic and geographic distances have no recipe.
    fewest_shared
        For the ``shared`` recipe: number of features observed in both languages under which the distance is missing;
        ``FEWEST_SHARED`` if not given.

    Raises
    ------
    UnknownNameError
        For an unknown measure, recipe or language.
    """
    kind = check_recipe(measure, recipe)
    resolved = [resolve(code) for code in languages]
    origin = resolve(source)
    table = load_uriel()
    if measure == "genetic":
        return _plain(table.genetic(resolved, origin), resolved, measure)
    if measure == "geographic":
        return _plain(table.geographic(resolved, origin), resolved, measure)
    rows = np.array([table.row(language.features_code) for language in resolved], dtype=np.intp)
    home = table.row(origin.features_code)
    if home < 0:
        raise CrossliftError(f"URIEL has no features for the source language '{source}' ({origin.name}).")
    fewest = FEWEST_SHARED[measure] if fewest_shared is None else fewest_shared
    values, shared, share = table.featural(rows, home, measure, kind, fewest)
    return [
        Distance(
            language.iso,
            language.name,
            language.features_code,
            measure,
            kind,
            value,
            int(both),
            seen,
            _flag(row, value, seen, kind, fewest),
        )
        for language, row, value, both, seen in zip(
            resolved, rows.tolist(), values.tolist(), shared.tolist(), share.tolist(), strict=True
        )
    ]


def pairwise(
    languages: Iterable[str], measure: str = "syntactic", recipe: str | None = None, fewest_shared: int | None = None
) -> Floats:
    r"""Distances of all pairs of languages, shape ``(n, n)``, symmetric with a zero diagonal.

    Parameters are those of :func:`distances`. A pair that has no distance is NaN, and so is the diagonal of a language
    that has none to any other because URIEL lacks it.

    With complete features (every measure, recipes ``knn`` and ``published``) one minus a distance is
    :math:`(2/\pi)\arcsin(\cos)`, a power series of a Gram matrix with no negative coefficient, so that it and
    ``exp(-distance / scale)`` are positive semidefinite (Schoenberg 1942, Duke Math. J. 9). Distances of recipe
    ``shared`` rest on other features for every pair and promise no such thing.
    """
    kind = check_recipe(measure, recipe)
    resolved = [resolve(code) for code in languages]
    if not resolved:
        return np.empty((0, 0))
    table = load_uriel()
    if measure == "genetic":
        product, lengths = table.genetic_products(resolved)
    elif measure == "geographic":
        product, lengths = table.geographic_products(resolved)
    else:
        fewest = FEWEST_SHARED[measure] if fewest_shared is None else fewest_shared
        product, lengths = table.featural_products(resolved, measure, kind, fewest)
    result = angle(product, lengths)
    known = np.isfinite(np.diag(result))
    result[np.diag_indices(len(result))] = np.where(known, 0.0, np.nan)
    return result


def frame(
    languages: Iterable[str], source: str = "eng", measure: str = "syntactic", recipe: str | None = None
) -> pd.DataFrame:
    """As :func:`distances`, one row a language."""
    import pandas as pd

    return pd.DataFrame(distances(languages, source, measure, recipe), columns=list(Distance._fields))


def check_recipe(measure: str, recipe: str | None) -> str:
    """Return the name of the recipe in use, after checking both names."""
    if measure not in MEASURES:
        raise unknown_name("measure", measure, MEASURES)
    if recipe is not None and recipe not in RECIPES and recipe != PLAIN:
        raise unknown_name("recipe", recipe, RECIPES)
    if measure not in FEATURE_MEASURES:
        return PLAIN
    if recipe == PLAIN:
        raise CrossliftError(f"the measure '{measure}' needs a recipe: {', '.join(RECIPES)}.")
    return recipe or "knn"


def _plain(values: Floats, languages: list[Language], measure: str) -> list[Distance]:
    missing = "no family path in URIEL" if measure == "genetic" else "no location in URIEL"
    return [
        Distance(
            language.iso,
            language.name,
            language.family_code if measure == "genetic" else language.features_code,
            measure,
            PLAIN,
            float(value),
            None,
            None,
            missing if np.isnan(value) else "",
        )
        for language, value in zip(languages, values, strict=True)
    ]


def _flag(row: int, value: float, share: float, recipe: str, fewest: int) -> str:
    if row < 0:
        return "not in URIEL"
    if math.isnan(value):
        return f"under {fewest} shared features"
    if share == 0.0:
        return "nothing observed" if recipe == "published" else "wholly imputed"
    if share < LOW_COVERAGE:
        return "under half observed"
    return ""
