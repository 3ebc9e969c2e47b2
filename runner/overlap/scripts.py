"""Scripts of letters, by the first word of their Unicode names."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

#: Scripts whose words are not set apart by blanks: pieces a word would be pieces a sentence.
UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"})
# Words of names that say how a letter is written, not in which script.
_FORMS = frozenset({"FULLWIDTH", "HALFWIDTH", "MATHEMATICAL", "MODIFIER", "CIRCLED", "PARENTHESIZED", "SQUARED"})


@lru_cache(maxsize=65536)
def script_of(character: str) -> str:
    """``LATIN``, ``CYRILLIC``, ``CJK``, …; empty for what is no letter, or belongs to no script."""
    if not character.isalpha():
        return ""
    words = unicodedata.name(character, "").split()
    while words and words[0] in _FORMS:
        words.pop(0)
    return words[0] if words else ""


def scripts(texts: Iterable[str]) -> Mapping[str, float]:
    """Share of the letters of some texts in each script; empty if there are none."""
    counted = Counter(found for text in texts for character in text if (found := script_of(character)))
    total = sum(counted.values())
    return {name: n / total for name, n in counted.items()} if total else {}


def shared(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Overlap of two distributions over scripts: 1 if they are the same, 0 if no script is in both."""
    return sum(min(share, other.get(name, 0.0)) for name, share in one.items())


def is_spaced(found: Mapping[str, float]) -> bool:
    """Whether most letters are of scripts that set words apart by blanks."""
    return sum(share for name, share in found.items() if name in UNSPACED) < 0.5
