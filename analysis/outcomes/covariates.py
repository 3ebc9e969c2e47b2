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
from ..languages.uriel import data_sha256
from ..records import bundled as datasets
from .factors import CORPORA, FACTORS, FAMILY_CORPUS, OWN, Factor
from .sources import of_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CORPORA", "FACTORS", "FAMILY_CORPUS", "OWN", "Factor", "add_factors", "corpus_sizes"]


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
    measure: str = "syntactic",
    recipe: str | None = None,
    corpus: str = "cc100",
) -> pd.DataFrame:
    """Join the factors to a table of outcomes.

    Adds ``typology`` (0–1) with its provenance (``observed_share``, ``typology_flag``, ``features_code``,
    ``typology_recipe``, ``typology_data``), ``log_params`` (base 2, zero at 1 billion parameters), ``log_corpus``
    (base 2, zero at one unit of the corpus) and ``language_family``. Distance is from ``source``, or from each row's
    own training language where it has one. Columns that the table already has are kept.
    """
    import pandas as pd

    languages = [str(code) for code in frame["language"].unique() if code != AVERAGE]
    sources = of_rows(frame, source)
    tables = {
        str(own): typology.frame(languages, str(own), measure, recipe).set_index("code") for own in sources.unique()
    } or {source: typology.frame(languages, source, measure, recipe).set_index("code")}

    def of_pair(column: str) -> pd.Series[Any]:
        if len(tables) == 1:
            return frame["language"].map(next(iter(tables.values()))[column])
        parts = [frame.loc[sources == own, "language"].map(table[column]) for own, table in tables.items()]
        return pd.concat(parts).reindex(frame.index)

    joined = {
        "typology": of_pair("distance"),
        "observed_share": of_pair("observed_share"),
        "typology_flag": of_pair("flag"),
        "features_code": of_pair("features_code"),
        "typology_recipe": f"{measure}, {typology.check_recipe(measure, recipe)}, from "
        + (next(iter(tables)) if len(tables) == 1 else "each row's training language"),
        "typology_data": data_sha256()[:12],
        "language_family": frame["language"].map({code: _family(code) for code in languages}),
        "log_params": np.log2(frame["params_m"].where(frame["params_m"] > 0) / 1000.0),
        "log_corpus": np.log2(_corpus_column(frame, corpus)),
    }
    new = {name: column for name, column in joined.items() if name not in frame.columns}
    return pd.concat([frame, pd.DataFrame(new, index=frame.index)], axis=1)


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
