"""Exact match and token F1 of extracted answers, after the normalisation of SQuAD or of MLQA.

SQuAD (Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP, and its evaluation
script): case, ASCII punctuation and English articles are removed, words are what blanks separate. XTREME scores XQuAD
and TyDiQA so, whatever the language.

MLQA (Lewis et al. 2020, "MLQA: Evaluating Cross-lingual Extractive Question Answering", ACL, section 4 and its
evaluation script): case, punctuation of every script and the articles of each language are removed; Chinese is compared
character by character, other languages word by word.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

#: The form of an answer that is compared.
Form = Callable[[str], str]

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
_ASCII = frozenset(string.punctuation)


def squad_form(answer: str) -> str:
    """The form that SQuAD compares."""
    text = "".join(character for character in answer.lower() if character not in _ASCII)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def mlqa_form(answer: str, language: str) -> str:
    """The form that MLQA compares. ``language`` is an ISO 639-3 code.

    Languages that MLQA does not have lose no articles.
    """
    text = "".join(character for character in answer.lower() if character not in _punctuation())
    text = re.sub(ARTICLES[language], " ", text) if language in ARTICLES else text
    alone = HAN if language in CHINESE else UNSPACED.get(language)
    if alone:
        text = re.sub(f"([{alone}])", r" \1 ", text)
    return " ".join(text.split())


def find_form(rule: str, language: str) -> Form:
    """The normalisation of a rule, ``squad`` or ``mlqa``, for a language in any code."""
    if rule == "squad":
        return squad_form
    from analysis.languages.codes import resolve

    iso = resolve(language).iso
    return lambda answer: mlqa_form(answer, iso)


def exact_match(answer: str, accepted: Sequence[str], form: Form) -> bool:
    """Whether an answer equals an accepted one in ``form``; without accepted ones, the empty answer is right."""
    own = form(answer)
    return any(own == form(other) for other in accepted or ("",))


def token_f1(answer: str, accepted: Sequence[str], form: Form) -> float:
    """The best F1 of the words shared with an accepted answer, 0 to 1; without accepted ones 1 for the empty answer."""
    own = form(answer).split()
    if not accepted:
        return float(not own)
    return max(_overlap(own, form(other).split()) for other in accepted)


def _overlap(found: Sequence[str], accepted: Sequence[str]) -> float:
    same = sum((Counter(found) & Counter(accepted)).values())
    return 2.0 * same / (len(found) + len(accepted)) if same else 0.0


@cache
def _punctuation() -> frozenset[str]:
    """ASCII punctuation and every character of a category P."""
    unicode = (chr(i) for i in range(sys.maxunicode + 1) if unicodedata.category(chr(i)).startswith("P"))
    return frozenset({*unicode, *_ASCII})
