"""Items of the suite's tasks, by split and language. An item is the same concept or pair in every language."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .split import currencies, official_languages, splits, trained_names
from .terms import SOURCE, TYPES, Concept, fold, names

#: Concepts of one type that typing is tested on, at most: some types have ten times as many as others.
PER_TYPE = 50


@dataclass(frozen=True, slots=True)
class Items:
    """Items of one split in one language: their names, fields and classes, and how many were left out, by reason."""

    ids: tuple[str, ...]
    fields: Mapping[str, list[Any]]
    labels: tuple[int, ...] | None
    left_out: Mapping[str, int]


def usable(locale: str, split: str) -> tuple[dict[Concept, str], dict[str, int]]:
    """Names of a split's concepts in a language, and how many were left out by reason.

    In another split than the training one, a name that is the English name of a concept trained on is left out: it was
    seen in training, with another meaning.
    """
    own = {concept: name for concept, name in names(locale).items() if splits().get(concept) == split}
    seen = trained_names() if split == "test" else frozenset()
    kept = {concept: name for concept, name in own.items() if fold(name) not in seen}
    return kept, {"named as a concept trained on": len(own) - len(kept)}


def typing(locale: str, split: str) -> Items:
    """Names with their types. Names of concepts of several types in this language are left out."""
    found, left_out = usable(locale, split)
    types: dict[str, set[str]] = {}
    for (kind, _), name in names(locale).items():
        types.setdefault(fold(name), set()).add(kind)
    clear = {concept: name for concept, name in found.items() if len(types[fold(name)]) == 1}
    left_out["name of several types"] = len(found) - len(clear)
    chosen = [concept for concept in clear if split != "test" or concept in _tested_types()]
    return Items(
        ids=tuple("/".join(concept) for concept in chosen),
        fields={"text": [clear[concept] for concept in chosen]},
        labels=tuple(TYPES.index(kind) for kind, _ in chosen),
        left_out=left_out,
    )


def currency_pairs(locale: str, split: str) -> Items:
    """A territory and a currency, and whether it is legal tender there."""
    return _pairs(locale, split, "currency", currencies())


def language_pairs(locale: str, split: str) -> Items:
    """A territory and a language, and whether it is official there."""
    return _pairs(locale, split, "language", official_languages())


def terms(locale: str, split: str) -> Items:
    """Names and English names of the same concepts. Left out: names that are the English one, or of two concepts."""
    found, left_out = usable(locale, split)
    english = names(SOURCE)
    here = Counter(fold(name) for name in found.values())
    there = Counter(fold(english[concept]) for concept in found)
    same = {concept for concept, name in found.items() if fold(name) == fold(english[concept])}
    left_out["the English name"] = len(same)
    chosen = [
        concept
        for concept, name in found.items()
        if concept not in same and here[fold(name)] == 1 and there[fold(english[concept])] == 1
    ]
    left_out["name of several concepts"] = len(found) - len(same) - len(chosen)
    return Items(
        ids=tuple("/".join(concept) for concept in chosen),
        fields={"source": [found[c] for c in chosen], "target": [english[c] for c in chosen]},
        labels=None,
        left_out=left_out,
    )


MAKERS: Mapping[str, Callable[[str, str], Items]] = {
    "cldr-typing": typing,
    "cldr-currency": currency_pairs,
    "cldr-language": language_pairs,
    "cldr-terms": terms,
}


@lru_cache(maxsize=1)
def _tested_types() -> frozenset[Concept]:
    """Concepts that typing is tested on: the same in all languages, at most ``PER_TYPE`` of a type."""
    chosen: list[Concept] = []
    for kind in TYPES:
        own = [concept for concept in names(SOURCE) if concept[0] == kind and splits()[concept] == "test"]
        random.Random(f"typing/{kind}").shuffle(own)
        chosen += own[:PER_TYPE]
    return frozenset(chosen)


def _pairs(locale: str, split: str, kind: str, relation: Mapping[str, tuple[str, ...]]) -> Items:
    found, left_out = usable(locale, split)
    ids, first, second, labels = [], [], [], []
    wanted = _wanted(kind, split)
    for territory, other, label in wanted:
        a, b = found.get(("territory", territory)), found.get((kind, other))
        if a is None or b is None:
            continue
        ids.append(f"{territory}/{other}")
        first.append(a)
        second.append(b)
        labels.append(label)
    left_out["a name is missing"] = len(wanted) - len(ids)
    return Items(tuple(ids), {"first": first, "second": second}, tuple(labels), left_out)


@lru_cache(maxsize=8)
def _wanted(kind: str, split: str) -> tuple[tuple[str, str, int], ...]:
    """Pairs of a split, both sides of which are in it: each true one followed by a false one with the same territory.

    The other side of the false one is drawn among those of the true ones: what is frequent is so in both, and the
    territory alone never says which pair is true.
    """
    relation = currencies() if kind == "currency" else official_languages()
    english, where = names(SOURCE), splits()
    true = [
        (territory, other)
        for territory, others in sorted(relation.items())
        for other in others
        if (kind, other) in english and where[kind, other] == split and where["territory", territory] == split
    ]
    draw = random.Random(f"{kind}/{split}")
    pairs: list[tuple[str, str, int]] = []
    for territory, other in true:
        pairs.append((territory, other, 1))
        used = {pair[1] for pair in pairs if pair[0] == territory}
        others = [code for _, code in true if code not in relation[territory] and code not in used]
        if others:
            pairs.append((territory, draw.choice(others), 0))
    return tuple(pairs)
