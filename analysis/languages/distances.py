r"""Typological distances between languages, from frozen sources of features.

From URIEL and URIEL+ a distance is the angle between two feature vectors, scaled to 0–1:
:math:`(2/\pi) \arccos(\cos(u, v))`; from Grambank it is the share of features in which two languages differ
(``hamming``). Recipes differ in what stands for features that nobody has observed:

``knn``
    URIEL's k-nearest-neighbour predictions (default). Defined for every language; unrelated to how well a language is
    documented.
``shared``, ``hamming``
    Only features observed in both languages; missing where they are few.
``published``
    Missing features count as absent, a language without any as having all, as in lang2vec's published distances. Kept
    for comparison with papers: it makes poorly documented languages look distant.

Sources and licences: ``data/typology/PROVENANCE.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError
from .codes import Language, resolve
from .feature_sources import DEFAULT, FEATURELESS, PLAIN, SOURCES, Kind, settle
from .observed import load_observed
from .uriel import angle, load_uriel

if TYPE_CHECKING:
    import pandas as pd


#: What URIEL, the default source, measures and how.
MEASURES = SOURCES[DEFAULT].measures
RECIPES = SOURCES[DEFAULT].recipes
# Languages with a smaller share of observed features are flagged.
LOW_COVERAGE = 0.5


class Distance(NamedTuple):
    """Distance of one language from a source language, with what stands behind it.

    ``distance`` is NaN where it cannot be computed; ``shared_features`` and ``observed_share`` are ``None`` for
    measures that are not made of features. ``input`` is the language as it was asked for.
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
    source_data: str = DEFAULT
    input: str = ""


def distance(
    language: str,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = DEFAULT,
) -> Distance:
    """Distance of ``language`` from ``source``; see :func:`distances`."""
    return distances([language], source, measure, recipe, source_data=source_data)[0]


def distances(
    languages: Iterable[str],
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    fewest_shared: int | None = None,
    source_data: str = DEFAULT,
) -> list[Distance]:
    """Distances of many languages from one source language.

    Parameters
    ----------
    languages
        Codes in any form that :func:`analysis.languages.codes.resolve` takes.
    source
        Language that distances are measured from.
    measure
        One of the measures of the source of features, its first if not given: ``syntactic`` of URIEL.
    recipe
        One of its recipes, its first if not given: ``knn`` of URIEL. Genetic and geographic distances have none.
    fewest_shared
        For distances over shared features: number of features observed in both languages under which the distance is
        missing; as the source states if not given.
    source_data
        Source of the features: ``uriel``, ``uriel+`` or ``grambank``.

    Raises
    ------
    UnknownNameError
        For an unknown source, measure, recipe or language.
    """
    kind = settle(measure, recipe, source_data)
    typed = list(languages)
    resolved = [resolve(code) for code in typed]
    origin = resolve(source)
    table = load_uriel() if kind.source_data == DEFAULT else None
    if table and kind.measure == "genetic":
        return _plain(table.genetic(resolved, origin), resolved, typed, kind)
    if table and kind.measure == "geographic":
        return _plain(table.geographic(resolved, origin), resolved, typed, kind)
    fewest = kind.source.fewest[kind.measure] if fewest_shared is None else fewest_shared
    observed = table or load_observed(kind.source_data)
    rows = np.array([observed.row_of(language) for language in resolved], dtype=np.intp)
    home = observed.row_of(origin)
    if home < 0:
        raise CrossliftError(f"{kind.source.short} has no features for the source language '{source}' ({origin.name}).")
    values, shared, share = observed.featural(rows, home, kind.measure, kind.recipe, fewest)
    return [
        Distance(
            language.iso,
            language.name,
            language.features_code,
            kind.measure,
            kind.recipe,
            value,
            int(both),
            seen,
            _flag(row, value, seen, kind, fewest),
            kind.source_data,
            given,
        )
        for language, given, row, value, both, seen in zip(
            resolved, typed, rows.tolist(), values.tolist(), shared.tolist(), share.tolist(), strict=True
        )
    ]


def has_features(language: str, kind: Kind) -> bool:
    """Whether distances of a kind can be measured from a language at all."""
    if kind.measure in FEATURELESS:
        return True
    table = load_uriel() if kind.source_data == DEFAULT else load_observed(kind.source_data)
    return table.row_of(resolve(language)) >= 0


def pairwise(
    languages: Iterable[str],
    measure: str | None = None,
    recipe: str | None = None,
    fewest_shared: int | None = None,
    source_data: str = DEFAULT,
) -> Floats:
    r"""Distances of all pairs of languages, shape ``(n, n)``, symmetric with a zero diagonal.

    Parameters are those of :func:`distances`. A pair that has no distance is NaN, and so is the diagonal of a language
    that has none to any other because the source lacks it.

    With complete features (every measure, recipes ``knn`` and ``published``) one minus a distance is
    :math:`(2/\pi)\arcsin(\cos)`, a power series of a Gram matrix with no negative coefficient, so that it and
    ``exp(-distance / scale)`` are positive semidefinite (Schoenberg 1942, Duke Math. J. 9). Distances of recipe
    ``shared`` and ``hamming`` rest on other features for every pair and promise no such thing.
    """
    kind = settle(measure, recipe, source_data)
    resolved = [resolve(code) for code in languages]
    if not resolved:
        return np.empty((0, 0))
    fewest = kind.source.fewest.get(kind.measure, 0) if fewest_shared is None else fewest_shared
    if kind.source_data != DEFAULT:
        result = load_observed(kind.source_data).pairwise(resolved, kind.measure, kind.recipe, fewest)
    else:
        table = load_uriel()
        if kind.measure == "genetic":
            product, lengths = table.genetic_products(resolved)
        elif kind.measure == "geographic":
            product, lengths = table.geographic_products(resolved)
        else:
            product, lengths = table.featural_products(resolved, kind.measure, kind.recipe, fewest)
        result = angle(product, lengths)
    known = np.isfinite(np.diag(result))
    result[np.diag_indices(len(result))] = np.where(known, 0.0, np.nan)
    return result


def frame(
    languages: Iterable[str],
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = DEFAULT,
) -> pd.DataFrame:
    """As :func:`distances`, one row a language."""
    import pandas as pd

    found = distances(languages, source, measure, recipe, source_data=source_data)
    return pd.DataFrame(found, columns=list(Distance._fields))


def _plain(values: Floats, languages: list[Language], typed: list[str], kind: Kind) -> list[Distance]:
    missing = "no family path in URIEL" if kind.measure == "genetic" else "no location in URIEL"
    return [
        Distance(
            language.iso,
            language.name,
            language.family_code if kind.measure == "genetic" else language.features_code,
            kind.measure,
            PLAIN,
            float(value),
            None,
            None,
            missing if np.isnan(value) else "",
            kind.source_data,
            given,
        )
        for language, given, value in zip(languages, typed, values, strict=True)
    ]


def _flag(row: int, value: float, share: float, kind: Kind, fewest: int) -> str:
    if row < 0:
        return f"not in {kind.source.short}"
    if math.isnan(value):
        return f"under {fewest} shared features"
    if share == 0.0:
        return "nothing observed" if kind.recipe == "published" else "wholly imputed"
    # A distance over shared features of a source that many databases feed is not worse where they are a small share.
    if share < LOW_COVERAGE and kind.source_data == DEFAULT:
        return "under half observed"
    return ""
