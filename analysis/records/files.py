"""Files of scores: tables, as text wherever a message may have to quote a cell, and results of a harness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import RecordError, did_you_mean
from .harness import read_harness

if TYPE_CHECKING:
    import pandas as pd


#: Of results of the lm-evaluation-harness.
HARNESS = ".json"


class Read(NamedTuple):
    """The cells of a file, the line that the first row stands on (1 where lines have no header), and what to say."""

    table: pd.DataFrame
    first_line: int
    notices: tuple[str, ...] = ()


def read_table(path: Path) -> Read:
    """Read a file by the ending of its name.

    Raises
    ------
    RecordError
        If the file is missing, of an unknown kind, empty, or broken.
    """
    if not path.is_file():
        siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        raise RecordError(f"there is no file '{path}'.", did_you_mean(path.name, siblings))
    if path.suffix.lower() == HARNESS:
        results = read_harness(path)
        return Read(results.rows, 1, results.notices)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix in READERS), None)
    if kind is None:
        raise RecordError(
            f"'{path.name}' is not a kind of table that is read here.",
            f"Endings: {', '.join(READERS)}, also with .gz; {HARNESS} for results of the lm-evaluation-harness.",
        )
    if path.stat().st_size == 0:
        raise RecordError(f"'{path.name}' is empty.")
    try:
        return Read(READERS[kind](path), 1 if kind in (".jsonl", ".parquet") else 2)
    except RecordError:
        raise
    except Exception as error:  # the parsers raise many kinds; all mean that the file is not what its name says
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecordError(
            f"'{path.name}' cannot be read as {kind[1:].upper()}: {reason}.",
            "Check the delimiter, the quotes and the encoding (UTF-8).",
        ) from error


def _delimited(separator: str) -> Callable[[Path], pd.DataFrame]:
    def read(path: Path) -> pd.DataFrame:
        import pandas as pd

        table = pd.read_csv(
            path, sep=separator, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8-sig",
            skip_blank_lines=False,
        )  # fmt: skip
        if not isinstance(table.index, pd.RangeIndex):  # pandas takes the surplus for row names
            raise RecordError(
                f"'{path.name}', line 2: the row has more cells than the header has columns.",
                "Check the delimiter, and quote cells that contain it.",
            )
        if len(table.columns) == 1 and any(mark in str(table.columns[0]) for mark in ",;\t"):
            raise RecordError(
                f"'{path.name}' has one column, '{table.columns[0]}': its delimiter is another than its ending says.",
                "Save it with commas as .csv or with tabs as .tsv.",
            )
        return table

    return read


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path)


def _json_lines(path: Path) -> pd.DataFrame:
    import gzip
    import json

    import pandas as pd

    rows = []
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise RecordError(f"'{path.name}', line {number}: not JSON ({error.msg}).") from error
            if not isinstance(row, dict):
                raise RecordError(f"'{path.name}', line {number}: expected an object, found {type(row).__name__}.")
            rows.append(row)
    return pd.DataFrame(rows)


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".parquet": _parquet,
    ".jsonl": _json_lines,
}

#: Endings of all files that are read.
ENDINGS = (*READERS, HARNESS)
