"""Printing and writing shared by all subcommands."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from ..core.text import Table, count

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from ..records.read import Source


def add_json(parser: argparse._ActionsContainer) -> None:
    """``--json FILE``, the machine-readable form of what is printed."""
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON ('-' for standard output)")


def console(stderr: bool = False) -> Console:
    """A console that prints text unchanged: no markup, no colours where the output is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def heading(out: Console, title: str) -> None:
    """A section title."""
    out.print(f"\n{title}", style="bold")


def print_input(out: Console, sources: Iterable[Source], dropped: Iterable[tuple[str, int]]) -> None:
    """What was read, and what was left out and why."""
    heading(out, "Data")
    rows = tuple((source.name, count(source.rows), source.sha256[:12]) for source in sources)
    out.print(Table(("source", "rows", "sha256"), rows).text())
    reasons = tuple((count(number), reason) for reason, number in dropped)
    if reasons:
        out.print("\n" + Table(("left out", "reason"), reasons).text())


def print_remarks(out: Console, notices: Iterable[str], warnings: Iterable[str]) -> None:
    """Remarks after an answer: first notes on the data, then warnings."""
    for word, lines in (("Note", notices), ("Warning", warnings)):
        for line in lines:
            out.print(f"\n  {word}: {line}", style="yellow")


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


def write_figure(path: str | None, draw: Callable[[str], object], out: Console, json: str | None) -> None:
    """Draw to a file, if one is requested, and print its name unless standard output is taken by ``--json -``."""
    if not path:
        return
    with progress("drawing"):
        draw(path)
    if json != "-":
        out.print(f"\nfigure: {path}")


def write_json(path: str, content: Mapping[str, Any], out: Console) -> None:
    """Write a result; ``-`` means standard output."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", out)


def write_text(path: str, text: str, out: Console) -> None:
    """Write text; ``-`` means standard output."""
    if path == "-":
        out.file.write(text)
        return
    _write(path, text)


def write_csv(path: str, frame: pd.DataFrame) -> None:
    """Write a tidy table."""
    _write(path, frame.to_csv(index=False, lineterminator="\n"))


def _write(path: str, text: str) -> None:
    target = Path(path)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CrossliftError(f"'{path}' cannot be written: {error.strerror}.") from error
