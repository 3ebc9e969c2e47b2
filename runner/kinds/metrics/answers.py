"""Exact match and token F1 of extracted answers, normalised language by language as MLQA does.

Lewis et al. 2020, "MLQA: Evaluating Cross-lingual Extractive Question Answering" (ACL), section 4 and its evaluation
script: case, punctuation of every script and articles are removed; Chinese is compared character by character, other
languages word by word.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache

#: Articles that MLQA removes, ISO 639-3. Vietnamese has no articles: these are its classifiers and determiners.
ARTICLES = {
    "eng": r"\b(a|an|the)\b",
    "spa": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vie": r"\b(của|là|cái|chiếc|những)\b",
    "deu": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ara": r"\sال^|ال",  # of these only the second can match: the article wherever its letters stand
}
#: Han characters that MLQA takes as words of their own.
HAN = "一-龥"
#: Scripts written without blanks between words, in languages that MLQA does not have: character by character too.
UNSPACED = {"tha": "฀-๿", "lao": "຀-໿", "khm": "ក-៿", "mya": "က-႟", "bod": "ༀ-࿿", "dzo": "ༀ-࿿", "jpn": f"{HAN}぀-ヿ"}
CHINESE = frozenset({"zho", "cmn", "yue", "wuu"})


def normalize(answer: str, language: str) -> str:
    """The form of an answer that is compared. ``language`` is an ISO 639-3 code.

    Languages that MLQA does not have lose no articles.
    """
    text = "".join(character for character in answer.lower() if character not in _punctuation())
    text = re.sub(ARTICLES[language], " ", text) if language in ARTICLES else text
    alone = HAN if language in CHINESE else UNSPACED.get(language)
    if alone:
        text = re.sub(f"([{alone}])", r" \1 ", text)
    return " ".join(text.split())


def exact_match(answer: str, accepted: Sequence[str], language: str) -> bool:
    """Whether an answer equals an accepted one after :func:`normalize`."""
    own = normalize(answer, language)
    return any(own == normalize(other, language) for other in accepted)


def token_f1(answer: str, accepted: Sequence[str], language: str) -> float:
    """The best F1 of the words shared with an accepted answer, 0 to 1."""
    own = normalize(answer, language).split()
    return max((_overlap(own, normalize(other, language).split()) for other in accepted), default=0.0)


def _overlap(found: Sequence[str], accepted: Sequence[str]) -> float:
    same = sum((Counter(found) & Counter(accepted)).values())
    return 2.0 * same / (len(found) + len(accepted)) if same else 0.0


@cache
def _punctuation() -> frozenset[str]:
    """ASCII punctuation and every character of a category P."""
    unicode = (chr(i) for i in range(sys.maxunicode + 1) if unicodedata.category(chr(i)).startswith("P"))
    return frozenset({*unicode, *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"})
