"""Words that stand where a language would and mean several, or none: averages and other aggregates."""

from __future__ import annotations

import re

_MEANS = ("avg", "average", "averages", "mean")
_KINDS = ("macro", "micro", "weighted", "overall", "total", "geometric", "arithmetic")
#: Signs that stand for an average or a difference of the row.
_SIGNS = frozenset("Δ∆δØ∅μµΣ")
_OF_ALL = ("all", "overall", "total", "mul", "macro")
#: Words of a heading that say over what an average runs; none of them is a language.
_SCOPE = ("score", "acc", "accuracy", "f1", "em", "over", "across", "all", "of", "the", "langs", "lang", "languages",
          "language", "tasks", "task", "ours")  # fmt: skip


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s_\-./()]+", text.strip().casefold()) if word]


def is_average(text: str) -> bool:
    """Tell whether a table's language cell or heading says that it is an average over languages.

    ``Avg.``, ``Macro avg``, ``macro-avg``, ``average over all languages``; ``all`` and ``overall`` alone.
    """
    if text.strip() in _SIGNS:
        return True
    words = _words(text)
    if not words:
        return False
    if words in [[word] for word in _OF_ALL]:
        return True
    return any(word in _MEANS for word in words) and all(word in (*_MEANS, *_KINDS, *_SCOPE) for word in words)


def is_aggregate(text: str) -> bool:
    """Tell whether a text means several languages at once without being an average: ``all languages``."""
    words = _words(text)
    return len(words) > 1 and {"languages", "langs", "multilingual"} & set(words) != set() and (
        words[0] in ("all", "other", "seen", "unseen", "high", "low", "mid", "multiple", "total")
    )  # fmt: skip
