"""Printing and writing shared by all subcommands."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..core.output import STDOUT, OutputFile, whole
from ..core.plain import plain
from ..core.text import Table, count
from .remarks import first_sentence, merged
from .screen import Screen

#: How many sources or reasons are named without ``--verbose``.
FEW = 6

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from ..records.read import Source


def add_json(parser: argparse._ActionsContainer) -> None:
    """``--json FILE``, the machine-readable form of what is printed."""
    parser.add_argument(
        "--json", metavar="FILE", type=OutputFile, help="write the result as JSON ('-' for standard output)"
    )


def console(stderr: bool = False) -> Console:
    """A console for bars and lines of progress: no markup, no colours where the output is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def add_verbose(parser: argparse._ActionsContainer) -> None:
    """``--verbose``: everything that is known, not only the answer, its table and what went in."""
    parser.add_argument("--verbose", action="store_true", help="print all that was read, fitted, checked and noted")


def print_answer(out: Screen, lines: Iterable[str]) -> None:
    """What a command opens with."""
    for i, line in enumerate(lines):
        out.print(line, style="bold" if i == 0 else None)


def print_input(out: Screen, sources: Iterable[Source], dropped: Iterable[tuple[str, int]], facts: str = "") -> None:
    """What went in, and what was left out and why: a few lines, or tables with ``--verbose``."""
    read = list(sources)
    reasons = [(reason, number) for reason, number in dropped if number]
    out.heading("What went in")
    if facts:
        out.print(f"  {facts}")
    if out.verbose:
        rows = tuple((source.name, count(source.rows), source.sha256[:12]) for source in read)
        out.print()
        out.print(Table(("source", "rows", "sha256"), rows))
        if reasons:
            out.print()
            out.print(Table(("left out", "reason"), tuple((count(number), reason) for reason, number in reasons)))
        return
    out.print(f"  read: {_first([f'{source.name} ({count(source.rows)} rows)' for source in read], ', ')}")
    if reasons:
        total = count(sum(number for _, number in reasons))
        largest = sorted(reasons, key=lambda item: -item[1])
        shown = _first([f"{count(number)} {_short(reason)}" for reason, number in largest], " · ")
        out.print(f"  left out: {total} rows: {shown}")


def _first(words: list[str], between: str) -> str:
    """The first few of a list, and how many more there are."""
    more = len(words) - FEW
    return between.join(words) if more < 2 else between.join([*words[:FEW], f"and {more} others"])


def _short(reason: str) -> str:
    """A reason for leaving rows out without what explains it."""
    return reason.split(": ")[0].split(" (")[0]


def print_remarks(out: Screen, notices: Iterable[str], warnings: Iterable[str]) -> None:
    """Remarks after an answer: first notes on the data, then warnings, alike ones as one.

    Without ``--verbose`` each is its first sentence; the last line says how to see the rest.
    """
    lines = [(word, line) for word, given in (("Note", notices), ("Warning", warnings)) for line in merged(given)]
    if not lines:
        if not out.verbose:
            _say_more(out)
        return
    out.print()
    for word, line in lines:
        shown = line if out.verbose else first_sentence(line)
        out.print(f"  {word}: {shown}", style="yellow" if word == "Warning" else None)
    if not out.verbose:
        _say_more(out)


def _say_more(out: Screen) -> None:
    out.print("\n  --verbose prints all that was read, left out, fitted and noted.")


@contextmanager
def progress(words: str) -> Iterator[Callable[[str], None]]:
    """A moving bar with elapsed time on standard error while something runs; nothing where that is not a terminal.

    Yields a function that replaces the words. The bar is indeterminate: how many steps a search takes is not
    known before it ends.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    err = console(stderr=True)
    columns = (BarColumn(bar_width=20), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(words, total=None)

        def say(text: str) -> None:
            bar.update(task, description=text)

        yield say


def write_figure(path: str | None, draw: Callable[[str], object], out: Screen, json: str | None) -> None:
    """Draw to a file, if one is requested, and print its name unless standard output is taken by ``--json -``."""
    if not path:
        return
    with progress("drawing"):
        draw(path)
    if json != STDOUT:
        out.print(f"\nfigure: {path}")


def write_json(path: str, content: Mapping[str, Any], out: Screen | Console) -> None:
    """Write a result; ``-`` means standard output, where what it cannot show is escaped."""
    made = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    encoding = getattr(out.file, "encoding", None)
    if path == STDOUT and plain(made, encoding) != made:
        made = json.dumps(content, indent=2, allow_nan=False) + "\n"
    write_text(path, made, out)


def write_text(path: str, text: str, out: Screen | Console) -> None:
    """Write text; ``-`` means standard output."""
    if path == STDOUT:
        out.file.write(text)
        return
    _write(path, text)


def write_csv(path: str, frame: pd.DataFrame) -> None:
    """Write a tidy table."""
    _write(path, frame.to_csv(index=False, lineterminator="\n"))


def _write(path: str, text: str) -> None:
    with whole(path) as file:
        file.write_text(text, encoding="utf-8", newline="\n")
