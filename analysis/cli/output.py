"""What every subcommand prints and writes in the same way."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CrossliftError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def add_json(parser: argparse._ActionsContainer) -> None:
    """``--json FILE``, the machine-readable form of what is printed."""
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON ('-' for standard output)")


def console(stderr: bool = False) -> Console:
    """A console that leaves text as it is: no markup, no colours where the output is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def heading(out: Console, title: str) -> None:
    """A section title."""
    out.print(f"\n{title}", style="bold")


@contextmanager
def progress(words: str) -> Iterator[Any]:
    """A spinner on standard error while something long runs; nothing where that is not a terminal.

    Yields a function that replaces the words.
    """
    err = console(stderr=True)
    with err.status(words) as status:
        yield status.update


def write_json(path: str, content: Mapping[str, Any], out: Console) -> None:
    """Write a result; ``-`` means standard output."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
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
