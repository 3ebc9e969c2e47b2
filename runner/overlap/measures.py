"""What sets a language apart for a tokenizer, from texts of it and of a language trained on.

``subword_overlap``
    Share of the pieces of the language's texts, each as often as it stands there, that also stand in those of the
    language trained on. Pieces without a letter do not count; unknown ones are shared by nobody.
``fertility``
    Pieces a word. Missing where words are not set apart by blanks.
``unknown_share``
    Share of pieces that stand for what the tokenizer does not know.
``type_token_ratio``
    Different words per word, without case and signs. Depends on the length of the texts: compare parallel ones. Missing
    where words are not set apart by blanks.
``script_shared``
    Overlap of the distributions of letters over scripts.

Sources: Pires et al. 2019 and Wu & Dredze 2019 (overlap of pieces), Rust et al. 2021 (fertility), Rice et al. 2025
(type–token ratio and overlap beside genealogy).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .pieces import Tokenize
from .scripts import is_spaced, scripts, shared

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("subword_overlap", "fertility", "unknown_share", "type_token_ratio", "script_shared")
#: Decimals of the table: more than texts of some hundred sentences can tell.
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one language's texts.

    Attributes
    ----------
    texts, words, pieces, unknown
        How many, and how many pieces are unknown.
    counted
        How often each piece with a letter stands in them.
    seen
        Those of them that are known.
    distinct
        How many different words.
    scripts
        Share of letters by script.
    """

    texts: int
    words: int
    pieces: int
    unknown: int
    counted: Mapping[int, int]
    seen: frozenset[int]
    distinct: int
    scripts: Mapping[str, float]

    @property
    def fertility(self) -> float:
        """Pieces a word."""
        return self.pieces / self.words if self.words and is_spaced(self.scripts) else float("nan")

    @property
    def unknown_share(self) -> float:
        """Share of unknown pieces."""
        return self.unknown / self.pieces if self.pieces else float("nan")

    @property
    def type_token_ratio(self) -> float:
        """Different words per word."""
        return self.distinct / self.words if self.words and is_spaced(self.scripts) else float("nan")

    def overlap(self, source: Profile) -> float:
        """Share of the pieces with a letter that stand in the texts of ``source`` too."""
        total = sum(self.counted.values())
        return sum(n for one, n in self.counted.items() if one in source.seen) / total if total else float("nan")


def profile(texts: Sequence[str], tokenize: Tokenize) -> Profile:
    """Read some texts of one language."""
    pieces = tokenize(texts)
    words = [word for text in texts for word in text.split()]
    plain = [bare for word in words if (bare := _bare(word))]
    counted = Counter(one for one, letter in zip(pieces.ids, pieces.letters, strict=True) if letter)
    unknown = {one for one, is_unknown in zip(pieces.ids, pieces.unknown, strict=True) if is_unknown}
    return Profile(
        texts=len(texts),
        words=len(plain),
        pieces=len(pieces.ids),
        unknown=sum(pieces.unknown),
        counted=counted,
        seen=frozenset(counted) - unknown,
        distinct=len(set(plain)),
        scripts=scripts(texts),
    )


def _bare(word: str) -> str:
    """A word without case, punctuation and signs."""
    return "".join(c for c in word.casefold() if unicodedata.category(c)[0] not in "PS")


def measure(
    texts: Mapping[str, Sequence[str]],
    sources: Sequence[str],
    tokenize: Tokenize,
    say: Callable[[str], None] = lambda words: None,
) -> pd.DataFrame:
    """All measures, one row for each language tested and language trained on.

    Parameters
    ----------
    texts
        Texts by language.
    sources
        Languages trained on; each is among ``texts``.
    tokenize
        From texts to pieces.
    say
        Called with a few words before each language.

    Returns
    -------
    frame
        ``language``, ``train_language`` and ``NAMES``.
    """
    import pandas as pd

    profiles = {}
    for code, own in texts.items():
        say(f"reading {code}")
        profiles[code] = profile(own, tokenize)
    rows = [
        {
            "language": code,
            "train_language": source,
            "subword_overlap": found.overlap(profiles[source]),
            "fertility": found.fertility,
            "unknown_share": found.unknown_share,
            "type_token_ratio": found.type_token_ratio,
            "script_shared": shared(found.scripts, profiles[source].scripts),
        }
        for source in sources
        for code, found in profiles.items()
    ]
    return pd.DataFrame(rows).round(DECIMALS)
