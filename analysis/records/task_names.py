"""Languages in the names of known tasks, read with the task's own list: ``AraDiCE_piqa_egy`` is Egyptian Arabic.

``data/languages/harness_tasks.csv`` has a pattern a family of tasks, ``{}`` where the language stands, and its codes;
``egy=arz`` says what a code means there, where it is no code of ISO 639.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ..core.paths import data_directory


class Task(NamedTuple):
    """Code of the language, the task without it, and whether the name writes the code in a way of the family's own."""

    code: str
    task: str
    own: bool


class _Family(NamedTuple):
    pattern: re.Pattern[str]
    codes: Mapping[str, str]
    length: int


def known_task(name: str) -> Task | None:
    """The language of a task of a known family; ``None`` for others."""
    for family in _families():
        found = family.pattern.fullmatch(name)
        code = family.codes.get(found["code"].casefold()) if found else None
        if found and code is not None:
            front, back = found["front"].rstrip("_-"), found["back"].lstrip("_-")
            task = "_".join(part for part in (front, back) if part)
            return Task(code, task, code.casefold() != found["code"].casefold())
    return None


@lru_cache(maxsize=1)
def _families() -> tuple[_Family, ...]:
    """The longest pattern first: ``mgsm_en_cot_{}`` before ``mgsm_{}``."""
    found = []
    with (data_directory() / "languages" / "harness_tasks.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pairs = [code.partition("=") for code in row["languages"].split()]
            codes = {code.casefold(): meant or code for code, _, meant in pairs}
            front, back = row["pattern"].split("{}")
            middle = "|".join(sorted(map(re.escape, codes), key=len, reverse=True))
            before = re.escape(front).replace(r"\*", ".+")
            text = rf"(?P<front>{before})(?P<code>{middle})(?P<back>{re.escape(back)}(?:[_\-].*)?)"
            found.append(_Family(re.compile(text, re.IGNORECASE), codes, len(row["pattern"])))
    return tuple(sorted(found, key=lambda family: -family.length))
