"""Print typological distances with their coverage."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from ..core.errors import CrossliftError
from ..core.text import Table, count, number
from ..languages.feature_sources import DEFAULT, SOURCES, FeatureSource, data_sha256, feature_source, read_source
from ..present.screen import Screen
from ..present.table_files import add_tables, write_tables
from ..present.terminal import add_json, write_json

if TYPE_CHECKING:
    from ..languages import distances as typology

SUMMARY = "typological distances of languages, with coverage"
EXAMPLES = """examples:
  analyze typology de sw zho
  analyze typology de sw zho --measure all
  analyze typology de sw zho --source grambank
  analyze typology fin --source hun --source-data uriel+ --measure morphological
  analyze typology fin --source hun --measure syntactic --recipe shared
  analyze typology de sw zho --recipe published --check-lang2vec"""
ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze typology``."""
    parser.add_argument("languages", nargs="+", metavar="LANGUAGE", help="language codes or names")
    parser.add_argument(
        "--source",
        default="eng",
        metavar="LANGUAGE|DATA",
        help=f"measure from this language (default: English), or in these features: {', '.join(SOURCES)}",
    )
    parser.add_argument(
        "--source-data", default=DEFAULT, metavar="DATA", help=f"{', '.join(SOURCES)} or all (default: {DEFAULT})"
    )
    measures = "; ".join(f"{source.name}: {', '.join(source.measures)}" for source in SOURCES.values())
    parser.add_argument(
        "--measure", default="", metavar="MEASURE", help=f"{measures}; or all (default: the source's first)"
    )
    recipes = "; ".join(f"{source.name}: {', '.join(source.recipes)}" for source in SOURCES.values())
    parser.add_argument("--recipe", metavar="RECIPE", help=f"{recipes} (default: the source's first)")
    parser.add_argument(
        "--check-lang2vec",
        action="store_true",
        help="with --recipe published: compare the features with those of the installed package lang2vec 1.1.2",
    )
    add_tables(parser, "typological distances")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one row per language, source of features and measure."""
    from ..languages import distances as typology
    from ..languages.codes import resolve

    out = Screen()
    every = ALL in (options.source, options.source_data)
    given = "eng" if options.source == ALL else options.source
    home, named = read_source(given, DEFAULT if every else options.source_data)
    source, sources = resolve(home), tuple(SOURCES.values()) if every else (feature_source(named),)
    rows = [
        item
        for own in sources
        for measure in _measures(own, options.measure, every)
        for item in typology.distances(options.languages, home, measure, options.recipe, source_data=own.name)
    ]
    checked = _check_lang2vec(options, rows, sources, home) if options.check_lang2vec else ""
    if options.json != "-":
        titles = "; ".join(own.title for own in sources)
        table = _table(rows, f"Distance from {source.name} ({source.iso}), 0 to 1 · {titles}", len(sources) > 1)
        out.print(table)
        if checked:
            out.print(f"\n{checked}")
    if options.csv:
        write_tables(options.csv, typology_frame(rows))
    if options.json:
        write_json(options.json, contract(rows, source.iso, sources), out)
    return 0


def _measures(source: FeatureSource, measure: str, every: bool) -> tuple[str, ...]:
    """The measures asked for; among all sources, those that this one has."""
    if measure == ALL:
        return source.measures
    if every and measure and measure not in source.measures:
        return ()
    return (measure,)


def _table(rows: list[typology.Distance], title: str, several: bool) -> Table:
    """One row a distance; the source of features is a column where there are several."""
    names = ("code", "language", "measure", "recipe", "distance", "shared features", "observed", "flag")
    cells = (
        (
            item.code,
            item.language,
            *((item.source_data,) if several else ()),
            item.measure,
            item.recipe,
            number(item.distance, 4),
            "" if item.shared_features is None else str(item.shared_features),
            "" if item.observed_share is None else f"{item.observed_share:.0%}",
            item.flag,
        )
        for item in rows
    )
    return Table((*names[:2], *(("source",) if several else ()), *names[2:]), tuple(cells), title=title)


def _check_lang2vec(
    options: argparse.Namespace, rows: list[typology.Distance], sources: tuple[FeatureSource, ...], home: str
) -> str:
    """Compare the distances asked for with those from the features of the installed package.

    Raises
    ------
    CrossliftError
        If these are not lang2vec's distances, if the package is not there, or if one differs.
    """
    from ..languages.lang2vec_check import differing

    if options.recipe != "published" or [own.name for own in sources] != [DEFAULT]:
        raise CrossliftError(
            "--check-lang2vec compares distances that lang2vec publishes.", "Add --recipe published, without --source."
        )
    compared, odd = differing(rows, home)
    if odd:
        raise CrossliftError(
            f"{len(odd)} of {compared} distances differ from those of the installed package: {'; '.join(odd)}."
        )
    return f"lang2vec 1.1.2, as installed, gives the same {count(compared)} distance{'s' if compared != 1 else ''}."


def contract(
    rows: list[typology.Distance], source: str, sources: tuple[FeatureSource, ...] = (SOURCES[DEFAULT],)
) -> dict[str, object]:
    """The JSON contract of ``typology``; a missing distance is null."""
    return {
        "command": "typology",
        "source": source,
        "sha256": data_sha256(sources[0].name),
        "data": [{"name": own.name, "title": own.title, "sha256": data_sha256(own.name)} for own in sources],
        "rows": [{**item._asdict(), "distance": None if math.isnan(item.distance) else item.distance} for item in rows],
    }


def typology_frame(rows: list[typology.Distance]):  # type: ignore[no-untyped-def]
    """The rows as a tidy table."""
    import pandas as pd

    from ..languages import distances as typology

    return pd.DataFrame(rows, columns=list(typology.Distance._fields))
