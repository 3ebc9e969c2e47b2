"""Which concepts are trained on and which are tested on, in every language and every task of the suite alike."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from .terms import SOURCE, Concept, fold, names

#: Shares of the concepts.
SHARES: Mapping[str, float] = {"train": 0.6, "validation": 0.1, "test": 0.3}
#: The day whose currencies are asked for: without it the data would change with the calendar.
DAY = date(2025, 1, 1)


@lru_cache(maxsize=1)
def currencies() -> Mapping[str, tuple[str, ...]]:
    """Legal tender of each territory on :data:`DAY`."""
    from babel.numbers import get_territory_currencies

    found = {code: tuple(sorted(get_territory_currencies(code, DAY))) for code in _territories()}
    return {code: tender for code, tender in found.items() if tender}


@lru_cache(maxsize=1)
def official_languages() -> Mapping[str, tuple[str, ...]]:
    """Official languages of each territory, also those official in fact only."""
    from babel.languages import get_official_languages

    found = {code: get_official_languages(code, de_facto=True) for code in _territories()}
    return {code: tuple(sorted({name.split("_")[0] for name in spoken})) for code, spoken in found.items() if spoken}


@lru_cache(maxsize=1)
def splits() -> Mapping[Concept, str]:
    """``train``, ``validation`` or ``test`` for every concept that has an English name.

    Territories that share a currency go together, with their currencies, so that few related pairs are torn apart: the
    largest group first, each to the split that is furthest below its share. A language goes where most of the
    territories go in which it is official. All others go by the hash of their codes.
    """
    found: dict[Concept, str] = {}
    groups = _groups(currencies())
    total = sum(len(territories) for territories, _ in groups)
    filled = Counter[str]()
    for territories, tender in sorted(groups, key=lambda group: (-len(group[0]), _hash(group[0][0]))):
        split = max(SHARES, key=lambda name: SHARES[name] * total - filled[name])
        filled[split] += len(territories)
        found |= {("territory", code): split for code in territories} | {("currency", code): split for code in tender}
    spoken: dict[str, Counter[str]] = {}
    for territory, codes in official_languages().items():
        for code in codes:
            spoken.setdefault(code, Counter())[found.get(("territory", territory), "train")] += 1
    for code, counts in spoken.items():
        found["language", code] = max(sorted(counts), key=lambda name: counts[name])
    return {concept: found.get(concept) or _by_hash("/".join(concept)) for concept in names(SOURCE)}


@lru_cache(maxsize=1)
def trained_names() -> frozenset[str]:
    """English names of the concepts trained on and validated on, folded."""
    return frozenset(fold(name) for concept, name in names(SOURCE).items() if splits()[concept] != "test")


def _territories() -> list[str]:
    return [code for kind, code in names(SOURCE) if kind == "territory"]


def _groups(tender: Mapping[str, Iterable[str]]) -> list[tuple[list[str], list[str]]]:
    """Connected parts of the graph of territories and currencies: their territories and their currencies, sorted."""
    part: dict[str, int] = {}
    members: list[tuple[set[str], set[str]]] = []
    for territory, codes in sorted(tender.items()):
        touched = sorted({part[code] for code in codes if code in part})
        merged = ({territory}, set(codes))
        for old in touched:
            merged[0].update(members[old][0])
            merged[1].update(members[old][1])
            members[old] = (set(), set())
        members.append(merged)
        part |= dict.fromkeys(merged[1], len(members) - 1)
    return [(sorted(territories), sorted(codes)) for territories, codes in members if territories]


def _by_hash(text: str) -> str:
    place, bound = _hash(text) / 2**64, 0.0
    for name, share in SHARES.items():
        bound += share
        if place < bound:
            return name
    return name


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
