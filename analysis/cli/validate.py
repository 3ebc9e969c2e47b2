"""Check that a table of scores can be read, and say what it holds."""

from __future__ import annotations

import argparse

from ..inputs import read_inputs
from ..tables import Table, count
from .output import console

SUMMARY = "check a table of scores before fitting"
EXAMPLES = """examples:
  analyze validate scores.csv
  analyze validate scores.csv --map lang=language --map accuracy=score"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze validate``."""
    parser.add_argument("file", nargs="+", help="CSV, TSV, Parquet or JSON Lines")
    add_map(parser)


def add_map(parser: argparse._ActionsContainer) -> None:
    """``--map COLUMN=FIELD``."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=FIELD",
        help="the column of a file that holds a field of the record; may be repeated",
    )


def parse_map(given: list[str]) -> dict[str, str]:
    """Column to field from ``COLUMN=FIELD`` pairs."""
    from ..errors import CrossliftError

    mapping = {}
    for pair in given:
        column, equals, target = pair.rpartition("=")
        if not equals or not column.strip() or not target.strip():
            raise CrossliftError(f"--map '{pair}' is not COLUMN=FIELD.", "For example --map lang=language.")
        mapping[column.strip()] = target.strip()
    return mapping


def run(options: argparse.Namespace) -> int:
    """Read the files and print what they hold."""
    from ..records import NAMES

    out = console()
    read = read_inputs(options.file, parse_map(options.map))
    for source in read.sources:
        out.print(f"{source.name}: {count(source.rows)} rows, sha256 {source.sha256[:12]}")
    for notice in read.notices:
        out.print(f"Note: {notice}")
    records = read.records
    rows = tuple(
        (
            str(name),
            count(int(records[name].notna().sum())),
            count(int(records[name].nunique())),
            _examples(records[name]),
        )
        for name in records.columns
        if records[name].notna().any()
    )
    out.print(Table(("column", "filled", "different", "for example"), rows).text())
    extra = [str(name) for name in records.columns if name not in NAMES]
    if extra:
        out.print(f"\nColumns outside the record schema, kept for formulas and --where: {', '.join(extra)}")
    return 0


def _examples(column) -> str:  # type: ignore[no-untyped-def]
    values = [str(value) for value in column.dropna().unique()[:3]]
    return ", ".join(value if len(value) <= 24 else value[:23] + "…" for value in values)
