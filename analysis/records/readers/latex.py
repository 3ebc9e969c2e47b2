r"""Tables in LaTeX: ``tabular`` and its kin, with ``\textbf``, ``\multicolumn``, ``\multirow`` and rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import RecordError
from ..cells import plain
from .grid import from_rows
from .text import read_text

if TYPE_CHECKING:
    import pandas as pd

_TABLE = re.compile(r"\\begin\{(tabular\*?|tabularx|tabulary|longtable|array|tblr)\}(.*?)\\end\{\1\}", re.DOTALL)
_RULES = re.compile(
    r"\\(?:toprule|midrule|bottomrule|hline|addlinespace|endhead|endfirsthead|endfoot|endlastfoot|specialrule)"
    r"(?:\[[^\]]*\])?|\\(?:cmidrule|cline)(?:\([^)]*\))?(?:\[[^\]]*\])?\{[^}]*\}"
)
_SPAN = re.compile(r"^\s*\\multicolumn\s*\{(\d+)\}\s*\{[^}]*\}\s*\{(.*)\}\s*$", re.DOTALL)
_ROWS = re.compile(r"\\multirow\s*\{(\d+)\}\s*(?:\[[^\]]*\])?\{[^}]*\}\s*(?:\[[^\]]*\])?\{(.*)\}\s*$", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*")


def read(path: Path) -> pd.DataFrame:
    """The first table of the file.

    Raises
    ------
    RecordError
        If there is none.
    """
    text = "\n".join(_COMMENT.sub("", line) for line in read_text(path).splitlines())
    found = _TABLE.search(text)
    body = _without_preamble(found[2]) if found else text
    rows: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}
    for line in re.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline", _RULES.sub(" ", body)):
        if "&" not in line:
            continue
        cells: list[str] = []
        for part in re.split(r"(?<!\\)&", line):
            _add(cells, below, part)
        rows.append(cells)
    if len(rows) < 2:
        raise RecordError(f"'{path.name}' has no LaTeX table.", "A table has rows with & that end in \\\\.")
    return from_rows(rows)


def _without_preamble(body: str) -> str:
    """Without the width and the columns, whose braces may be nested."""
    text = body.lstrip()
    text = re.sub(r"^\[[^\]]*\]", "", text).lstrip()
    while text.startswith("{"):
        depth, end = 0, 0
        for end, mark in enumerate(text, start=1):  # noqa: B007
            depth += (mark == "{") - (mark == "}")
            if depth == 0:
                break
        head, text = text[:end], text[end:].lstrip()
        if re.search(r"[lcrXpS]", head) and "textwidth" not in head and "linewidth" not in head:
            break
    return text


def _add(cells: list[str], below: dict[int, tuple[int, str]], part: str) -> None:
    span = _SPAN.match(part)
    inside = span[2] if span else part
    tall = _ROWS.search(inside)
    text = plain(re.sub(r"\\[a-zA-Z]+\s*(?=[^a-zA-Z{]|$)", " ", tall[2] if tall else inside))
    at = len(cells)
    if tall:
        below[at] = (int(tall[1]) - 1, text)
    elif not text and at in below and below[at][0] > 0:
        left, text = below[at]
        below[at] = (left - 1, text)
    cells += [text] * (int(span[1]) if span else 1)
