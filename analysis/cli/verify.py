"""Check each printed claim against the data.

The registry holds the claims that five machine-made syntheses around Phang et al. 2020 list, each with the rows that
state it. A claimed 5.4 means 5.35 up to 5.45, and the cells it is built from are rounded as well. Verdicts: reproduced;
reproduced-under (some readings); consistent (missing cells could make it true; it says what they must be);
contradicted; not-checkable (it says which table would settle it). --documents reads such documents and checks each
for consistency; --tables adds tables that you have. With TABLE and --claim, claims about any table are checked instead
(docs/claims.md describes the language); --averages checks printed averages against the cells they are of.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..present.terminal import add_json, console, heading, write_json, write_text

if TYPE_CHECKING:
    from ..claims.audit.printed_tables import Block
    from ..claims.registry import Registry
    from ..claims.xtreme.user_tables import Supplied
    from ..core.text import Table

SUMMARY = "a second look at printed claims"
EXAMPLES = """examples:
  analyze verify
  analyze verify --show average-gain
  analyze verify --documents papers/ --json verdicts.json
  analyze verify --template tables.csv
  analyze verify --tables tables.csv
  analyze verify --results sweep/
  analyze verify --plot gain.png
  analyze verify --averages
  analyze verify scores.csv --claim 'mean(gain) = 5.4' --claim "argmax(score by model) = 'XLM-R'"
  analyze verify scores.csv --claims claims.txt --items n_items --strict --html verdicts.html"""

#: Exit status under --strict if a claim is contradicted.
CONTRADICTED = 1


@dataclass(slots=True)
class Report:
    """Sections to print, the JSON content, and whether something is contradicted."""

    sections: list[tuple[str, Sequence[str | Table]]] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    contradicted: bool = False
    pictures: dict[str, tuple[bytes, str]] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze verify``."""
    group = parser.add_argument_group("claims of the registry")
    group.add_argument("--documents", metavar="DIR", help="read the documents (.txt, .md) of a directory")
    group.add_argument(
        "--show",
        action="append",
        default=[],
        metavar="CLAIM",
        help="print readings and evidence of a claim in full, or of 'all' (default: average-gain)",
    )
    group.add_argument("--tables", metavar="FILE", help="tables that you have: a filled --template")
    group.add_argument("--template", nargs="?", const="-", metavar="FILE",
                       help="write a CSV of the missing tables to fill in, and stop")  # fmt: skip
    group.add_argument("--results", nargs="+", metavar="STORE|FILE",
                       help="compare your own results with the claims' directions")  # fmt: skip
    group.add_argument("--plot", metavar="FILE", help="draw the average gain task by task (.png, .svg, .pdf)")
    group = parser.add_argument_group("claims about any table")
    group.add_argument(
        "table", nargs="?", metavar="TABLE", help="a file (CSV, TSV, Parquet, JSON Lines) or bundled set"
    )
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
    group.add_argument("--markdown", metavar="FILE", help="write what is printed as Markdown ('-': standard output)")
    group.add_argument("--html", metavar="FILE", help="write what is printed as one HTML file")
    add_json(group)


def run(options: argparse.Namespace) -> int:
    """Verify and print."""
    out = console()
    if options.template:
        from ..claims.xtreme.template import template

        write_text(options.template, template(), out)
        return 0
    if options.plot:
        from .selection import check_figure

        check_figure(options.plot)
    _check_combination(options)
    if options.table:
        report = _over_table(options)
    elif options.averages is not None:
        report = _averages(options.averages)
    else:
        report = _registry(options)
    if "-" not in (options.json, options.markdown, options.html):
        for title, blocks in report.sections:
            heading(out, title)
            for block in blocks:
                out.print(block if isinstance(block, str) else block.text())
    if options.markdown:
        write_text(options.markdown, markdown(report.sections), out)
    if options.html:
        from ..claims.present.page import page

        write_text(options.html, page("A second look at printed claims", report.sections, report.pictures), out)
    if options.json:
        write_json(options.json, report.content, out)
    return CONTRADICTED if options.strict and report.contradicted else 0


def _check_combination(options: argparse.Namespace) -> None:
    """Refuse options that would silently have no effect."""
    from ..core.errors import CrossliftError

    stated = bool(options.claim or options.claims)
    if stated and not options.table:
        raise CrossliftError("--claim needs a table.", "analyze verify TABLE --claim 'mean(gain) = 5.4'")
    if options.table and not stated:
        raise CrossliftError(f"no claim is made about '{options.table}'.", "Add --claim 'mean(COLUMN) = VALUE'.")
    registry = [name for name in ("documents", "show", "tables", "results", "plot") if getattr(options, name)]
    table = [name for name in ("under", "items", "scale") if getattr(options, name)]
    table += ["decimals"] if options.decimals is not None else []
    averages = options.averages is not None
    if registry and (options.table or averages):
        raise CrossliftError(
            f"--{registry[0]} is about the registry; leave out {'TABLE' if options.table else '--averages'}."
        )
    if table and not options.table:
        raise CrossliftError(f"--{table[0]} is about a table.", "analyze verify TABLE --claim 'mean(gain) = 5.4'")
    if averages and options.table:
        raise CrossliftError("--averages and TABLE are two questions: give one of them.")
    if options.decimals is not None and options.decimals < 0:
        raise CrossliftError(f"--decimals {options.decimals} is negative.")


def _registry(options: argparse.Namespace) -> Report:
    from ..claims.documents.parse import read_directory
    from ..claims.documents.self_consistency import account
    from ..claims.present import registry as report
    from ..claims.registry import registry
    from ..claims.verify import verify

    known = registry()
    shown = options.show or ["average-gain"]
    names = list(known.claims) if "all" in shown else [known.find(name).id for name in shown]
    documents = read_directory(options.documents) if options.documents else ()
    own = None
    if options.tables:
        from ..claims.xtreme.user_tables import read_supplied

        own = read_supplied(options.tables)
    outcomes = verify(known, own)
    accounts = [account(document) for document in documents]
    by_name = {outcome.claim.id: outcome for outcome in outcomes}
    made = Report(content=report.contract(outcomes, known, accounts, documents))
    made.contradicted = any(outcome.verdict == "contradicted" for outcome in outcomes)
    made.sections = [
        ("Verdicts", [report.verdict_table(outcomes, known), report.tally(outcomes)]),
        ("In full", [block for name in names for block in report.details(by_name[name], known)]),
        ("Flags", [*report.flag_lines(outcomes, known), report.calibration_table(outcomes)]),
    ]
    if own is not None:
        lines = [
            f"{own.name}: {len(own.scores)} scores and {len(own.sizes)} sizes; {own.empty} rows are empty",
            *own.mismatches(),
        ]
        made.sections.append(("Tables", lines))
        made.content["data"] = [{"name": own.name, "sha256": own.sha256, "rows": len(own.scores) + len(own.sizes)}]
    if documents:
        lines = report.document_lines(accounts, documents, known)
        made.sections.append(("Documents", [report.document_table(accounts), *lines]))
    if options.results:
        _replication(options.results, known, made)
    if options.plot or (options.html and "average-gain" in names):
        svg = _draw(options.plot, own)
        made.pictures["In full"] = (svg, "The average gain task by task, with the claimed mean")
    return made


def _replication(names: Sequence[str], known: Registry, made: Report) -> None:
    from ..claims.present.tables import replication_blocks, replication_json
    from ..claims.xtreme.replication import replicate

    found = replicate(names, known)
    made.sections.append(("Results", replication_blocks(found)))
    made.content["replication"] = replication_json(found)


def _over_table(options: argparse.Namespace) -> Report:
    from ..claims.language import check_claim, read_sheet
    from ..claims.language.evaluate import Settings
    from ..claims.present.tables import claim_blocks, claim_json

    settings = Settings(options.decimals, _scale(options.scale), options.items, options.under or "")
    sheet = read_sheet(options.table)
    found = [check_claim(sheet, claim, settings) for claim in [*options.claim, *_claims(options.claims)]]
    return Report(
        [(sheet.name, claim_blocks(found))],
        {
            "command": "verify",
            "claims": [claim_json(item) for item in found],
            "documents": [],
            "data": [{"name": sheet.name, "sha256": sheet.sha256, "rows": sheet.rows}],
        },
        any(item.verdict == "contradicted" for item in found),
    )


def _claims(path: str | None) -> list[str]:
    """Claims of a file; a ``#`` outside quotes cannot be part of a claim."""
    from pathlib import Path

    from ..core.errors import CrossliftError

    if path is None:
        return []
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CrossliftError(f"'{path}' cannot be read: {error}.") from error
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise CrossliftError(f"'{path}' does not contain a claim.", "Write one per line.")
    return found


def _scale(given: Sequence[str] | None) -> Any:
    from ..claims.language.sheet import as_number
    from ..core.errors import CrossliftError

    if given is None:
        return None
    low, high = (as_number(text) for text in given)
    if low is None or high is None or low >= high:
        raise CrossliftError(f"--scale {' '.join(given)} is not two numbers, the smaller one first.")
    return low, high


def _averages(names: Sequence[str]) -> Report:
    from ..claims.audit.averages import check_averages
    from ..claims.audit.granularity import check_granularity
    from ..claims.audit.language_order import check_profiles
    from ..claims.audit.printed_tables import bundled_blocks
    from ..claims.present import tables as show

    blocks = _blocks(names)
    named = {block.name for block in blocks}
    others = tuple(block for block in bundled_blocks() if block.name not in named) if names else ()
    averages, profiles = check_averages(blocks, others), check_profiles(blocks, others)
    grains = check_granularity(blocks)
    return Report(
        [
            ("Averages", show.average_blocks(averages)),
            ("Granularity", show.granularity_blocks(grains)),
            ("Order of languages", show.profile_blocks(profiles)),
        ],
        {
            "command": "verify",
            "claims": [],
            "documents": [],
            "averages": [show.average_json(item) for item in averages],
            "granularity": [show.granularity_json(item) for item in grains],
            "profiles": [show.profile_json(item) for item in profiles],
            "data": [{"name": b.name, "sha256": b.sha256, "rows": len(b.frame)} for b in blocks],
        },
        any(item.verdict == "contradicted" for item in averages),
    )


def _blocks(names: Sequence[str]) -> tuple[Block, ...]:
    """Bundled sets by name, and files; all bundled sets if nothing is named."""
    from ..claims.audit.printed_tables import bundled_blocks, printed_block
    from ..records.read import read_inputs

    if not names:
        return tuple(bundled_blocks())
    found = []
    for name in names:
        read = read_inputs([name])
        found.append(printed_block(read.sources[0].name, read.sources[0].sha256, read.records))
    return tuple(found)


def _draw(path: str | None, own: Supplied | None) -> bytes:
    """The figure of the average gain: saved as ``path`` if given, and as SVG."""
    from io import BytesIO

    from ..claims.xtreme.decomposition import decompose
    from ..claims.xtreme.partial_averages import Tables, bundled_tables
    from ..claims.xtreme.printed_scores import TASKS, Cells
    from ..claims.xtreme.template import BEST
    from ..plots.decomposition import plot_decomposition
    from ..plots.style import figure, save

    tables = None
    if own is not None:
        cells = own.cells("test", BEST)
        if any(cells.gain(task) is not None for task in TASKS):
            tables = Tables(cells, Cells(own.name, {}), bundled_tables().baseline)
    svg = BytesIO()
    with figure(7.2, 4.2) as (made, ax):
        plot_decomposition(decompose(tables=tables), ax)
        if path:
            save(made, path)
        made.savefig(svg, format="svg", metadata={"Date": None})
    return svg.getvalue()


def markdown(sections: Sequence[tuple[str, Sequence[str | Table]]]) -> str:
    """The sections as a Markdown document."""
    parts = []
    for title, blocks in sections:
        parts.append(f"## {title}")
        parts += [block.strip() if isinstance(block, str) else block.markdown() for block in blocks]
    return "\n\n".join(parts) + "\n"
