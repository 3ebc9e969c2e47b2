"""From files to records, gains and distances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

    from analysis.outcomes.build import Outcome
    from analysis.records.read import Source

    #: A bundled set's name, a file, a store, a table, or several of them.
    Data: TypeAlias = "str | Path | pd.DataFrame | Sequence[str | Path | pd.DataFrame] | None"


@dataclass(frozen=True, slots=True)
class Records:
    """Scores in the record schema.

    Attributes
    ----------
    frame
        One score per row.
    sources
        What was read: name, hash, rows.
    notices
        What was converted while reading.
    """

    frame: pd.DataFrame
    sources: tuple[Source, ...]
    notices: tuple[str, ...]


def read(data: Data, columns: Mapping[str, str] | None = None) -> Records:
    """Read bundled sets, files, stores and tables into the record schema.

    Parameters
    ----------
    data
        Names of bundled sets, paths, data frames of any library, or several of them.
    columns
        What your columns hold where their headings do not say it: a field (``{"lang": "language"}``), scores of one
        language (``{"col3": "score:language=de"}``), the arm (``{"setting": "arm:none"}``, the value without the
        intermediate stage), or ``-``; ``{"set:metric": "acc"}`` is the same in all rows. See ``docs/formats.md``.

    Raises
    ------
    RecordError
        If something is broken; the message says where.
    """
    from analysis.records.read import read_inputs

    found = read_inputs(as_sequence(data), columns)
    return Records(found.records, found.sources, found.notices)


def gains(
    data: Data = None,
    *,
    outcome: str = "gain",
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
    corpus: str = "cc100",
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Outcome:
    """Pair scores into gains or gaps and join distance, model size and corpus size; parameters as for ``fit``.

    Returns
    -------
    Outcome
        ``frame`` (one gain, gap or score per row, with every factor joined), ``dropped`` (rows left out, by reason),
        ``notices``, and the ``options`` in use.

    Raises
    ------
    CrossliftError
        If nothing can be paired; the message says what a pair needs and what was left out.
    """
    from analysis.outcomes.build import Options, read_outcome

    options = Options(outcome, source, measure or "", recipe, corpus, tuple(keep), metric, where, baseline, source_data)
    read_, found = read_outcome(as_sequence(data), columns, options, lambda _: None)
    return replace(found, notices=(*read_.notices, *found.notices))


def distances(
    languages: Iterable[str],
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
) -> pd.DataFrame:
    """Typological distances of languages from one, with the share of features that are observed.

    Parameters
    ----------
    languages
        Codes or names in any form: ``de``, ``deu``, ``zh-Hans``, ``German``.
    source
        The language to measure from; or a source of features, then from English.
    measure
        ``syntactic``, ``phonological``, ``inventory``, ``featural``, ``genetic`` or ``geographic`` of URIEL;
        ``morphological`` of URIEL+ and Grambank. The source's first if not given: ``featural`` of Grambank,
        ``syntactic`` of the others.
    recipe
        ``knn``, ``shared`` or ``published`` of URIEL; the others have one.
    source_data
        ``uriel``, ``uriel+`` or ``grambank``.

    Raises
    ------
    UnknownNameError
        If a language, measure or recipe is not known; the message names the nearest.
    """
    from analysis.languages.distances import frame
    from analysis.languages.feature_sources import read_source

    home, data = read_source(source, source_data)
    return frame(languages, home, measure, recipe, data)


def as_sequence(data: Data) -> tuple[str | pd.DataFrame, ...]:
    """One or several sources, as the questions take them."""
    if data is None:
        return ()
    from analysis.core.frames import is_frame

    several: Any = [data] if isinstance(data, (str, Path)) or is_frame(data) else data
    return tuple(str(item) if isinstance(item, Path) else item for item in several)
