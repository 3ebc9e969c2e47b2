"""The tasks of the suite: ``cldr-typing``, ``cldr-currency``, ``cldr-language`` and ``cldr-terms``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ...kinds.examples import Examples
from ...kinds.registry import find_kind
from ..base import Task
from ..catalog import TaskCard
from .items import MAKERS, Items
from .split import splits
from .terms import SOURCE, TYPES, babel_version, cldr_version, fold, is_known, locales, names

#: Raised when a change of this package changes an item.
BUILDER = 1
#: The release of babel that the catalogue was made with: ``pip install`` gives its items back.
CATALOGUED = "2.19.0"
#: Least test items of a language, and largest share of its names that may be the English ones.
LEAST: Mapping[str, int] = {"cldr-typing": 100, "cldr-currency": 50, "cldr-language": 50, "cldr-terms": 100}
MOST_ENGLISH = 0.5

KIND_OF = {"cldr-typing": "classification", "cldr-currency": "pair", "cldr-language": "pair", "cldr-terms": "retrieval"}
LABELS = {"cldr-typing": TYPES, "cldr-currency": ("no", "yes"), "cldr-language": ("no", "yes"), "cldr-terms": ()}
METRICS = {
    "classification": ("acc", "macro_f1"),
    "pair": ("acc", "macro_f1"),
    "retrieval": ("acc", "acc_to_english"),
}
DOMAIN = "terms"


@dataclass(frozen=True)
class CldrTask(Task):
    """One task of the suite."""

    name: str
    catalogued: TaskCard | None = None

    @cached_property
    def card(self) -> TaskCard:
        """The catalogue's card where it was counted with the installed CLDR and this builder; else counted now."""
        known = self.catalogued
        return known if known is not None and is_current(known) else count(self.name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Types of terms; or whether the relation holds."""
        return LABELS[self.name]

    def validation(self, language: str = "") -> Examples | None:
        """Items of concepts that are neither trained on nor tested on, in English unless a language is given."""
        return None if self.name == "cldr-terms" else self._examples(language or SOURCE, "validation")

    def _train(self) -> Examples:
        return self._examples(SOURCE, "train")

    def _test(self, language: str) -> Examples:
        return self._examples(language, "test")

    def _examples(self, locale: str, split: str) -> Examples:
        import numpy as np

        found = MAKERS[self.name](locale, split)
        labels = None if found.labels is None else np.array(found.labels, dtype=np.int64)
        return Examples(found.fields, labels, found.ids, locale)


def is_current(card: TaskCard) -> bool:
    """Whether a card was counted with the installed CLDR (or none is installed) and this builder."""
    version = cldr_version()
    return not version or card.revision.startswith(_revision_head(version))


def other_release() -> str:
    """What to say where the installed babel has other data than the catalogue; a note for all tasks of the suite."""
    return (
        f"tasks 'cldr-*': made from CLDR {cldr_version()}, which the installed babel {babel_version()} has; the "
        f"catalogue has another: revisions of their own. pip install babel=={CATALOGUED} gives those of the catalogue."
    )


@lru_cache(maxsize=8)
def count(name: str) -> TaskCard:
    """Make all items of a task and count them; seconds.

    The revision is the version of CLDR, that of the builder, and a hash of all items.
    """
    digest = hashlib.sha256()
    tested = {}
    for locale in locales():
        items = MAKERS[name](locale, "test")
        if exclusion(name, locale, items):
            continue
        tested[locale] = len(items.ids)
        digest.update(_bytes(locale, items))
    kind = KIND_OF[name]
    trained = Items((), {}, (), {}) if kind == "retrieval" else MAKERS[name](SOURCE, "train")
    digest.update(_bytes("train", trained))
    return TaskCard(
        name=name,
        kind=kind,
        revision=f"{_revision_head(cldr_version())}{digest.hexdigest()[:16]}",
        languages=tested,
        train_language=SOURCE if trained.ids else "",
        train_examples=len(trained.ids),
        metrics=METRICS[kind],
        domain=DOMAIN,
        split="test",
        rule=next(iter(find_kind(kind).rules), ""),
        validation="validation" if trained.ids else "",
    )


def exclusion(name: str, locale: str, items: Items) -> str:
    """Why a task is not tested in a language; empty if it is."""
    if not is_known(locale):
        return "not in the language table"
    if locale != SOURCE and locale.split("_")[0] == SOURCE:
        return "English in another script"
    if len(items.ids) < LEAST[name]:
        return f"fewer than {LEAST[name]} test items"
    if locale != SOURCE and english_share(locale) > MOST_ENGLISH:
        return f"more than {MOST_ENGLISH:.0%} of the names are the English ones"
    return ""


def english_share(locale: str) -> float:
    """Share of the names of a language, among concepts with an English name, that are the English one."""
    english = names(SOURCE)
    both = [fold(name) == fold(english[concept]) for concept, name in names(locale).items() if concept in splits()]
    return sum(both) / len(both) if both else 0.0


def _revision_head(version: str) -> str:
    return f"CLDR {version}, builder {BUILDER}, "


def _bytes(head: str, items: Items) -> bytes:
    content: tuple[Any, ...] = (head, items.ids, sorted(items.fields.items()), items.labels)
    return repr(content).encode()
