"""Print typological distances with their coverage."""

from __future__ import annotations

import argparse
import math

from ..core.text import Table, number
from ..languages import distances as typology
from ..languages.codes import resolve
from ..languages.uriel import data_sha256
from ..present.screen import Screen
from ..present.table_files import add_tables, write_tables
from ..present.terminal import add_json, write_json

SUMMARY = "typological distances of languages, with coverage"
EXAMPLES = """examples:
  analyze typology de sw zho
  analyze typology de sw zho --measure all
  analyze typology fin --source hun --measure syntactic --recipe shared"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze typology``."""
    parser.add_argument("languages", nargs="+", metavar="LANGUAGE", help="language codes or names")
    parser.add_argument("--source", default="eng", metavar="LANGUAGE", help="measure from here (default: English)")
    parser.add_argument(
        "--measure",
        default="syntactic",
        metavar="MEASURE",
        help=f"{', '.join(typology.MEASURES)} or all (default: syntactic)",
    )
    parser.add_argument("--recipe", metavar="RECIPE", help=f"{', '.join(typology.RECIPES)} (default: knn)")
    add_tables(parser, "typological distances")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one row per language and measure."""
    out = Screen()
    measures = typology.MEASURES if options.measure == "all" else (options.measure,)
    source = resolve(options.source)
    rows = [
        item
        for measure in measures
        for item in typology.distances(options.languages, options.source, measure, options.recipe)
    ]
    if options.json != "-":
        table = Table(
            ("code", "language", "measure", "recipe", "distance", "shared features", "observed", "flag"),
            tuple(
                (
                    item.code,
                    item.language,
                    item.measure,
                    item.recipe,
                    number(item.distance, 4),
                    "" if item.shared_features is None else str(item.shared_features),
                    "" if item.observed_share is None else f"{item.observed_share:.0%}",
                    item.flag,
                )
                for item in rows
            ),
            title=f"Distance from {source.name} ({source.iso}), 0 to 1 · URIEL, data {data_sha256()[:12]}",
        )
        out.print(table)
    if options.csv:
        write_tables(options.csv, typology_frame(rows))
    if options.json:
        write_json(options.json, contract(rows, source.iso), out)
    return 0


def contract(rows: list[typology.Distance], source: str) -> dict[str, object]:
    """The JSON contract of ``typology``; a missing distance is null."""
    return {
        "command": "typology",
        "source": source,
        "sha256": data_sha256(),
        "rows": [{**item._asdict(), "distance": None if math.isnan(item.distance) else item.distance} for item in rows],
    }


def typology_frame(rows: list[typology.Distance]):  # type: ignore[no-untyped-def]
    """The rows as a tidy table."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(typology.Distance._fields))
