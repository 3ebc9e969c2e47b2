"""Tables in files: CSV, Parquet, LaTeX (booktabs), Markdown and HTML, all of the same frame."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core.output import check_file, whole
from ..core.text import Table
from ..core.text import number as rounded

if TYPE_CHECKING:
    import pandas as pd

#: Kinds of files, by the option that asks for one.
KINDS = {"csv": "CSV", "parquet": "Parquet", "latex": "LaTeX (booktabs)", "markdown": "Markdown", "html": "HTML"}
_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "∞": r"$\infty$",
}  # fmt: skip


class TableFile(NamedTuple):
    """A file asked for: its kind, its path, and what the table shows."""

    kind: str
    path: str
    words: str

    def check(self) -> None:
        """Refuse what cannot be written, before anything is computed."""
        check_file(self.path)


def add_tables(group: argparse._ActionsContainer, words: str) -> None:
    """``--csv``, ``--parquet``, ``--latex``, ``--markdown`` and ``--html``, all of the table that ``words`` name."""
    for kind, name in KINDS.items():
        group.add_argument(f"--{kind}", action="append", dest="csv", metavar="FILE", type=_asked(kind, words),
                           help=f"write {words} as {name}")  # fmt: skip


def _asked(kind: str, words: str) -> Callable[[str], TableFile]:
    def asked(path: str) -> TableFile:
        return TableFile(kind, path, words)

    return asked


def write_tables(files: str | Iterable[TableFile], frame: pd.DataFrame) -> None:
    """Write a table into every file asked for; a plain path is CSV.

    Raises
    ------
    CrossliftError
        If a file cannot be written.
    """
    for file in [TableFile("csv", files, "")] if isinstance(files, str) else files:
        with whole(file.path) as target:
            if file.kind == "parquet":
                frame.to_parquet(target, index=False)
            else:
                target.write_text(_text(file, frame), encoding="utf-8", newline="\n")


def _text(file: TableFile, frame: pd.DataFrame) -> str:
    if file.kind == "csv":
        return str(frame.to_csv(index=False, lineterminator="\n"))
    title = file.words[:1].upper() + file.words[1:]
    rows = tuple(tuple(_cell(cell) for cell in row) for row in frame.itertuples(index=False))
    table = Table(tuple(str(name) for name in frame.columns), rows, title)
    if file.kind == "latex":
        return latex(table, "tab:" + (re.sub(r"[^a-z0-9]+", "-", Path(file.path).stem.lower()).strip("-") or "table"))
    return (table.markdown() if file.kind == "markdown" else table.html()) + "\n"


def latex(table: Table, label: str) -> str:
    """A table in LaTeX with the rules of booktabs, a caption and a label."""
    numeric = [all(_is_number(row[j]) for row in table.rows) for j in range(len(table.columns))]
    lines = [r"\begin{table}", r"\centering", rf"\caption{{{_escaped(table.title)}}}", rf"\label{{{label}}}",
             rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in numeric)}}}", r"\toprule"]  # fmt: skip
    rows = [" & ".join(map(_escaped, row)) + r" \\" for row in (table.columns, *table.rows)]
    return "\n".join([*lines, rows[0], r"\midrule", *rows[1:], r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"


def _cell(value: object) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, float):
        return rounded(value, 3)
    return str(value)


def _is_number(text: str) -> bool:
    return text == "–" or re.fullmatch(r"[−-]?[\d.,]+(e[+−-]?\d+)?|∞|−∞", text) is not None


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(mark, mark) for mark in text)
