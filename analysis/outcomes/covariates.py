"""Predictors of a gain: typological distance, model size, pretraining-corpus size.

Sizes enter as base-2 logarithms, so that a slope reads "points per doubling".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError, UnknownLanguageError, unknown_name
from ..languages import distances as typology
from ..languages.codes import AVERAGE, resolve
from ..languages.uriel import data_sha256
from ..records import bundled as datasets
from .sources import of_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Factor:
    """A predictor that ``--factor`` names.

    Attributes
    ----------
    name, column
        What ``--factor`` takes, and its column.
    step, words
        The step that sentences report a slope for, in the column's unit and in words.
    level
        What it is a property of: ``language`` (pairs of languages too), ``model``, …
    over
        What a sentence calls it.
    """

    name: str
    column: str
    step: float
    words: str
    level: str
    over: str

    @property
    def level_words(self) -> str:
        """The level as a sentence names it."""
        return self.level.replace("_", " ")


FACTORS = {
    "typology": Factor("typology", "typology", 0.1, "0.1 of typological distance", "language", "typological distance"),
    "size": Factor("size", "log_params", 1.0, "doubling of model size", "model", "model size"),
    "corpus": Factor(
        "corpus",
        "log_corpus",
        1.0,
        "doubling of the language's pretraining corpus",
        "language",
        "the language's pretraining corpus",
    ),
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """A pretraining corpus: columns of the covariates table (the first found is used), and the divisor to its unit."""

    name: str
    columns: tuple[str, ...]
    divisor: float
    unit: str


CORPORA = {
    "cc100": Corpus("cc100", ("xlmr_paper_gib", "xlmr_cc100_gib"), 1.0, "GiB of CC-100"),
    "mc4": Corpus("mc4", ("mc4_tokens_b",), 1.0, "billion tokens of mC4"),
    "wikipedia": Corpus("wikipedia", ("mbert_wikidump_bytes",), 2.0**30, "GiB of Wikipedia"),
    "roots": Corpus("roots", ("roots_bytes",), 2.0**30, "GiB of ROOTS"),
}
#: The corpus that a model family was pretrained on.
FAMILY_CORPUS = {"XLM-R": "cc100", "BLOOM": "roots", "mT5": "mc4", "mBERT": "wikipedia"}
#: Also accepted as a corpus: each model's own.
OWN = "own"


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
    named = [str(own) for own in sources.unique()] or [source]
    tables = {own: _distances(languages, own, measure, recipe, len(named) > 1) for own in named}

    # Place of each row's pair in the tables one below the other; an average over languages (-1) has none.
    own = pd.Index(tables).get_indexer(pd.Index(sources))
    tested = pd.Index(languages).get_indexer(pd.Index(frame["language"]))
    place = np.where(tested >= 0, own * len(languages) + tested, -1)

    def of_pair(column: str) -> pd.Series[Any]:
        if len(tables) == 1:
            return frame["language"].map(next(iter(tables.values()))[column])
        whole = pd.concat([table[column].reindex(languages) for table in tables.values()], ignore_index=True)
        return whole.take(place).set_axis(frame.index).where(place >= 0)

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


def _distances(languages: list[str], source: str, measure: str, recipe: str | None, several: bool) -> pd.DataFrame:
    """Distances from one source by language; missing where it is one of several and has no features itself."""
    import pandas as pd

    try:
        return typology.frame(languages, source, measure, recipe).set_index("code")
    except CrossliftError:
        if not several:
            raise
        missing = {"distance": np.nan, "observed_share": np.nan, "flag": "the language trained on has no features"}
        return pd.DataFrame({**missing, "features_code": ""}, index=pd.Index(languages))


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
