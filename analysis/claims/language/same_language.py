"""Languages in claims, read as the cells of a table are: ``zh`` is the row that prints ``zho_Hans`` or ``Chinese``."""

from __future__ import annotations

from functools import lru_cache

from ...core.errors import UnknownLanguageError
from ...languages.aggregates import is_average
from ...languages.codes import resolve_code

_COLUMNS = frozenset({"language", "lang", "train_language", "intermediate_language"})


def same_language(column: str, printed: str, wanted: str) -> bool:
    """Tell whether a cell and a text of a claim are one language in one script; of other columns, the same text."""
    if printed == wanted:
        return True
    if column.casefold() not in _COLUMNS or not printed or not wanted:
        return False
    one, other = _identity(printed), _identity(wanted)
    return one is not None and one == other


@lru_cache(maxsize=4096)
def _identity(text: str) -> tuple[str, str] | None:
    if is_average(text):
        return ("average", "")
    try:
        found = resolve_code(text)
    except UnknownLanguageError:
        return None
    return found.language.iso, found.variant
