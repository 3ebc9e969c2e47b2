"""List the tasks that a grid may name: kind, languages, training examples, metrics, source and licence."""

from __future__ import annotations

import argparse
from typing import Any

SUMMARY = "tasks that a grid may name"
EXAMPLES = """examples:
  runner tasks
  runner tasks --data-dir DIRECTORY
  runner tasks sib200 --json -"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner tasks``."""
    parser.add_argument("names", nargs="*", metavar="TASK", help="only these (default: all)")
    parser.add_argument(
        "--data-dir", metavar="DIRECTORY", help="count the files there, and list its own tasks.toml too"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write JSON, with languages and revisions ('-' for standard output)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    from pathlib import Path

    from analysis.present.terminal import console, write_json

    from ..tasks.catalog import find_task
    from ..tasks.load import cards_at_hand, origin

    folder = Path(options.data_dir) if options.data_dir else None
    cards, notes = cards_at_hand(folder)
    chosen = [find_task(name, cards) for name in options.names or cards]
    found = [(card, *origin(card.name, folder)) for card in chosen]
    out = console()
    if options.json != "-":
        print_tasks(found, out)
        for note in dict.fromkeys(notes[card.name] for card in chosen if card.name in notes):
            out.print(f"  Note: {note}")
    if options.json:
        write_json(options.json, {"command": "tasks", "tasks": [_entry(*row) for row in found]}, out)
    return 0


def print_tasks(found: list[tuple[Any, str, str]], out: Any) -> None:
    """The table of tasks."""
    from analysis.core.text import Table, count

    header = ("task", "kind", "languages", "test", "train", "metrics", "source", "licence")
    rows = tuple(
        (
            card.name,
            card.kind,
            count(len(card.languages)),
            count(sum(card.languages.values())),
            count(card.train_examples),
            ", ".join(card.metrics),
            source,
            licence,
        )
        for card, source, licence in found
    )
    out.print(Table(header, rows).text())


def _entry(card: Any, source: str, licence: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(card), "languages": dict(card.languages), "source": source, "licence": licence}
