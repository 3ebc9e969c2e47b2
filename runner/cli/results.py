"""Write the results of a store as one table of records, which analyze fit and analyze validate read as it is.

The tidy table has one row for each cell and metric. A store can also be given to analyze fit --data directly.
"""

from __future__ import annotations

import argparse

SUMMARY = "results of a store as CSV or Parquet"
EXAMPLES = """examples:
  runner results sweep > scores.csv
  runner results sweep --out scores.parquet
  runner results sweep --baseline steps --out controlled.csv && analyze fit --factor typology --data controlled.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner results``."""
    parser.add_argument("store", help="the directory of a sweep")
    parser.add_argument("--out", metavar="FILE", help="a .csv or .parquet file (default: CSV on standard output)")
    parser.add_argument(
        "--baseline",
        default="plain",
        metavar="BASELINE",
        help="plain, or steps: pair with baselines that trained as many steps (default: plain)",
    )
    parser.add_argument("--mixed", action="store_true", help="read cells of different revisions together")


def run(options: argparse.Namespace) -> int:
    """Write the table."""
    import sys
    from pathlib import Path

    from analysis.core.errors import CrossliftError, unknown_name
    from analysis.outcomes.baselines import BASELINES, against
    from analysis.present.terminal import console
    from analysis.records.schema import complete
    from analysis.records.sweep import check_revisions, store_records
    from analysis.store.layout import read_store

    from ..store.atomic import write_whole

    out = None if options.out is None else Path(options.out)
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise CrossliftError(f"results cannot be written as '{out}'.", "Endings: .csv, .parquet.")
    if options.baseline not in BASELINES:
        raise unknown_name("baseline", options.baseline, BASELINES)
    content = read_store(Path(options.store))
    if not options.mixed:
        check_revisions(content)
    frame = complete(against(store_records(content), options.baseline))
    frame["items"] = frame["items"].astype("str")  # their hash: a file of this kind does not hold the results
    err = console(stderr=True)
    for name, reason in content.damaged:
        err.print(f"Warning: left out cells/{name}: {reason}.")
    if out is None:
        sys.stdout.write(frame.to_csv(index=False, lineterminator="\n"))
        return 1 if content.damaged else 0
    if not out.parent.is_dir():
        raise CrossliftError(f"there is no directory '{out.parent}' to write '{out.name}' to.", "Make it first.")
    if out.suffix == ".csv":
        write_whole(out, frame.to_csv(index=False, lineterminator="\n").encode())
    else:
        write_whole(out, frame.to_parquet(index=False))
    err.print(f"{len(frame):,} rows of {len(content.cells):,} cells: {out}")
    return 1 if content.damaged else 0
