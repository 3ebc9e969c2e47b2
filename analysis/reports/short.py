"""An answer in one short sentence: what opens a report and stands in the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..core.text import Table, number
from ..questions.regression.verdict import DEPENDS, HOLDS, TOO_FEW
from .numbers import Value

if TYPE_CHECKING:
    from ..questions.regression.answer import Answer, Naive
    from ..questions.regression.robustness import Row

#: Words of the sentence that a report opens with, at most.
MOST_WORDS = 25
_VERBS = {"gain": ("rises", "falls"), "gap": ("widens", "narrows"), "score": ("rises", "falls")}


def short_answer(item: Answer, outcome: str, rows: Sequence[Row] = ()) -> str:
    """What ``item`` says about ``outcome`` and distance, in at most :data:`MOST_WORDS` words.

    ``rows`` are the slopes under other models: that every one agrees is said only where every one does, those that do
    not decide the verdict among them.
    """
    up, down = _VERBS[outcome]
    size = f"{number(abs(item.estimate), 2)} points per 0.1 of distance ({item.interval})"
    if item.verdict == TOO_FEW:
        return (
            f"{item.levels} languages are too few for a verdict: the {outcome} changes by {number(item.estimate, 2)} "
            f"points per 0.1 of distance ({item.interval})."
        )
    if not item.direction:
        return (
            f"The data do not settle whether the {outcome} changes with distance: {number(item.estimate, 2)} points "
            f"per 0.1 ({item.interval})."
        )
    moved = f"The {outcome} {up if item.direction > 0 else down} by {size}"
    beside = [row for row in rows if row.computed]
    if item.verdict == HOLDS and beside and all(row.direction == item.direction for row in beside):
        return f"{moved}, under every model tried."
    return f"{moved}, but not under every model tried." if item.verdict == DEPENDS else f"{moved}."


def key_table(values: Mapping[str, Value | int | str]) -> Table:
    """The numbers of an answer card: a name above, the number below."""
    printed = [
        value.part("estimate") + ("%" if value.unit == "%" else "") if isinstance(value, Value) else
        f"{value:,}" if isinstance(value, int) else value
        for value in values.values()
    ]  # fmt: skip
    return Table(tuple(values), (tuple(printed),))


def pooling_words(naive: Naive, own_error: float) -> str:
    """What pooling the rows as if independent would do here, and the sentence with its numbers."""
    if own_error > naive.std_error:
        return f"Pooling the rows would overstate what is known. {naive.sentence}"
    return f"Pooling the rows does not narrow the interval here. {naive.sentence}"
