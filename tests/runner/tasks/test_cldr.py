"""The suite cldr: nothing leaks from training to test, in any language, and the catalogue is what is made."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from runner.plan.grid import parse_grid
from runner.tasks.catalog import find_task
from runner.tasks.cldr.items import MAKERS
from runner.tasks.cldr.split import SHARES, currencies, official_languages, splits, trained_names
from runner.tasks.cldr.task import LEAST, MOST_ENGLISH, CldrTask, count, english_share, is_current
from runner.tasks.cldr.terms import SOURCE, babel_version, fold, locales, names
from runner.tasks.load import CLDR, load_task
from tests.conftest import skip_or_fail

TRAINED = [name for name in CLDR if name != "cldr-terms"]
#: Of several scripts, families and sizes of coverage.
SOME = ("de", "fr", "sw", "zu", "am", "ar", "hi", "th", "zh", "zh_Hant", "ja", "ka", "sr_Latn", "yo", "qu", "id")


@pytest.fixture(autouse=True)
def installed() -> None:
    if not babel_version():
        skip_or_fail("babel is not installed")


@pytest.mark.slow
@pytest.mark.parametrize("name", CLDR)
def test_the_catalogue_is_what_is_made(name: str) -> None:
    if not is_current(find_task(name)):
        skip_or_fail("another CLDR is installed than the catalogue was made with")
    assert count(name) == find_task(name)
    assert len(find_task(name).languages) > 140


def test_concepts_are_in_one_split_whatever_the_task() -> None:
    for name in TRAINED:
        used: dict[str, set[tuple[str, str]]] = {}
        for split in SHARES:
            used[split] = set()
            for language in (SOURCE, *SOME) if split == "test" else (SOURCE,):
                for item in MAKERS[name](language, split).ids:
                    used[split] |= _concepts(name, item)
            assert all(splits()[concept] == split for concept in used[split])
        assert not used["train"] & used["test"]
        assert not used["validation"] & (used["train"] | used["test"])


def _concepts(name: str, item: str) -> set[tuple[str, str]]:
    first, second = item.split("/", 1)
    if name == "cldr-typing":
        return {(first, second)}
    return {("territory", first), ("currency" if name == "cldr-currency" else "language", second)}


def test_no_tested_name_was_trained_on_in_any_language() -> None:
    seen = trained_names()
    for name in CLDR:
        for language in locales():
            fields = MAKERS[name](language, "test").fields
            texts = [text for key, values in fields.items() if key != "target" for text in values]
            assert not seen & {fold(text) for text in texts}, (name, language)


def test_each_split_has_about_its_share() -> None:
    for kind in ("territory", "currency", "script", "unit", "time zone"):
        found = Counter(split for (own, _), split in splits().items() if own == kind)
        for split, share in SHARES.items():
            assert found[split] / found.total() == pytest.approx(share, abs=0.12), (kind, split)


def test_territories_that_share_a_currency_go_together() -> None:
    for territory, tender in currencies().items():
        for code in tender:
            if ("currency", code) in splits():
                assert splits()["currency", code] == splits()["territory", territory]


@pytest.mark.parametrize(
    ("territory", "currency", "languages"),
    [("FR", ("EUR",), ("fr",)), ("CH", ("CHF",), ("de", "fr", "gsw", "it", "rm")), ("JP", ("JPY",), ("ja",))],
)
def test_relations_are_those_of_the_world(
    territory: str, currency: tuple[str, ...], languages: tuple[str, ...]
) -> None:
    assert currencies()[territory] == currency
    assert set(official_languages()[territory]) <= set(languages)


@pytest.mark.parametrize("name", ["cldr-currency", "cldr-language"])
def test_pairs_are_balanced_and_true_pairs_are_true(name: str) -> None:
    relation = currencies() if name == "cldr-currency" else official_languages()
    for split in SHARES:
        items = MAKERS[name](SOURCE, split)
        assert items.labels is not None
        for item, label in zip(items.ids, items.labels, strict=True):
            territory, other = item.split("/")
            assert (other in relation[territory]) == bool(label)
        assert np.mean(items.labels) == pytest.approx(0.5, abs=0.05)
        assert len(set(items.ids)) == len(items.ids)


def test_names_of_several_types_are_left_out_of_typing() -> None:
    # 'Arabic' is a language and a script in English.
    english = {name: concept for concept, name in names(SOURCE).items()}
    assert "Arabic" in english
    for split in SHARES:
        assert "Arabic" not in MAKERS["cldr-typing"](SOURCE, split).fields["text"]


def test_retrieval_has_no_item_that_copying_solves() -> None:
    for language in SOME:
        fields = MAKERS["cldr-terms"](language, "test").fields
        assert not [pair for pair in zip(*fields.values(), strict=True) if fold(pair[0]) == fold(pair[1])]
        for side in fields.values():
            assert len({fold(text) for text in side}) == len(side)


def test_items_are_the_same_in_all_languages() -> None:
    for name in CLDR:
        labels: dict[str, int] = {}
        for language in SOME:
            items = MAKERS[name](language, "test")
            for item, label in zip(items.ids, items.labels or [0] * len(items.ids), strict=True):
                assert labels.setdefault(item, label) == label


def test_names_are_a_languages_own() -> None:
    assert names("de")["territory", "FR"] == "Frankreich"
    assert names("zh_Hant")["territory", "FR"] == "法國"
    france = ("territory", "FR")
    scripts = [locale for locale in locales() if "_" in locale and france in names(locale.split("_")[0])]
    assert any(france not in names(locale) for locale in scripts)  # it has a name in the language's usual script


@pytest.mark.parametrize("name", CLDR)
def test_languages_with_thin_coverage_are_left_out(name: str) -> None:
    tested = find_task(name).languages
    assert "fil" in locales()
    assert english_share("fil") > MOST_ENGLISH
    assert "fil" not in tested
    assert min(tested.values()) >= LEAST[name]


def test_a_task_of_the_suite_is_a_task() -> None:
    task = load_task("cldr-typing")
    english = task.train()
    assert len(english) == task.card.train_examples
    assert set(task.train(200).ids) < set(task.train(500).ids)
    of_item = dict(zip(english.ids, english.fields["text"], strict=True))
    assert all(names(SOURCE)[tuple(item.split("/", 1))] == text for item, text in of_item.items())
    examples = task.test("sw")
    assert [task.labels[label] for label in examples.labels] == [name.split("/")[0] for name in examples.ids]
    acc, f1 = task.score(examples.labels, examples)
    assert (acc.score, f1.score) == (100.0, 100.0)
    validation = task.validation()
    assert validation is not None
    assert len(validation) > 100
    terms = load_task("cldr-terms")
    assert terms.validation() is None
    assert terms.test("sw").labels is None


def test_another_version_of_cldr_is_another_revision(monkeypatch: Any) -> None:
    known = find_task("cldr-language")
    made = count("cldr-language").revision.split(", ")[-1]
    monkeypatch.setattr("runner.tasks.cldr.task.cldr_version", lambda: "99.0")
    count.cache_clear()
    card = CldrTask("cldr-language", known).card
    count.cache_clear()
    assert card.revision.startswith("CLDR 99.0, builder ")
    assert card.revision.split(", ")[-1] == made  # the same items under another name


def test_the_suite_is_planned_like_any_other() -> None:
    grid = parse_grid(
        {
            "models": ["me5-small@3"],
            "intermediate": ["cldr-typing:500"],
            "targets": ["cldr-language"],
            "languages": "all",
        }
    )
    assert len(grid.targets[0].tested.codes) == len(find_task("cldr-language").languages)
