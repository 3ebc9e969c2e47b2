"""What may stand behind a language's code: a script, a region, a variant, the name of a treebank, another language."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..core.errors import UnknownLanguageError
from ..core.paths import data_directory


class Rest(NamedTuple):
    """What the parts behind the code say; ``pair`` is the code of another language among them."""

    script: str = ""
    region: str = ""
    pair: str = ""


def split(text: str) -> list[str]:
    """Parts of a tag."""
    return [part for part in re.split(r"[-_]", text.strip()) if part]


def two_names(text: str) -> tuple[str, str] | None:
    """The two sides of ``English-French``, ``English to French`` or ``English → French``."""
    for mark in (r"\s*(?:→|->|/)\s*", r"[\s_\-]to[\s_\-]", r"[\-–]"):
        sides = re.split(mark, text.strip())
        if len(sides) == 2 and all(sides):
            return sides[0], sides[1]
    return None


def read(parts: list[str], text: str, is_language: Callable[[str], bool]) -> Rest | None:
    """Read what follows the first part.

    Two lower-case letters are a region where that region's likely language is this one (``pt-br``), otherwise, as three
    are, another language, if they mean one: ``en-fr``, ``de_to_en``.

    Raises
    ------
    UnknownLanguageError
        If a part is no script, region, variant or treebank.
    """
    script = region = ""
    capitals = parts[0].isupper()
    for part in parts[1:]:
        folded = part.casefold()
        if folded in ("to", "x", "vs"):
            continue
        if len(part) == 2 and part.isalpha():
            lower = part.islower() or capitals
            if lower and is_language(folded) and not _at_home(parts[0], part):
                return Rest(pair=folded)
            if _valid(territory=part.upper()):
                region = part.upper()
                continue
        elif len(part) == 3 and part.isdigit():
            region = part
            continue
        elif len(part) == 4 and part.isalpha() and (part.istitle() or _valid(script=part.title())):
            script = part.title()
            continue
        elif len(part) == 3 and part.isalpha() and is_language(folded) and folded not in _treebanks():
            if folded == parts[0].casefold():
                continue
            return Rest(pair=folded)
        if folded in _treebanks() or _valid_variant(parts[0], folded):
            continue
        raise UnknownLanguageError(
            f"'{text}': '{part}' is no script, region, variant or treebank that is known.",
            f"If it is no part of the language, write '{parts[0]}' and put '{part}' into 'condition'.",
        )
    return Rest(script, region or "")


@lru_cache(maxsize=1)
def _treebanks() -> frozenset[str]:
    """Suffixes of the treebanks of Universal Dependencies."""
    return frozenset((data_directory() / "languages" / "treebanks.txt").read_text(encoding="utf-8").split())


def _at_home(language: str, region: str) -> bool:
    """Whether the language is the likely one of the region: ``pt`` of ``BR``, ``zh`` of ``TW``."""
    try:
        import langcodes
    except ImportError:
        return False
    likely = langcodes.Language.make(territory=region.upper()).maximize().language
    return bool(likely) and likely == langcodes.standardize_tag(language.casefold())


def script_of_region(language: str, region: str) -> str:
    """The script in which a language is likely written in a region, empty if that is not known."""
    try:
        import langcodes
    except ImportError:
        return ""
    return langcodes.Language.make(language=language, territory=region).maximize().script or ""


def _valid(**subtag: str) -> bool:
    """Whether a script or region is one; anything of the right form is, where ``langcodes`` is not installed."""
    try:
        import langcodes
    except ImportError:
        return True
    return bool(langcodes.Language.make(**subtag).is_valid())


def _valid_variant(language: str, variant: str) -> bool:
    try:
        import langcodes
    except ImportError:
        return len(variant) > 4
    try:
        return bool(langcodes.get(f"{language}-{variant}").is_valid()) and len(variant) > 4
    except ValueError:
        return False
