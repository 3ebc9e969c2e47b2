"""Tables in Markdown, also those that the lm-evaluation-harness prints."""

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

_RULE = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def read(path: Path) -> pd.DataFrame:
    """The first table of the file.

    Raises
    ------
    RecordError
        If there is none.
    """
    rows = _rows(read_text(path).splitlines())
    if len(rows) < 2:
        raise RecordError(f"'{path.name}' has no Markdown table.", "A table has headings and a rule: |---|---|.")
    return from_rows(rows)


def _rows(lines: list[str]) -> list[list[str]]:
    for at, line in enumerate(lines):
        if at and _RULE.match(line) and "|" in lines[at - 1]:
            rows = [_cells(lines[at - 1])]
            for following in lines[at + 1 :]:
                if "|" not in following:
                    break
                rows.append(_cells(following))
            return rows
    return []


def _cells(line: str) -> list[str]:
    body = line.strip().removeprefix("|").removesuffix("|")
    parts = re.split(r"(?<!\\)\|", body)
    return [plain(_LINK.sub(r"\1", part.replace("\\|", "|"))) for part in parts]
