"""Say of each printed claim what the data show.

The registry holds the claims that five machine-made syntheses around Phang et al. 2020 list, each with the rows that
state it. A claimed 5.4 means 5.35 up to 5.45, and the cells it is built from are rounded as well. Verdicts: reproduced;
reproduced-under (some readings); consistent (missing cells could make it true; it says what they must be);
contradicted; not-checkable (it says which table would settle it). --documents reads such documents and holds each
against itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .output import add_json, console, heading, write_json, write_text

if TYPE_CHECKING:
    from ..tables import Table

SUMMARY = "a second look at printed claims"
EXAMPLES = """examples:
  analyze verify
  analyze verify --show average-gain
  analyze verify --documents papers/ --json verdicts.json
  analyze verify --markdown verdicts.md --strict"""

#: Exit status under --strict if a claim is contradicted.
CONTRADICTED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze verify``."""
    parser.add_argument("--documents", metavar="DIR", help="read the documents (.txt, .md) of a directory")
    parser.add_argument(
        "--show",
        action="append",
        default=[],
        metavar="CLAIM",
        help="print readings and evidence of a claim in full, or of 'all' (default: average-gain)",
    )
    parser.add_argument("--strict", action="store_true", help="exit with status 1 if a claim is contradicted")
    parser.add_argument("--markdown", metavar="FILE", help="write what is printed as Markdown ('-': standard output)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Verify and print."""
    from ..claims import report
    from ..claims.checks import verify
    from ..claims.documents import read_directory
    from ..claims.registry import registry
    from ..claims.statements import account

    known = registry()
    shown = options.show or ["average-gain"]
    names = list(known.claims) if "all" in shown else [known.find(name).id for name in shown]
    documents = read_directory(options.documents) if options.documents else ()
    outcomes = verify(known)
    accounts = [account(document) for document in documents]
    by_name = {outcome.claim.id: outcome for outcome in outcomes}
    sections: list[tuple[str, Sequence[str | Table]]] = [
        ("Verdicts", [report.verdict_table(outcomes, known), report.tally(outcomes)]),
        ("In full", [block for name in names for block in report.details(by_name[name], known)]),
        ("Flags", [*report.flag_lines(outcomes, known), report.calibration_table(outcomes)]),
    ]
    if documents:
        lines = report.document_lines(accounts, documents, known)
        sections.append(("Documents", [report.document_table(accounts), *lines]))
    out = console()
    if "-" not in (options.json, options.markdown):
        for title, blocks in sections:
            heading(out, title)
            for block in blocks:
                out.print(block if isinstance(block, str) else block.text())
    if options.markdown:
        write_text(options.markdown, markdown(sections), out)
    if options.json:
        write_json(options.json, report.contract(outcomes, known, accounts, documents), out)
    return CONTRADICTED if options.strict and any(o.verdict == "contradicted" for o in outcomes) else 0


def markdown(sections: Sequence[tuple[str, Sequence[str | Table]]]) -> str:
    """The sections as a Markdown document."""
    parts = []
    for title, blocks in sections:
        parts.append(f"## {title}")
        parts += [block.strip() if isinstance(block, str) else block.markdown() for block in blocks]
    return "\n\n".join(parts) + "\n"
