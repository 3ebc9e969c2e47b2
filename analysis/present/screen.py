"""Where a command prints: text and tables folded to the terminal, in characters that the output can show."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from io import StringIO
from typing import TYPE_CHECKING, TextIO

from ..core.errors import CrossliftError
from ..core.fold import fold
from ..core.plain import plain
from ..core.text import Table

if TYPE_CHECKING:
    from rich.console import Console

#: Narrower terminals break lines themselves.
NARROWEST = 60
#: Prose is hard to read in longer lines; tables use the whole width.
PROSE = 110


def screen_width(terminal: bool) -> int | None:
    """Columns to fold to: ``COLUMNS`` where it is set, the width of a terminal, else none (a file or a pipe)."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated):
        return max(int(stated), NARROWEST)
    return max(shutil.get_terminal_size().columns, NARROWEST) if terminal else None


class Screen:
    """Standard output, or another text file, as all commands print to it.

    Attributes
    ----------
    file
        The file itself, for what must not be folded (JSON, CSV).
    width
        Columns that text and tables are folded to; ``None`` for none.
    verbose
        Whether everything that is known is printed, or the answer, its table and what went in.
    """

    def __init__(self, file: TextIO | None = None, width: int | None = None, verbose: bool = False) -> None:
        self.file: TextIO = file or sys.stdout or StringIO()  # a program without a console has no standard output
        self.verbose = verbose
        self._reader_left = False
        self._console = _terminal(self.file) if file is None else None
        self.width = width or (screen_width(self._console is not None) if file is None else None)

    def print(self, block: str | Table = "", style: str | None = None, whole: bool = False) -> None:
        """A text or a table and a line break.

        Parameters
        ----------
        block
            What to print.
        style
            Bold or a colour, for terminals alone.
        whole
            Leave lines unfolded: a command has to be copied as it stands.

        Raises
        ------
        CrossliftError
            If the output cannot be written, as on a full disk.
        """
        encoding = getattr(self.file, "encoding", None)
        if isinstance(block, Table):
            text = plain(_plain_table(block, encoding).text(self.width), encoding)
        else:
            text = plain(block, encoding)
            text = text if whole else fold(text, self.width and min(self.width, PROSE))
        self._write(text, style)

    def heading(self, title: str) -> None:
        """A section title, with an empty line above."""
        self.print(f"\n{title}", style="bold")

    def _write(self, text: str, style: str | None) -> None:
        if self._reader_left:
            return
        try:
            if self._console is not None and style:
                self._console.print(text, style=style)
            else:
                self.file.write(text + "\n")
        except OSError as error:
            # Whoever reads has seen enough, and the files that were asked for are still to be written.
            self._reader_left = isinstance(error, BrokenPipeError) or (
                os.name == "nt" and error.errno == errno.EINVAL  # how Windows says so
            )
            if self._reader_left:
                return
            raise CrossliftError(f"the output cannot be written: {error.strerror}.") from error


def _terminal(file: TextIO) -> Console | None:
    """A console for styles (it knows ``NO_COLOR`` and the consoles of Windows), if the output is a terminal."""
    if not file.isatty():
        return None
    from rich.console import Console

    found = Console(file=file, markup=False, highlight=False, emoji=False, soft_wrap=True)
    return found if found.is_terminal else None


def _plain_table(table: Table, encoding: str | None) -> Table:
    """A table in characters that the output can show, before it is laid out."""

    def shown(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(plain(cell, encoding) for cell in cells)

    rows = tuple(map(shown, table.rows))
    return Table(shown(table.columns), rows, plain(table.title, encoding), shown(table.notes))
