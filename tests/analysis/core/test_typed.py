"""Mappings of a user read into dataclasses: values in the type asked for, and words for those that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.core.typed import read_typed

Share = Annotated[float, Meta(ge=0.0, le=1.0, description="a number from 0 to 1")]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Something with keys of every form."""

    name: str
    mode: Literal["fast", "slow"] = "fast"
    rate: Share = 0.5
    left_out: Share | None = None
    count: int = 1
    sizes: Mapping[str, Share] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def read(**content: Any) -> Recipe:
    return read_typed(Recipe, content, "in 'recipe'", name="soup")


def test_values_take_the_type_of_their_key() -> None:
    assert read(rate="5e-1", sizes={"a": 1}, words=["x"]) == Recipe("soup", sizes={"a": 1.0}, words=("x",))
    assert read(left_out=None).left_out is None
    assert read_typed(Recipe, {"count": 3}, "", Recipe("", rate=0.25), name="tea") == Recipe("tea", rate=0.25, count=3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"rat": 1}, "unknown key 'rat' in 'recipe'. Did you mean 'rate'?"),
        ({"name": "x"}, "unknown key 'name' in 'recipe'."),
        ({"mode": "fas"}, "unknown mode 'fas' in 'recipe'. Did you mean 'fast'?"),
        ({"mode": 3}, "unknown mode '3' in 'recipe'. Known: fast, slow."),
        ({"rate": "much"}, "rate in 'recipe' is 'much'. It is a number from 0 to 1."),
        ({"rate": float("nan")}, "rate in 'recipe' is nan. It is a number from 0 to 1."),
        ({"rate": True}, "rate in 'recipe' is True."),
        ({"left_out": 2}, "left_out in 'recipe' is 2. It is a number from 0 to 1."),
        ({"count": "3"}, "count in 'recipe' is '3'. It is a whole number."),
        ({"sizes": 3}, "sizes in 'recipe' is 3. It is a mapping of names to values."),
        ({"sizes": {"a": -1}}, "sizes of 'a' in 'recipe' is -1. It is a number from 0 to 1."),
        ({"words": 3}, "words in 'recipe' is 3. It is a list."),
    ],
)
def test_what_does_not_fit_is_named_with_its_key_and_value(content: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossliftError) as caught:
        read(**content)
    assert words in str(caught.value)


def test_unknown_names_are_errors_of_names() -> None:
    with pytest.raises(UnknownNameError):
        read(mode="fas")
