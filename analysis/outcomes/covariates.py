"""Predictors of a gain: typological distance, model size, pretraining-corpus size.

Sizes enter as base-2 logarithms, so that a slope reads "points per doubling".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import UnknownLanguageError, unknown_name
from ..languages import distances as typology
from ..languages.codes import AVERAGE, resolve
from ..languages.feature_sources import DEFAULT, Kind, data_sha256, settle
from ..records import bundled as datasets
from .factors import CORPORA, FACTORS, FAMILY_CORPUS, OWN, Factor
from .sources import of_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CORPORA", "FACTORS", "FAMILY_CORPUS", "OWN", "Factor", "add_factors", "corpus_sizes", "distance_columns"
]  # fmt: skip


@lru_cache(maxsize=8)
def corpus_sizes(corpus: str) -> dict[str, float]:
    """Size of a pretraining corpus by language, in the corpus's unit; languages without a positive size are absent."""
    if corpus not in CORPORA:
        raise unknown_name("corpus", corpus, [*CORPORA, OWN])
    entry = CORPORA[corpus]
    table = datasets.load("language").set_index("language")
    sizes = table[entry.columns[0]].astype(float)
    for column in entry.columns[1:]:
        sizes = sizes.fillna(table[column].astype(float))
    return {str(language): float(size) / entry.divisor for language, size in sizes.items() if size > 0}


def add_factors(
    frame: pd.DataFrame,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    corpus: str = "cc100",
    source_data: str = DEFAULT,
) -> pd.DataFrame:
    """Join the factors to a table of outcomes.

    Adds ``typology`` (0–1) with its provenance (``observed_share``, ``shared_features``, ``typology_flag``,
    ``features_code``, ``typology_recipe``, ``typology_data``), ``log_params`` (base 2, zero at 1 billion parameters),
    ``log_corpus`` (base 2, zero at one unit of the corpus) and ``language_family``. Distance is from ``source``, or
    from each row's own training language where it has one. Columns that the table already has are kept.
    """
    import pandas as pd

    kind = settle(measure, recipe, source_data)
    languages = [str(code) for code in frame["language"].unique() if code != AVERAGE]
    origins = of_rows(frame, source).unique()
    joined = {
        **distance_columns(frame, source, kind),
        "typology_recipe": f"{kind.label}, from "
        + (str([*origins, source][0]) if len(origins) < 2 else "each row's training language"),
        "typology_data": data_sha256(kind.source_data)[:12],
        "language_family": frame["language"].map({code: _family(code) for code in languages}),
        "log_params": np.log2(frame["params_m"].where(frame["params_m"] > 0) / 1000.0),
        "log_corpus": np.log2(_corpus_column(frame, corpus)),
    }
    new = {name: column for name, column in joined.items() if name not in frame.columns}
    return pd.concat([frame, pd.DataFrame(new, index=frame.index)], axis=1)


#: Columns of a row's distance, by those of the table of distances.
DISTANCE = {
    "typology": "distance",
    "observed_share": "observed_share",
    "shared_features": "shared_features",
    "typology_flag": "flag",
    "features_code": "features_code",
}


#: Columns that are computed for each row; a table's own of one of these names is another thing.
COMPUTED = (*DISTANCE, "typology_recipe", "typology_data", "log_params", "log_corpus")


def keep_apart(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rename columns of a table that have the name of a computed one, and say so: never report them as ours."""
    taken = {name: f"own_{name}" for name in COMPUTED if name in frame.columns}
    said = tuple(
        f"the column '{name}' of the data is kept as '{own}': '{name}' is what is computed for each row."
        for name, own in taken.items()
    )
    return frame.rename(columns=taken), said


def distance_columns(frame: pd.DataFrame, source: str, kind: Kind) -> dict[str, pd.Series[Any]]:
    """The columns ``DISTANCE`` of each row: from ``source``, or from the row's own training language.

    One of several training languages that the source of features lacks leaves its rows without a distance.

    Raises
    ------
    CrossliftError
        If it lacks the only one.
    """
    import pandas as pd

    languages = [str(code) for code in frame["language"].unique() if code != AVERAGE]
    sources = of_rows(frame, source)
    named = [*map(str, sources.unique())] or [source]
    tables = {
        code: typology.frame(languages, code, kind.measure, kind.recipe, kind.source_data).set_index("code")
        if len(named) == 1 or typology.has_features(code, kind)
        else _without_distance(languages, f"language trained on not in {kind.source.short}")
        for code in named
    }

    # Place of each row's pair in the tables one below the other; an average over languages (-1) has none.
    own = pd.Index(tables).get_indexer(pd.Index(sources))
    tested = pd.Index(languages).get_indexer(pd.Index(frame["language"]))
    place = np.where(tested >= 0, own * len(languages) + tested, -1)

    def of_pair(column: str) -> pd.Series[Any]:
        if len(tables) == 1:
            return frame["language"].map(next(iter(tables.values()))[column])
        whole = pd.concat([table[column].reindex(languages) for table in tables.values()], ignore_index=True)
        return whole.take(place).set_axis(frame.index).where(place >= 0)

    return {name: of_pair(column) for name, column in DISTANCE.items()}


def _without_distance(languages: list[str], why: str) -> pd.DataFrame:
    import pandas as pd

    empty = dict.fromkeys(("distance", "observed_share", "shared_features"), np.nan)
    return pd.DataFrame({**empty, "flag": why, "features_code": ""}, index=pd.Index(languages, name="code"))


def _corpus_column(frame: pd.DataFrame, corpus: str) -> pd.Series[float]:
    if corpus != OWN:
        return frame["language"].map(corpus_sizes(corpus)).astype(float)
    result = frame["language"].map(lambda _: np.nan).astype(float)
    for family, name in FAMILY_CORPUS.items():
        rows = frame["family"] == family
        result[rows] = frame.loc[rows, "language"].map(corpus_sizes(name)).astype(float)
    return result


def _family(code: str) -> str:
    """Genealogical family, for the table; a code outside the language table has none."""
    try:
        return resolve(code).family
    except UnknownLanguageError:
        return ""
