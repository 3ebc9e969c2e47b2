"""Files of scores: tables, as text wherever a message may have to quote a cell, and results of harnesses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import RecordError, did_you_mean
from .harnesses import is_rows, read_lines, read_printed, read_results, read_tree
from .readers import columnar, html, json_lines, latex, markdown, spreadsheet
from .readers.delimited import delimited
from .readers.text import PACKED

if TYPE_CHECKING:
    import pandas as pd

    from .readers.results import Results


#: Of results of a harness.
HARNESS = ".json"


class Read(NamedTuple):
    """The cells of a file, the line that the first row stands on (1 where lines have no header), and what to say.

    ``points`` tells that scores are points already, whatever their size.
    """

    table: pd.DataFrame
    first_line: int
    notices: tuple[str, ...] = ()
    points: bool = False


def read_table(path: Path) -> Read:
    """Read a file by the ending of its name, or a directory of results.

    Raises
    ------
    RecordError
        If the file is missing, of an unknown kind, empty, or broken.
    """
    if path.is_dir():
        return _of_harness(read_tree(path))
    if not path.is_file():
        siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        raise RecordError(f"there is no file '{path}'.", did_you_mean(path.name, siblings))
    kind = _ending(path)
    if kind not in (*READERS, HARNESS):
        raise RecordError(
            f"'{path.name}' is not a kind of table that is read here.",
            f"Endings: {', '.join(READERS)}, also packed ({', '.join(PACKED)}); {HARNESS} for results of harnesses.",
        )
    if path.stat().st_size == 0:
        raise RecordError(f"'{path.name}' is empty.")
    try:
        return _read(path, kind)
    except RecordError:
        raise
    except Exception as error:  # the parsers raise many kinds; all mean that the file is not what its name says
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecordError(
            f"'{path.name}' cannot be read as {kind[1:].upper()}: {reason}.",
            "Check the delimiter, the quotes and the encoding (UTF-8).",
        ) from error


def _read(path: Path, kind: str) -> Read:
    if kind == HARNESS:
        found = read_results(path)
        return Read(found.rows, 1, found.notices, points=not is_rows(path))
    lines = read_lines(path) if kind in (".jsonl", ".ndjson") else None
    if lines is not None:
        return _of_harness(lines)
    table = READERS[kind](path)
    printed = read_printed(table) if kind == ".md" else None
    if printed is not None:
        return _of_harness(printed)
    return Read(table, 2 if kind in _HEADED else 1)


def _of_harness(found: Results) -> Read:
    return Read(found.rows, 1, found.notices, points=True)


def _ending(path: Path) -> str:
    """The ending that says the format: the one before that of a packed file."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": delimited(","),
    ".tsv": delimited("\t"),
    ".txt": delimited("\t"),
    ".parquet": columnar.parquet,
    ".feather": columnar.arrow,
    ".arrow": columnar.arrow,
    ".jsonl": json_lines.read,
    ".ndjson": json_lines.read,
    ".md": markdown.read,
    ".tex": latex.read,
    ".html": html.read,
    ".htm": html.read,
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"), spreadsheet.read),
}
_HEADED = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")

#: Endings of all files that are read.
ENDINGS = (*READERS, HARNESS)
