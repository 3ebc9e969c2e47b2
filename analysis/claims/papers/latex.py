"""Tables and prose of LaTeX: rows and cells by their own marks, the text of a cell by pylatexenc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...core.errors import CrossliftError
from .cells import PaperCell
from .tables import Grid

_TABULAR = re.compile(r"\\begin\{(tabular[*xy]?|tabulary|longtable|array)\}(.*?)\\end\{\1\}", re.DOTALL)
_RULE = re.compile(r"\\(?:hline|toprule|midrule|bottomrule|cmidrule(?:\([^)]*\))?\{[^}]*\}|cline\{[^}]*\}|specialrule)")
_MULTICOLUMN = re.compile(r"\\multicolumn\{(\d+)\}\{[^{}]*\}\s*\{(.*)\}\s*$", re.DOTALL)
_MULTIROW = re.compile(r"\\multirow(?:\[[^]]*\])?\{[^{}]*\}(?:\[[^]]*\])?\{[^{}]*\}\s*\{(.*)\}\s*$", re.DOTALL)
_BOLD = re.compile(r"\\(?:textbf|mathbf|bm|bf|bfseries|boldsymbol)\b")
_UNDER = re.compile(r"\\(?:underline|uline|ul)\b")
_SPREAD = re.compile(r"\\(?:pm|textpm)\b")


def read_latex(text: str) -> tuple[list[Grid], list[tuple[int, str]]]:
    """Every tabular of a source, and its lines of prose; rows without an environment are a table too."""
    plain = _without_comments(text)
    grids: list[Grid] = []
    prose = plain
    for match in _TABULAR.finditer(plain):
        grids.append(_grid(match[2], plain.count("\n", 0, match.start(2)) + 1, len(grids) + 1))
        prose = prose.replace(match[0], "\n" * match[0].count("\n"), 1)
    if not grids and re.search(r"&.*\\\\", plain):
        grids.append(_grid(plain, 1, 1))
        prose = ""
    start = re.search(r"\\begin\{document\}", prose)
    first = prose.count("\n", 0, start.end()) if start else 0
    lines = [
        (number, line) for number, line in enumerate(prose.splitlines(), start=1) if line.strip() and number > first
    ]
    return grids, [(number, words) for number, line in lines if (words := as_text(line))]


def _without_comments(text: str) -> str:
    return re.sub(r"(?<!\\)%[^\n]*", "", text)


def _grid(body: str, line: int, number: int) -> Grid:
    grid = Grid(f"table {number}")
    body = _without_columns(body)
    for row, at in _rows(body, line):
        if _RULE.search(row) and grid.rows:
            grid.breaks.add(len(grid.rows))
        plain = _RULE.sub("", row)
        if plain.strip():
            grid.rows.append([cell for part in _cells(plain) for cell in _expanded(part, at)])
    return grid


def _without_columns(body: str) -> str:
    """Without the arguments of the environment: its width and its columns, whose braces may nest."""
    rest = body
    while True:
        stripped = rest.lstrip()
        if stripped.startswith("["):
            rest = stripped[stripped.find("]") + 1 :]
            continue
        if not stripped.startswith("{"):
            return rest
        depth = 0
        for at, character in enumerate(stripped):
            depth += (character == "{") - (character == "}")
            if depth == 0:
                rest = stripped[at + 1 :]
                break
        else:
            return rest


def _rows(body: str, line: int) -> Iterator[tuple[str, int]]:
    at = 0
    for match in re.finditer(r"\\\\(?:\[[^]]*\])?|\\tabularnewline", body):
        row = body[at : match.start()]
        yield row, line + body.count("\n", 0, at + len(row) - len(row.lstrip()))
        at = match.end()
    yield body[at:], line + body.count("\n", 0, at)


def _cells(row: str) -> list[str]:
    """Split at ``&`` outside of braces."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(row):
        depth += (character == "{") - (character == "}")
        if character == "&" and depth == 0 and row[at - 1 : at] != "\\":
            parts.append(row[start:at])
            start = at + 1
    return [*parts, row[start:]]


def _expanded(part: str, line: int) -> Iterator[PaperCell]:
    """The cell, as often as it spans columns."""
    text, times = part.strip(), 1
    if match := _MULTICOLUMN.match(text):
        text, times = match[2].strip(), int(match[1])
    if match := _MULTIROW.match(text):
        text = match[1].strip()
    cell = PaperCell(as_text(text), bool(_BOLD.search(text)), bool(_UNDER.search(text)), line)
    for _ in range(times):
        yield cell


def as_text(latex: str) -> str:
    """Words of a piece of LaTeX; what is not understood stays out."""
    plain = _SPREAD.sub("±", latex)
    plain = re.sub(
        r"\\(?:textsuperscript|tnote|footnote|footnotemark|cite\w*|label|ref)\*?(?:\[[^]]*\])*\{[^{}]*\}", "", plain
    )
    plain = re.sub(r"\^\{?\s*(?:\\\w+|[*†‡§a-z]+)\s*\}?", "", plain)
    plain = (
        re.sub(r"_\{?\s*(?:±\s*)?([\d.]+)\s*\}?", r" ± \1", plain) if re.search(r"[\d}]\s*_\{?\s*±", plain) else plain
    )
    return " ".join(_converter().latex_to_text(plain).split())


@lru_cache(maxsize=1)
def _converter() -> Any:
    try:
        from pylatexenc.latex2text import LatexNodes2Text
    except ImportError as error:
        raise CrossliftError(
            "LaTeX takes the package pylatexenc, which is not installed.", "pip install 'crosslift[papers]'"
        ) from error
    return LatexNodes2Text(math_mode="text", keep_comments=False)
