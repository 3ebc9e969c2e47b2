"""Names of concepts in one language, as CLDR has them: no name is inherited from another language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from analysis.core.errors import CrossliftError, UnknownLanguageError
from analysis.languages.codes import resolve_code

#: Types of concepts, which are the classes of ``cldr-typing``.
TYPES = ("calendar", "currency", "language", "script", "territory", "time zone", "unit")
#: Codes that stand for no territory, language, script or currency, but for what is unknown, private or several.
PLACEHOLDERS = frozenset({
    "EU", "EZ", "QO", "UN", "XA", "XB", "ZZ", "mis", "mul", "root", "und", "zxx", "Zinh", "Zmth", "Zsye", "Zsym",
    "Zxxx", "Zyyy", "Zzzz", "XTS", "XXX",
})  # fmt: skip
#: A concept: its type and its code.
Concept = tuple[str, str]
SOURCE = "en"


def babel_version() -> str:
    """The installed version of babel, empty if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("babel")
    except PackageNotFoundError:
        return ""


def cldr_version() -> str:
    """The version of CLDR in the installed babel, empty if there is none."""
    try:
        from babel.core import get_cldr_version
    except ImportError:
        return ""
    return str(get_cldr_version())


@lru_cache(maxsize=1)
def locales() -> tuple[str, ...]:
    """Locales that stand for a language, or a language in one script; no regional ones. Sorted."""
    found = []
    for name in _localedata().locale_identifiers():
        _, _, rest = name.partition("_")
        if (not rest or (len(rest) == 4 and rest.isalpha())) and name != "root":
            found.append(name)
    return tuple(sorted(found))


def is_known(locale: str) -> bool:
    """Whether the language table has the language of a locale."""
    try:
        resolve_code(locale)
    except UnknownLanguageError:
        return False
    return True


@lru_cache(maxsize=512)
def names(locale: str) -> Mapping[Concept, str]:
    """Names of the concepts that CLDR names in this locale itself, in the order of :data:`TYPES` and codes.

    Left out: placeholders, names without a letter, and names that are the code.
    """
    content = _localedata().load(locale, merge_inherited=False)
    found = {}
    for kind, code, name in _named(content):
        text = " ".join(str(name).split()) if isinstance(name, str) else ""
        if code not in PLACEHOLDERS and text != code and any(map(str.isalpha, text)):
            found[kind, code] = text
    return dict(sorted(found.items()))


def fold(name: str) -> str:
    """The form in which names are compared: compatibility composition, no case."""
    return unicodedata.normalize("NFKC", name).casefold()


def _named(content: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for kind, key in (("currency", "currency_names"), ("language", "languages"), ("script", "scripts")):
        for code, name in _items(content, key):
            if "_" not in code:  # such as en_AU, a variety
                yield kind, code, name
    for code, name in _items(content, "territories"):
        if code.isalpha():  # numbers are continents and regions
            yield "territory", code, name
    for code, forms in _items(content, "unit_display_names"):
        yield "unit", code, _at(forms, "long")
    for code, forms in _items(content, "meta_zones"):
        yield "time zone", code, _at(forms, "long", "generic") or _at(forms, "long", "standard")
    for key in ("months", "days", "quarters"):
        wide = _at(content, key, "stand-alone", "wide") or _at(content, key, "format", "wide")
        for number, name in _items({"": wide}, ""):
            yield "calendar", f"{key[:-1]}-{number}", name


def _items(content: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Entries of a section; what is an alias of another section is none."""
    found = _at(content, key)
    if isinstance(found, Mapping):
        for code, value in found.items():
            yield str(code), value


def _at(content: Any, *path: str) -> Any:
    for key in path:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def _localedata() -> Any:
    try:
        from babel import localedata
    except ImportError as error:
        raise CrossliftError(
            "the suite 'cldr' needs the package babel.", "Install it: pip install 'crosslift[runner]'."
        ) from error
    return localedata
