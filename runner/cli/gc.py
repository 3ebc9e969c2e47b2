"""Drop checkpoints that no pending stage needs, and what killed processes left behind. Results stay."""

from __future__ import annotations

import argparse

SUMMARY = "drop checkpoints that nothing needs"
EXAMPLES = """examples:
  runner gc sweep --dry-run
  runner gc sweep"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner gc``."""
    parser.add_argument("store", help="the directory of a sweep")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be dropped")
    parser.add_argument("--damaged", action="store_true", help="drop damaged cells too, to evaluate them again")


def run(options: argparse.Namespace) -> int:
    """Drop, and say what."""
    from pathlib import Path

    from ..store.gc import collect
    from ..store.store import Store

    found = collect(Store.open(Path(options.store)), dry=options.dry_run, damaged=options.damaged)
    verb = "would be dropped" if options.dry_run else "dropped"
    parts = [f"{len(found.checkpoints):,} checkpoints", f"{len(found.leftovers):,} left-overs of killed processes"]
    if options.damaged:
        parts.append(f"{len(found.damaged):,} damaged cells")
    print(f"{', '.join(parts)} {verb}: {found.freed / 2**20:,.1f} MiB")
    return 0
