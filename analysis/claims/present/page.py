"""The sections that ``verify`` prints as one HTML file, which needs no network and no script."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from ...core.text import Table
from ..verdicts import VERDICTS

#: Okabe and Ito's colours, told apart with any kind of colour vision; the word always stands beside the colour.
_COLOURS = dict(zip(VERDICTS, ("#009E73", "#56B4E9", "#CC79A7", "#F0E442", "#D55E00", "#BBBBBB"), strict=True))
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:75rem;margin:2rem auto;padding:0 1rem}
nav a{margin-right:1rem}h2{margin-top:2.2rem;border-bottom:1px solid #ccc}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:.8rem 0}
caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{padding:.25rem .55rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}
thead th{border-bottom:2px solid #888}td:first-child{white-space:nowrap}
img{max-width:100%}p.line{margin:.25rem 0 .25rem 1rem}
"""


def page(
    title: str,
    sections: Sequence[tuple[str, Sequence[str | Table]]],
    pictures: Mapping[str, tuple[bytes, str]] | None = None,
) -> str:
    """A complete HTML document; ``pictures`` are an SVG and its description in words, by the section they open."""
    shown = pictures or {}
    marks = "".join(
        f'td[data-v="{name}"]::before{{content:"";display:inline-block;width:.7em;height:.7em;margin-right:.4em;'
        f"background:{colour}}}"
        for name, colour in _COLOURS.items()
    )
    links = "".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name, _ in sections)
    body = "".join(
        f'<h2 id="{_anchor(name)}">{escape(name)}</h2>'
        + (_picture(*shown[name]) if name in shown else "")
        + "".join(map(_block, blocks))
        for name, blocks in sections
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}{marks}</style></head><body><h1>{escape(title)}</h1><nav>{links}</nav>{body}</body></html>\n"
    )


def _block(block: str | Table) -> str:
    if isinstance(block, str):
        return f'<p class="line">{escape(block.strip())}</p>'
    html = block.html()
    for name in VERDICTS:
        html = html.replace(f"<td>{name}</td>", f'<td data-v="{name}">{name}</td>')
    return f'<div class="scroll">{html}</div>'


def _picture(svg: bytes, words: str) -> str:
    data = base64.b64encode(svg).decode("ascii")
    return f'<img alt="{escape(words)}" src="data:image/svg+xml;base64,{data}">'


def _anchor(name: str) -> str:
    return "-".join(name.lower().split())
