"""What a plan has to know of a task: its kind, its data revision, where it is tested and how much it trains on.

A task class needs one :class:`TaskCard`, found here by name. The cards of the bundled catalogue are counted by
``data/build/tasks.py``; a task whose data are made or found at run time adds its own with :func:`register`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from analysis.core.errors import unknown_name

from ..kinds.registry import find_kind


@dataclass(frozen=True, slots=True)
class TaskCard:
    """One task.

    Attributes
    ----------
    name
        Name in grids and records.
    kind
        A kind of task, by its name in ``runner.kinds``.
    revision
        Identifies the data: the hash of the data file, the commits on a hub, or versions and a hash of what was made.
    languages
        Test items by language, under the data set's own codes.
    train_language, train_examples
        Of the training split; empty and 0 where there is none.
    metrics
        What an evaluation reports, the first one first in tables.
    domain
        What the text is about or where it is from.
    split
        The split that is scored.
    file
        Data file in a data directory; empty for tasks that need none.
    trains_as
        Another task that has the same training data: tasks with the same ones share their training stages.
    rule
        The rule by which it is scored, one of its kind's; empty where the kind has one way alone.
    validation
        The dev split in the language of training; empty where there is none.
    """

    name: str
    kind: str
    revision: str
    languages: Mapping[str, int]
    train_language: str = ""
    train_examples: int = 0
    metrics: tuple[str, ...] = ("acc",)
    domain: str = ""
    split: str = "test"
    file: str = ""
    rule: str = ""
    trains_as: str = ""
    validation: str = ""

    @property
    def trains(self) -> bool:
        """Whether a model can be trained on it."""
        return self.train_examples > 0 and find_kind(self.kind).trains


_ADDED: dict[str, TaskCard] = {}


def register(card: TaskCard) -> None:
    """Add a task, or replace the card of that name."""
    _ADDED[card.name] = card


def known_tasks() -> dict[str, TaskCard]:
    """All cards by name, sorted."""
    return dict(sorted({**_bundled(), **_ADDED}.items()))


def find_task(name: str, cards: Mapping[str, TaskCard] | None = None) -> TaskCard:
    """Return the card of a task, among ``cards`` or all that are known.

    Raises
    ------
    UnknownNameError
        If there is none; the message names the nearest ones.
    """
    cards = known_tasks() if cards is None else cards
    if name not in cards:
        raise unknown_name("task", name, cards)
    return cards[name]


@lru_cache(maxsize=1)
def _bundled() -> dict[str, TaskCard]:
    import tomllib

    text = (Path(__file__).parent / "catalog.toml").read_text(encoding="utf-8")
    return {
        name: TaskCard(name=name, **{**entry, "metrics": tuple(entry["metrics"])})
        for name, entry in tomllib.loads(text).items()
    }
