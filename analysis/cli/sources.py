"""Which sources of distance find a slope, and which do not: every source and every outcome in one table.

Each line is a model of its own: the default model with that distance, on the languages that its source has. Slopes are
in points per standard deviation of the distance over the languages, since distances have several spreads.
"""

from __future__ import annotations

import argparse

from ..present.deliver import deliver
from ..present.sources import print_sources
from ..present.table_files import add_tables
from ..present.terminal import add_json, add_verbose, progress
from .selection import add_rows, add_source, split
from .validate import parse_map

SUMMARY = "which sources of distance agree about gains and gaps"
EXAMPLES = """examples:
  analyze sources
  analyze sources --outcome gap --data scores.csv
  analyze sources --source grambank --slopes auto"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze sources``."""
    what = parser.add_argument_group("question")
    what.add_argument("--outcome", action="append", default=[], metavar="OUTCOME",
                      help="gain, gap or score; may be repeated (default: gain and gap)")  # fmt: skip
    add_source(what)
    what.add_argument("--recipe", metavar="RECIPE", help="of URIEL: knn, shared or published (default: knn)")
    what.add_argument("--slopes", default="none", metavar="POLICY",
                      help="none (one slope for all groups: quick), auto or all, as in 'analyze fit'")  # fmt: skip
    what.add_argument("--df", default="satterthwaite", metavar="METHOD", help="as in 'analyze fit'")
    add_rows(parser.add_argument_group("rows"))
    files = parser.add_argument_group("files")
    add_json(files)
    add_tables(files, "the slopes")
    add_verbose(files)


def run(options: argparse.Namespace) -> int:
    """Fit and print."""
    from ..outcomes.build import Options
    from ..questions.regression.run import Request
    from ..questions.regression.source_table import OUTCOMES, source_table

    request = Request(
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=Options(source=options.source, measure=options.measure, recipe=options.recipe,
                        keep=split(options.keep), metric=options.metric, where=options.where,
                        baseline=options.baseline, source_data=options.source_data),
        df=options.df,
        slopes=options.slopes,
        robustness="none",
    )  # fmt: skip
    with progress("reading") as say:
        found = source_table(request, tuple(dict.fromkeys(split(options.outcome))) or OUTCOMES, say)
    deliver(lambda out: print_sources(found, out), found.to_json, options.json,
            tables=[(options.csv, lambda: found.frame)], verbose=options.verbose)  # fmt: skip
    return 0
