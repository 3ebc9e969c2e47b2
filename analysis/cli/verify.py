"""Check each printed claim against the data.

The registry holds the claims that five machine-made syntheses around Phang et al. 2020 list, each with the rows that
state it. A claimed 5.4 means 5.35 up to 5.45, and the cells behind it are rounded as well. Verdicts: reproduced;
reproduced-under (some readings); consistent (missing cells could make it true; it says what they must be);
contradicted; not-checkable (it says which table would settle it). --documents reads such documents and checks each
for consistency; --tables adds tables that you have. With TABLE and --claim, claims about any table are checked instead
(docs/claims.md describes the language); --averages checks printed averages against the cells they are of.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.output import OutputFile
from ..present.deliver import deliver, save_figure
from ..present.figure_file import FigureFile
from ..present.screen import Screen
from ..present.terminal import add_json, add_verbose, write_json, write_text
from ..present.verdicts import as_markdown, as_page, draw, find_verdicts, print_verdicts
from .selection import add_look, read_look

if TYPE_CHECKING:
    from ..claims.request import VerifyRequest
    from ..present.verdicts import Verdicts

SUMMARY = "a second look at printed claims"
EXAMPLES = """examples:
  analyze verify
  analyze verify --show average-gain
  analyze verify --documents papers/ --json verdicts.json
  analyze verify --template tables.csv
  analyze verify --tables tables.csv
  analyze verify --results sweep/
  analyze verify --plot gain.png
  analyze verify paper.tex --strict --annotate
  analyze verify --averages
  analyze verify scores.csv --claim 'mean(gain) = 5.4' --claim "argmax(score by model) = 'XLM-R'"
  analyze verify scores.csv --claims claims.txt --items n_items --strict --html verdicts.html"""

#: Exit status under --strict if a claim is contradicted.
CONTRADICTED = 1
#: Exit status if a line of a file of claims cannot be read; the other lines are checked all the same.
BROKEN = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze verify``."""
    group = parser.add_argument_group("claims of the registry")
    group.add_argument(
        "--documents", metavar="PATH", help="a document that lists claims (.txt, .md, .csv), or a directory of them"
    )
    group.add_argument(
        "--show",
        action="append",
        default=[],
        metavar="CLAIM",
        help="print readings and evidence of a claim in full, or of 'all' (default: average-gain)",
    )
    group.add_argument("--tables", metavar="FILE", help="tables that you have: a filled --template")
    group.add_argument("--template", nargs="?", const="-", metavar="FILE", type=OutputFile,
                       help="write a CSV of the missing tables to fill in, and stop")  # fmt: skip
    group.add_argument("--results", nargs="+", metavar="STORE|FILE",
                       help="compare your own results with the claims' directions")  # fmt: skip
    group.add_argument(
        "--plot", metavar="FILE", type=FigureFile, help="draw the average gain task by task (.png, .svg, .pdf)"
    )
    add_look(group)
    group = parser.add_argument_group("claims about any table")
    group.add_argument(
        "table", nargs="?", metavar="TABLE",
        help="a file (CSV, TSV, Parquet, JSON Lines) or bundled set; without --claim a paper or its table (.tex, .md, "
        ".html, .pdf, .csv, .tsv, .xlsx): its averages, differences, emphasis and the numbers of its prose are checked",
    )  # fmt: skip
    group.add_argument("--accept", metavar="FILE", help="readings that are accepted (verify.toml), for a paper")
    group.add_argument("--claim", action="append", default=[], metavar="TEXT", help="such as 'mean(gain) = 5.4'")
    group.add_argument("--claims", metavar="FILE", help="a file of claims, one per line; '#' starts a comment")
    group.add_argument("--under", metavar="COLUMN", help="check separately within each value of a column")
    group.add_argument("--items", default="", metavar="N|COLUMN",
                       help="number of test items: only scores that a count can give are possible")  # fmt: skip
    group.add_argument("--scale", nargs=2, metavar=("LOW", "HIGH"), help="least and largest value of an empty cell")
    group.add_argument("--decimals", type=int, metavar="N", help="decimals that cells are printed with (default: seen)")
    group = parser.add_argument_group("printed averages")
    group.add_argument("--averages", nargs="*", metavar="NAME|FILE",
                       help="printed averages against their cells, and accuracies against their numbers of items, in "
                       "tables of records (default: every bundled set)")  # fmt: skip
    group = parser.add_argument_group("output")
    group.add_argument("--strict", action="store_true", help="exit with status 1 if a claim is contradicted")
    group.add_argument("--annotate", action="store_true", help="print GitHub annotations of a paper's findings")
    group.add_argument("--sarif", metavar="FILE", type=OutputFile, help="write a paper's findings as SARIF")
    group.add_argument(
        "--markdown", metavar="FILE", type=OutputFile, help="write what is printed as Markdown ('-': standard output)"
    )
    group.add_argument("--html", metavar="FILE", type=OutputFile, help="write what is printed as one HTML file")
    add_json(group)
    add_verbose(group)


def run(options: argparse.Namespace) -> int:
    """Verify and print."""
    if options.template:
        from ..claims.xtreme.template import template

        write_text(options.template, template(), Screen())
        return 0
    if options.plot:
        _check_plot(options)
    found = find_verdicts(_request(options))
    if options.plot:
        save_figure(lambda: draw(found), read_look(options), options.plot)
    taken = "-" in (options.markdown, options.html)
    deliver(lambda out: None if taken else print_verdicts(found, out), lambda: found.content, options.json,
            verbose=options.verbose)  # fmt: skip
    if options.annotate or options.sarif:
        _mark(options, found)
    for path, text in ((options.markdown, as_markdown), (options.html, as_page)):
        if path:
            write_text(path, text(found), Screen())
    if found.problems:
        return BROKEN
    return CONTRADICTED if options.strict and found.contradicted else 0


def _request(options: argparse.Namespace) -> VerifyRequest:
    from ..claims.language.evaluate import Settings
    from ..claims.request import VerifyRequest, read_claims, read_scale

    listed = read_claims(options.claims) if options.claims else {}
    return VerifyRequest(
        table=options.table,
        claims=(*options.claim, *listed.values()),
        places=dict(enumerate(listed, start=len(options.claim))),
        averages=None if options.averages is None else tuple(options.averages),
        documents=options.documents,
        show=tuple(options.show),
        tables=options.tables,
        results=tuple(options.results or ()),
        accept=options.accept,
        settings=Settings(options.decimals, read_scale(options.scale) if options.scale else None, options.items,
                          options.under or ""),
    )  # fmt: skip


def _mark(options: argparse.Namespace, found: Verdicts) -> None:
    """Findings of a paper where an editor or a review shows them."""
    from ..claims.present.papers import github_annotations, sarif
    from ..core.errors import CrossliftError

    if found.paper is None:
        raise CrossliftError("--annotate and --sarif are about a paper.", "analyze verify paper.tex --annotate")
    out = Screen()
    if options.annotate:
        for line in github_annotations(found.paper, options.table, found.findings):
            out.print(line)
    if options.sarif:
        write_json(options.sarif, sarif(found.paper, options.table, found.findings), out)


def _check_plot(options: argparse.Namespace) -> None:
    """Refuse a figure that could not be drawn or saved, before anything is computed."""
    from ..core.errors import CrossliftError

    if options.table or options.averages is not None:
        raise CrossliftError(f"--plot is about the registry; leave out {'TABLE' if options.table else '--averages'}.")
