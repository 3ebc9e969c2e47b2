"""A report from an executed notebook: one HTML file that needs no network, and the same as Markdown."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from ..core.text import Table
from .bibliography import bibtex
from .execute import Executed
from .numbers import Numbers, NumbersError
from .prose import fill, replace_blocks
from .session import FIGURES, read_numbers

if TYPE_CHECKING:
    from jinja2 import Environment
    from markdown_it import MarkdownIt

#: Names of the table and the figure that stand with the answer, in the report and in the index.
KEY, STRIP = "key", "strip"
#: Bytes above which a figure goes into the page as PNG: a cloud of points is smaller as pixels.
LARGEST_SVG = 600_000


@dataclass(frozen=True, slots=True)
class Page:
    """A written report; ``key`` and ``strip`` are the numbers and the picture of its answer, where it has them."""

    name: str
    title: str
    answer: str
    path: Path
    seconds: float
    key: Table | None = None
    strip: str = ""


def write_page(executed: Executed, index: str = "../index.html") -> Page:
    """Render prose from ``numbers.json`` and write ``NAME.html`` and ``NAME.md`` next to it.

    Raises
    ------
    CrossliftError
        If the prose names a number, figure or table that the run did not record; the cell is named.
    """
    name, out = executed.notebook.name, executed.out
    content = read_numbers(out)
    cells = _cells(executed, content)
    pictures = {item["name"]: item for item in content["figures"]}
    tables = {item["name"]: _table(item) for item in content["tables"]}
    closing = _closing(content)
    prose = [str(text) for kind, text in cells if kind == "markdown"]
    markdown = "\n\n".join([*prose, closing]) + "\n"
    markdown = replace_blocks(
        markdown,
        lambda key: _figure_markdown(pictures[key]) if key in pictures else "",
        lambda key: "\n" + tables[key].markdown() + "\n" if key in tables else "",
    )
    (out / f"{name}.md").write_text(markdown, encoding="utf-8")

    def html(text: str) -> str:
        kept: list[str] = []

        def keep(block: str) -> str:  # figures and tables bypass the Markdown parser
            kept.append(block)
            return f"\n\nblock{len(kept) - 1}kept\n\n"

        text = replace_blocks(
            text,
            lambda key: keep(_figure_html(pictures[key], out)) if key in pictures else "",
            lambda key: keep(_table_html(tables[key], key)) if key in tables else "",
        )
        return re.sub(r"<p>block(\d+)kept</p>", lambda hit: kept[int(hit[1])], _parser().render(text))

    body = [(kind, html(item) if isinstance(item, str) else item) for kind, item in cells]
    page = (
        _templates()
        .get_template("report.html")
        .render(
            title=executed.notebook.title,
            cells=body,
            closing=html(closing),
            index=index,
            content=content,
            styles=_styles(),
        )
    )
    path = out / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    strip = _image(pictures[STRIP], out) if STRIP in pictures else ""
    return Page(name, executed.notebook.title, content["answer"], path, executed.seconds, tables.get(KEY), strip)


def write_index(pages: Sequence[Page], failures: Sequence[Executed], out: Path) -> Path:
    """Write ``index.html``: every report with its answer, and those that failed with the reason."""
    text = (
        _templates()
        .get_template("index.html")
        .render(
            pages=[
                (
                    page,
                    page.path.relative_to(out).as_posix(),
                    _parser().renderInline(page.answer),
                    _table_html(page.key, KEY) if page.key else "",
                )
                for page in pages
            ],
            failures=failures,
            styles=_styles(),
        )
    )
    path = out / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def _cells(executed: Executed, content: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Markdown with numbers put in, and code with what it printed."""
    numbers = Numbers.from_json(content["numbers"])
    known = {"figure": {item["name"] for item in content["figures"]},
             "table": {item["name"] for item in content["tables"]}, "omitted": set(content["omitted"])}  # fmt: skip
    cells: list[tuple[str, Any]] = []
    for i, cell in enumerate(executed.node.cells, 1):
        if cell.cell_type != "markdown":
            cells.append(("code", {"source": cell.source, "output": _output(cell)}))
            continue
        try:
            text = fill(cell.source, numbers)
            _check_blocks(text, known)
        except NumbersError as error:
            first = cell.source.splitlines()[0] if cell.source else ""
            raise CrossliftError(f"cell {i} ('{first[:60]}'): {error.message}", error.hint) from error
        cells.append(("markdown", text))
    return cells


def _check_blocks(text: str, known: Mapping[str, set[str]]) -> None:
    from .prose import blocks

    for kind, name in blocks(text):
        if name not in known[kind] | known["omitted"]:
            recorded = ", ".join(sorted(known[kind])) or "none"
            raise NumbersError(f"no {kind} '{name}' was recorded.", f"Recorded: {recorded}.")


def _output(cell: Any) -> str:
    parts = []
    for item in cell.outputs:
        if item.output_type == "stream":
            parts.append(item.text)
        elif item.output_type in ("execute_result", "display_data"):
            parts.append(item.data.get("text/plain", ""))
    return "\n".join(parts).strip("\n")


def _closing(content: Mapping[str, Any]) -> str:
    """Diagnostics, methods and references: the same sections under every report."""
    parts = []
    if content["diagnostics"]:
        parts += ["## Diagnostics", "\n".join(f"- {line}" for line in content["diagnostics"])]
    if content["methods"]:
        parts += ["## Methods text", " ".join(content["methods"])]
    if content["references"]:
        parts += ["## References", f"```bibtex\n{bibtex(content['references'])}\n```"]
    return "\n\n".join(parts)


def _table(item: Mapping[str, Any]) -> Table:
    rows = tuple(tuple(row) for row in item["rows"])
    return Table(tuple(item["columns"]), rows, item["title"], tuple(item["notes"]))


def _table_html(table: Table, name: str = "") -> str:
    if name != KEY:
        return f'<div class="table">{table.html()}</div>'
    pairs = zip(table.columns, table.rows[0], strict=True)
    return f'<dl class="key">{"".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs)}</dl>'


def _figure_markdown(item: Mapping[str, Any]) -> str:
    return f"\n![{item['alt']}]({FIGURES}/{item['name']}.png)\n\n*{item['caption']}*\n"


def _figure_html(item: Mapping[str, Any], out: Path) -> str:
    caption = _parser().renderInline(item["caption"])
    return f"<figure>{_image(item, out)}<figcaption>{caption}</figcaption></figure>"


def _image(item: Mapping[str, Any], out: Path) -> str:
    path, kind = out / FIGURES / f"{item['name']}.svg", "svg+xml"
    if path.stat().st_size > LARGEST_SVG:
        path, kind = path.with_suffix(".png"), "png"
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img src="data:image/{kind};base64,{encoded}" alt="{escape(item["alt"], quote=True)}">'


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def mathml(text: str, options: Mapping[str, Any]) -> str:
        from latex2mathml.converter import convert

        return convert(text, display="block" if options["display_mode"] else "inline")

    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    dollarmath_plugin(parser, renderer=mathml, allow_digits=False)
    return parser


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("analysis.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _styles() -> str:
    return (Path(__file__).resolve().parent / "templates" / "report.css").read_text(encoding="utf-8")
