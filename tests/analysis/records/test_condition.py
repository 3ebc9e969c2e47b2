"""The codec of ``condition``: texts come back as they were, and parts are found by name."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.outcomes.mixtures import configurations
from analysis.records import bundled
from analysis.records.condition import CONFIG, CONTROL, SCRIPT, Condition


@given(st.lists(st.text(st.characters(blacklist_characters=";"), min_size=1), max_size=5))
def test_a_text_comes_back_as_it_was(parts: list[str]) -> None:
    text = "; ".join(parts)
    assert str(Condition.parse(text)) == text
    assert Condition.parse(text).parts == tuple(parts)


@pytest.mark.parametrize("missing", [None, "", float("nan"), pd.NA])
def test_a_missing_condition_has_no_parts(missing: object) -> None:
    assert Condition.parse(missing) == Condition()
    assert str(Condition()) == ""


def test_parts_are_found_by_name() -> None:
    found = Condition.parse("0-shot; script=Hant; filter=a=b; script")
    assert (found.value("script"), found.value("filter"), found.value("0-shot"), found.value("code")) == (
        "Hant", "a=b", None, None,
    )  # fmt: skip
    assert str(found.in_any_script) == "0-shot; filter=a=b; script"
    assert str(Condition.of("0-shot", script="Hant") + Condition.of(epochs=3)) == "0-shot; script=Hant; epochs=3"


def test_steps_are_said_last_and_once() -> None:
    once = Condition.parse("control=steps:5; script=Hant").with_steps(30)
    assert str(once) == "script=Hant; control=steps:30" == str(once.with_steps(30))
    assert once.value(CONTROL) == "steps:30"


def test_every_bundled_condition_comes_back_as_it_was() -> None:
    named = set()
    for entry in bundled.record_sets():
        for text in bundled.load(entry.name)["condition"].dropna().unique():
            assert str(Condition.parse(text)) == text
            named |= {name for name in (SCRIPT, CONFIG) if Condition.parse(text).value(name)}
    assert named == {SCRIPT, CONFIG}


def test_a_configuration_is_named_or_what_stands_in_its_place() -> None:
    given_conditions = pd.Series(["config=a", "script=Hant; config=b", "c", None], dtype="str")
    assert [*configurations(given_conditions)[:3]] == ["a", "b", "c"]
    assert configurations(given_conditions).isna().tolist() == [False, False, False, True]
