"""How tables write that a cell has no value."""

from __future__ import annotations

#: As they are written; in a column of numbers any case counts.
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "n.a.", "NaN", "NULL", "null", "None", "none", "-", "--", "---", "–", "—", "−", "?", ".",
     "missing", "#N/A", "<NA>", "TBD", "/"}
)  # fmt: skip
_FOLDED = frozenset(text.casefold() for text in MISSING)


def is_missing(text: str) -> bool:
    """Tell whether a cell of a column of numbers says that there is none."""
    return text.strip().casefold() in _FOLDED
