"""Notes and warnings as they are printed: alike ones as one, and the first sentence of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

#: A sentence ends where a capital, a quotation mark or an option follows.
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z'\"«-])")
_NO_VARIANCE = re.compile(
    r"singular fit: the variance of '(?P<term>[^']+)' by '(?P<group>[^']+)' is estimated as zero\."
)
_TOO_FEW = re.compile(r"(?P<name>'\w+') has (?P<levels>\d+ levels?), too few for a variance: (?P<then>.+)$")
_OF_A_FILE = re.compile(r"(?P<file>[^\s:]+\.\w+): (?P<what>.+?)\.?$", re.DOTALL)


def first_sentence(text: str) -> str:
    """A remark without what explains it."""
    return _END.split(text, maxsplit=1)[0]


def merged(lines: Iterable[str]) -> list[str]:
    """The remarks, those of one kind joined where the first of them stood."""
    found = list(dict.fromkeys(lines))
    for pattern, join in ((_NO_VARIANCE, _no_variance), (_TOO_FEW, _too_few), (_OF_A_FILE, _of_a_file)):
        found = _joined(found, pattern, join)
    return found


def _joined(
    lines: Sequence[str], pattern: re.Pattern[str], join: Callable[[Sequence[re.Match[str]]], Sequence[str]]
) -> list[str]:
    hits = [match for line in lines if (match := pattern.match(line))]
    if len(hits) < 2:
        return list(lines)
    first = next(i for i, line in enumerate(lines) if pattern.match(line))
    rest = [line for line in lines if not pattern.match(line)]
    return [*rest[:first], *join(hits), *rest[first:]]


def _no_variance(hits: Sequence[re.Match[str]]) -> list[str]:
    named = _listed([
        match["group"] if match["term"] == "Intercept" else f"{match['term']} by {match['group']}" for match in hits
    ])  # fmt: skip
    return [
        f"singular fit: {len(hits)} variances are estimated as zero ({named}). The rows show no difference between "
        "these levels beyond the other terms; without them the estimates are the same."
    ]


def _too_few(hits: Sequence[re.Match[str]]) -> list[str]:
    lines = []
    for then in dict.fromkeys(match["then"] for match in hits):
        own = [match for match in hits if match["then"] == then]
        if len(own) == 1:
            lines.append(own[0].string)
            continue
        named = _listed([f"{match['name']} ({match['levels']})" for match in own])
        many = then.replace("it is a fixed effect", "they are fixed effects").replace("it is left", "they are left")
        lines.append(f"{named} have too few levels for a variance: {many}")
    return lines


def _of_a_file(hits: Sequence[re.Match[str]]) -> list[str]:
    """What was understood of each file, in one remark a file."""
    files = dict.fromkeys(match["file"] for match in hits)
    return [f"{name}: {'; '.join(match['what'] for match in hits if match['file'] == name)}." for name in files]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
