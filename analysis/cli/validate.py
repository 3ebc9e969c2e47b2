"""Check that scores can be read, summarise their contents, and write them as one table of records."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.text import Table, count
from ..present.terminal import console, write_csv
from ..records.read import read_inputs

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

SUMMARY = "check scores before fitting, or turn them into one table"
EXAMPLES = """examples:
  analyze validate scores.csv
  analyze validate scores.csv --map lang=language --map accuracy=score
  analyze validate results_DATE.json            # from the lm-evaluation-harness
  analyze validate results_DATE.json --set model=xglm-564M --set intermediate_task=squad --out squad.parquet"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze validate``."""
    parser.add_argument("file", nargs="+", help="CSV, TSV, Parquet, JSON Lines, or the harness's results_DATE.json")
    add_map(parser)
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE",
        help="a field that is the same in all rows of these files; may be repeated",
    )  # fmt: skip
    parser.add_argument("--out", metavar="FILE", help="write the records as .csv, or as .parquet with single items")


def add_map(parser: argparse._ActionsContainer) -> None:
    """``--map COLUMN=FIELD``."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=FIELD",
        help="the column of a file that contains a field of the record; may be repeated",
    )


def parse_map(given: list[str]) -> dict[str, str]:
    """Column to field from ``COLUMN=FIELD`` pairs; the column may have a ``=`` in its name."""
    return dict(_pair(text, text.rpartition("="), "--map", "COLUMN=FIELD", "lang=language") for text in given)


def parse_constants(given: list[str]) -> dict[str, str]:
    """Field to value from ``FIELD=VALUE`` pairs; the value may have a ``=`` in it."""
    return dict(_pair(text, text.partition("="), "--set", "FIELD=VALUE", "intermediate_task=squad") for text in given)


def _pair(text: str, parts: tuple[str, str, str], flag: str, form: str, example: str) -> tuple[str, str]:
    from ..core.errors import CrossliftError

    left, equals, right = (part.strip() for part in parts)
    if not equals or not left or not right:
        raise CrossliftError(f"{flag} '{text}' is not {form}.", f"For example {flag} {example}.")
    return left, right


def run(options: argparse.Namespace) -> int:
    """Read the files, print a summary, and write the records if requested."""
    from ..records.schema import NAMES

    out = console()
    read = read_inputs(options.file, parse_map(options.map), parse_constants(options.set))
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
    if options.out:
        _write(options.out, records, out)
    return 0


def _write(path: str, records: pd.DataFrame, out: Console) -> None:
    """Write the table. A CSV cell cannot hold results of single items, so that variances from it are not paired."""
    from pathlib import Path

    from ..core.errors import CrossliftError
    from ..records.items_parquet import detach_items

    ending = Path(path).suffix
    if ending not in (".csv", ".parquet"):
        raise CrossliftError(f"records cannot be written as '{path}'.", "Endings: .csv, .parquet.")
    items = "items" in records.columns and bool(records["items"].notna().any())
    if ending == ".csv":
        write_csv(path, records.drop(columns=["items", "cell"], errors="ignore"))
    else:
        try:
            (detach_items(records) if items else records).to_parquet(path, index=False)
        except OSError as error:
            raise CrossliftError(f"'{path}' cannot be written: {error.strerror}.") from error
    lost = (
        "; results of single items, which make variances paired, go into .parquet" if items and ending == ".csv" else ""
    )
    out.print(f"{count(len(records))} rows written to {path}{lost}.")


def _examples(column) -> str:  # type: ignore[no-untyped-def]
    values = [str(value) for value in column.dropna().unique()[:3]]
    return ", ".join(value if len(value) <= 24 else value[:23] + "…" for value in values)
