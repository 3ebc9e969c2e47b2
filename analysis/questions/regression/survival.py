"""One sentence on what an answer about distance survives: sources, corpus size, related languages, their number."""

from __future__ import annotations

from collections.abc import Sequence

from .answer import FEWEST_LEVELS, Answer
from .other_sources import OtherSources, agreement
from .robustness import Row

#: Rows of the robustness strip that the sentence names, in words that go on from "survives".
NAMED = {"corpus": "corpus size in the model", "related": "related languages"}


def survival(item: Answer, found: OtherSources, rows: Sequence[Row]) -> str:
    """What ``item`` survives; empty where it is no verdict, for it then says so itself.

    Parameters
    ----------
    item
        The answer on typological distance.
    found
        Slopes under other sources of distance.
    rows
        Its robustness strip.
    """
    fewest = FEWEST_LEVELS["language"]
    if item.levels < fewest:
        return ""
    kept, lost = [], []
    same, other = agreement(found.others, item.direction)
    able = len(same) + len(other)
    if same:
        kept.append(f"{len(same)} of {able} other source{'s' if able > 1 else ''} of distance")
    lost += [row.words for row in other]
    for name, words in NAMED.items():
        for row in rows:
            if row.name == name and row.computed and row.levels >= fewest:
                (kept if row.direction == item.direction else lost).append(words)
    if not kept and not lost:
        return ""
    about = "" if item.direction else ", that the data do not settle it,"
    survives = f" survives {_and(kept, 'and')}" if kept else " survives nothing that was tried"
    but = f", but not {_and(lost, 'or')}" if lost and kept else f": not {_and(lost, 'or')}" if lost else ""
    few = [row.words for row in found.others if row.computed and not row.enough]
    rests = f"; it rests on {item.levels} languages, and a verdict takes {fewest}"
    left = f" ({_and(few, 'and')} {'has' if len(few) == 1 else 'have'} fewer: no verdict)" if few else ""
    return f"The answer{about}{survives}{but}{rests}{left}."


def _and(words: Sequence[str], conjunction: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"
