"""Read a paper: its tables and its lines of prose, by the ending of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from ...core.errors import CrossliftError
from ..documents.parse import decode
from .cells import PaperCell
from .latex import read_latex
from .tables import Grid, PaperTable


@dataclass(frozen=True, slots=True)
class Paper:
    """What was read of a paper.

    Attributes
    ----------
    name
        Of the file.
    tables
        Those that have numbers.
    prose
        Lines of text outside tables, each with its line (or page).
    unit
        ``line``, or ``page`` for a PDF.
    """

    name: str
    tables: tuple[PaperTable, ...]
    prose: tuple[tuple[int, str], ...] = ()
    unit: str = "line"


def read_paper(path: str | Path) -> Paper:
    """Read ``.tex``, ``.md``, ``.html``, ``.pdf``, ``.csv``, ``.tsv`` or ``.xlsx``.

    Raises
    ------
    CrossliftError
        If there is no such file, its ending is another, or a package that reads it is not installed.
    """
    file = Path(path)
    if not file.is_file():
        raise CrossliftError(f"there is no file '{path}'.")
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise CrossliftError(
            f"'{file.name}' is not a kind of paper that is read here.", f"Endings: {', '.join(READERS)}."
        )
    grids, prose = reader(file)
    tables = [table for grid in grids if (table := grid.finish()) is not None]
    return Paper(file.name, tuple(tables), tuple(prose), "page" if file.suffix.lower() == ".pdf" else "line")


Content = tuple[list[Grid], list[tuple[int, str]]]


def _latex(path: Path) -> Content:
    return read_latex(_text(path))


def _markdown(path: Path) -> Content:
    """Pipe tables and prose; tables of HTML within are read as such."""
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise _not_installed("markdown-it-py", path) from error
    text = _text(path)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    grids: list[Grid] = []
    prose: list[tuple[int, str]] = []
    inside = False
    line = 0
    for token in tokens:
        if token.map and token.type in ("tr_open", "paragraph_open", "heading_open", "html_block"):
            line = token.map[0] + 1
        if token.type == "table_open":
            grids.append(Grid(f"table {len(grids) + 1}"))
            inside = True
        elif token.type == "table_close":
            inside = False
        elif token.type == "tr_open":
            grids[-1].rows.append([])
        elif token.type == "html_block":
            found, _ = read_html(token.content, len(grids))
            grids += found
        elif token.type == "inline" and inside:
            bold = any(child.type == "strong_open" for child in token.children or ())
            words = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
            under = "<u>" in token.content
            grids[-1].rows[-1].append(PaperCell(words.strip(), bold, under, line))
        elif token.type == "inline":
            prose.append((line, " ".join(token.content.split())))
    return grids, prose


def _html(path: Path) -> Content:
    return read_html(_text(path))


def read_html(text: str, before: int = 0) -> Content:
    """Tables and paragraphs of HTML."""
    parser = _Html(before)
    parser.feed(text)
    return parser.grids, parser.prose


class _Html(HTMLParser):
    """Rows of cells of every table, spans expanded, and the text outside of them."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.grids: list[Grid] = []
        self.prose: list[tuple[int, str]] = []
        self._before, self._depth, self._skip = before, 0, 0
        self._cell: list[str] | None = None
        self._bold = self._under = False
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._skip += 1
        if tag == "table":
            self._depth += 1
            self.grids.append(Grid(f"table {self._before + len(self.grids) + 1}"))
        elif tag == "tr" and self._depth:
            self.grids[-1].rows.append([])
        elif tag in ("td", "th") and self._depth:
            self._cell, self._bold, self._under = [], False, False
            self._span = int(dict(attrs).get("colspan") or 1)
        elif tag in ("b", "strong"):
            self._bold = True
        elif tag == "u":
            self._under = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._skip -= 1
        if tag == "table":
            self._depth -= 1
        elif tag in ("td", "th") and self._cell is not None and self.grids[-1].rows:
            words = " ".join("".join(self._cell).split())
            cell = PaperCell(words, self._bold, self._under, self.getpos()[0])
            self.grids[-1].rows[-1] += [cell] * self._span
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        elif not self._depth and not self._skip and data.strip():
            self.prose.append((self.getpos()[0], " ".join(data.split())))


def _delimited(separator: str) -> Callable[[Path], Content]:
    def read(path: Path) -> Content:
        import csv
        from io import StringIO

        grid = Grid(path.stem)
        text = _text(path)
        for at, row in enumerate(csv.reader(StringIO(text), delimiter=separator), start=1):
            grid.rows.append([_marked(cell, at) for cell in row])
        return [grid], []

    return read


def _marked(text: str, line: int) -> PaperCell:
    """A cell of a spreadsheet that keeps the markup of where it was copied from."""
    plain = re.sub(r"\\(?:textbf|mathbf|bf)\s*\{?([^{}]*)\}?", r"**\1**", text.strip())
    bold = "**" in plain
    return PaperCell(plain.replace("**", "").strip("$ "), bold, "\\underline" in text, line)


def _workbook(path: Path) -> Content:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise _not_installed("openpyxl", path) from error
    grids = []
    for sheet in load_workbook(path, data_only=True).worksheets:
        grid = Grid(sheet.title)
        for at, row in enumerate(sheet.iter_rows(), start=1):
            grid.rows.append([_of_workbook(cell, at) for cell in row])
        grids.append(grid)
    return grids, []


def _of_workbook(cell: Any, line: int) -> PaperCell:
    """A cell as its number format prints it."""
    value = cell.value
    text = "" if value is None else str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        decimals = re.search(r"0\.(0+)", str(cell.number_format))
        text = f"{value:.{len(decimals[1])}f}" if decimals else f"{value:.15g}"
    return PaperCell(text.strip(), bool(cell.font and cell.font.b), bool(cell.font and cell.font.u), line)


def _pdf(path: Path) -> Content:
    """Tables as their rules and columns of words show them; bold by the name of the font."""
    try:
        import pdfplumber
    except ImportError as error:
        raise _not_installed("pdfplumber", path) from error
    grids: list[Grid] = []
    prose: list[tuple[int, str]] = []
    with pdfplumber.open(path) as document:
        for number, page in enumerate(document.pages, start=1):
            boxes = []
            for found in page.find_tables() or page.find_tables(
                {"vertical_strategy": "text", "horizontal_strategy": "text"}
            ):
                grid = Grid(f"table {len(grids) + 1}")
                for row in found.rows:
                    grid.rows.append([_of_page(page, box, number) for box in row.cells])
                grids.append(grid)
                boxes.append(found.bbox)
            rest = page
            for box in boxes:
                rest = rest.outside_bbox(box)
            prose += [(number, line) for line in (rest.extract_text() or "").splitlines() if line.strip()]
    return grids, prose


def _of_page(page: Any, box: tuple[float, float, float, float] | None, number: int) -> PaperCell:
    if box is None:
        return PaperCell("", line=number)
    from pdfplumber.utils.text import extract_text

    left, top, right, bottom = box
    inside = [
        character
        for character in page.chars
        if left <= (character["x0"] + character["x1"]) / 2 < right
        and top <= (character["top"] + character["bottom"]) / 2 < bottom
    ]
    fonts = [str(character["fontname"]).lower() for character in inside if str(character["text"]).strip()]
    bold = bool(fonts) and all("bold" in font or "-bd" in font or "black" in font for font in fonts)
    return PaperCell(" ".join(extract_text(inside).split()), bold, line=number)


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes())
    except UnicodeDecodeError as error:
        raise CrossliftError(f"'{path.name}' is neither UTF-8 nor UTF-16 text.") from error


def _not_installed(package: str, path: Path) -> CrossliftError:
    return CrossliftError(
        f"'{path.name}' takes the package {package}, which is not installed.", "pip install 'crosslift[papers]'"
    )


READERS: Mapping[str, Callable[[Path], Content]] = {
    ".tex": _latex,
    ".md": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".xlsx": _workbook,
}
