"""Measure what a tokenizer makes of texts in many languages, for 'analyze fit --distances'.

For each language: the share of its pieces that also stand in the texts of a language trained on, pieces a word, unknown
pieces, different words per word, and the share of letters in the same scripts. Only the tokenizer is loaded. Texts are
a table with columns 'language' and 'text' (as tables of scores are read, also packed), or a directory of CODE.txt with
one text a line. Parallel texts make languages comparable.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "overlap of pieces with a language trained on, pieces a word, and more"
EXAMPLES = """examples:
  runner overlap me5-small --texts sib200.tsv.xz --split test --out overlap.csv
  runner overlap ./xlm-roberta-base --texts texts --source eng --source deu --out overlap.csv
  analyze fit --factor subword_overlap --distances overlap.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner overlap``."""
    parser.add_argument("model", help="a model as in a grid: its tokenizer is read, not its weights")
    parser.add_argument("--texts", metavar="PATH", required=True, help="a table of texts, or a directory of CODE.txt")
    parser.add_argument("--split", metavar="SPLIT", help="keep the rows of this split")
    parser.add_argument("--source", action="append", metavar="LANGUAGE",
                        help="a language trained on, or 'all'; may be repeated (default: eng)")  # fmt: skip
    parser.add_argument("--out", metavar="FILE", help="write a CSV that 'analyze --distances' takes")


def run(options: argparse.Namespace) -> int:
    """Measure, print and write."""
    from pathlib import Path

    from analysis.core.errors import CrossliftError
    from analysis.present.terminal import console, progress

    from ..models.catalog import find_model
    from ..overlap.measures import measure
    from ..overlap.pieces import load_tokenizer, tokenize_with
    from ..overlap.texts import language_of, read_texts
    from ..store.atomic import write_whole

    out = None if options.out is None else Path(options.out)
    if out is not None and out.suffix != ".csv":
        raise CrossliftError(f"the values cannot be written as '{out}'.", "Its name has to end with .csv.")
    if out is not None and not out.parent.is_dir():
        raise CrossliftError(f"there is no directory '{out.parent}' to write '{out.name}' to.", "Make it first.")
    card = find_model(options.model)
    texts = read_texts(Path(options.texts), options.split)
    wanted = options.source or ["eng"]
    sources = list(texts) if wanted == ["all"] else [language_of(texts, code) for code in wanted]
    with progress("reading the tokenizer") as say:
        tokenize = tokenize_with(load_tokenizer(card))
        found = measure(texts, list(dict.fromkeys(sources)), tokenize, say)
    found.insert(0, "tokenizer", card.name)
    if out is None:
        print_measures(found, console())
        return 0
    write_whole(out, found.to_csv(index=False, lineterminator="\n").encode())
    console(stderr=True).print(f"{len(texts):,} languages, {len(set(sources))} trained on: {out}")
    return 0


def print_measures(found: pd.DataFrame, out: Any) -> None:
    """The table."""
    from analysis.core.text import Table, number

    columns = [str(name) for name in found.columns]
    rows = tuple(
        tuple(value if isinstance(value, str) else number(value, 3) for value in row)
        for row in found.itertuples(index=False)
    )
    out.print(Table(tuple(name.replace("_", " ") for name in columns), rows).text())
