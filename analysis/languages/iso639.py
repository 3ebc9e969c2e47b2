"""ISO 639-3 as SIL publishes it, through the package ``python-iso639``: codes, and names as a whole.

The package is loaded when a text stands in none of the bundled tables. Where it is not installed (a machine that only
trains) nothing is found here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache


def name_key(name: str) -> str:
    """A name as it is compared: blanks, ``_`` and ``-`` are the same, and case does not count."""
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def by_code(code: str) -> str:
    """ISO 639-3 code for one of parts 1, 2B or 3; the successor of a code that was replaced by one; else empty."""
    return _codes().get(code, "")


def by_name(key: str) -> str:
    """ISO 639-3 code of the language whose reference name has this key, else empty."""
    return _names().get(key, "")


def by_other_name(key: str) -> str:
    """ISO 639-3 code of the one language that has a name of this key among its others, else empty."""
    found = _other_names().get(key, ())
    return found[0] if len(found) == 1 else ""


def name_of(iso: str) -> str:
    """Reference name of a code, empty if it is not known."""
    return _reference_names().get(iso, "")


def with_word(key: str) -> list[str]:
    """Codes of the languages that share a name of this key but for a word or a remark: ``egyptian``, ``greek``."""
    if len(key) < 4:
        return []
    return [iso for name, iso in _names().items() if re.fullmatch(rf"{re.escape(key)}( \(.*\)| \w+)", name)][:4]


@lru_cache(maxsize=1)
def _all():  # type: ignore[no-untyped-def]
    try:
        import iso639
    except ImportError:
        return ()
    return iso639.ALL_LANGUAGES


@lru_cache(maxsize=1)
def _codes() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for language in _all():
        if language.status == "A":
            found.update(dict.fromkeys(filter(None, (language.part3, language.part2b, language.part1)), language.part3))
    for language in _all():
        if language.status != "A" and language.part3 not in found and language.retire_change_to:
            found[language.part3] = language.retire_change_to
    return found


@lru_cache(maxsize=1)
def _reference_names() -> Mapping[str, str]:
    return {language.part3: language.name for language in _all() if language.status == "A"}


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """Reference names. Two languages never have the same one in force."""
    return {name_key(language.name): language.part3 for language in _all() if language.status == "A"}


@lru_cache(maxsize=1)
def _other_names() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language in _all():
        if language.status != "A":
            continue
        names = [name for other in language.other_names or () for name in (other.print, other.inverted)]
        plain = re.sub(r"\s*\(.*\)$", "", language.name)
        if plain != language.name and len(with_word(name_key(plain))) == 1:
            names.append(plain)
        for key in {name_key(name) for name in names}:
            found[key] = (*found.get(key, ()), language.part3)
    return found
