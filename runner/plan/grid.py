"""The grid: what a sweep crosses, with every model, task and language looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from analysis.core.errors import CrossliftError, unknown_name
from analysis.store.grid import NONE, GridFile, TaskEntry, parse_grid_file

from ..kinds.conventions import CONVENTIONS, LAST
from ..kinds.registry import find_kind
from ..models.catalog import ModelCard, find_model
from ..tasks.catalog import TaskCard, find_task, known_tasks
from .languages import Tested, choose_languages
from .training import PRECISIONS, Trainings, parse_training, parse_trainings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arm:
    """An intermediate task and how many of its examples are trained on."""

    task: TaskCard
    examples: int


@dataclass(frozen=True, slots=True)
class Target:
    """A target task, its training examples (0 where it is evaluated without training) and its languages.

    ``trained`` is the task whose training data these are: tasks that train on the same data share their stages.
    """

    task: TaskCard
    examples: int
    tested: Tested
    trained: TaskCard


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How sentences are retrieved: which side asks (empty: as the task's rule says), and the layer of their vectors."""

    rule: str
    layer: str | int


@dataclass(frozen=True, slots=True)
class Grid:
    """A checked grid. ``evaluation`` is the precision of evaluations; ``notices`` say what was left out, and why."""

    models: tuple[ModelCard, ...]
    arms: tuple[Arm, ...]
    targets: tuple[Target, ...]
    seeds: tuple[int, ...]
    control: str
    retrieval: Retrieval
    evaluation: str
    training_intermediate: Trainings
    training_target: Trainings
    notices: tuple[str, ...] = ()


def parse_grid(
    content: Mapping[str, Any], cards: Mapping[str, TaskCard] | None = None, notes: Mapping[str, str] | None = None
) -> Grid:
    """Check a grid and look up what it names.

    Parameters
    ----------
    content
        Its keys and values, as :func:`analysis.store.grid.read_grid` gives them.
    cards
        Tasks by name, with the revisions of the data at hand (``runner.tasks.load.cards_at_hand``); by default those of
        the catalogue.
    notes
        What to say of a task if the grid names it.

    Raises
    ------
    CrossliftError
        For an unknown key, model, task, language or domain, with the nearest ones, and for values that do not fit.
    """
    file = parse_grid_file(content)
    training = parse_training(file.training["training"])
    known = known_tasks() if cards is None else cards
    arms = _arms(file, known)
    tested, lacking = choose_languages([find_task(entry.name, known) for entry in file.targets], file.languages)
    untrained = [found.task.name for found in tested if not found.task.trains]
    named = dict.fromkeys([*(arm.task.name for arm in arms), *(found.task.name for found in tested)])
    notices = [*lacking, *dict.fromkeys(notes[name] for name in named if notes and name in notes)]
    if file.control == "steps" and untrained:
        notices.append(f"no steps-matched baseline for {', '.join(untrained)}: evaluated without training.")
    return Grid(
        models=_models(file.models),
        arms=arms,
        targets=_unique(
            Target(found.task, _target_examples(found.task, entry), found, _trained(found.task, known))
            for entry, found in zip(file.targets, tested, strict=True)
            if found.codes
        ),
        seeds=file.seeds,
        control=file.control,
        retrieval=_retrieval(file),
        evaluation=_evaluation(file),
        training_intermediate=parse_trainings(
            file.training["training_intermediate"], "training_intermediate", training, [arm.task.name for arm in arms]
        ),
        training_target=parse_trainings(
            file.training["training_target"], "training_target", training, [entry.name for entry in file.targets]
        ),
        notices=tuple(notices),
    )


def _arms(file: GridFile, cards: Mapping[str, TaskCard]) -> tuple[Arm, ...]:
    found = []
    for entry in file.intermediate:
        if entry.name == NONE:
            continue  # the baseline of every cell is added in any case
        task = find_task(entry.name, cards)
        if not task.trains:
            raise CrossliftError(
                f"'{entry.name}' has no training data, so it cannot be an intermediate task.", "Use it as a target."
            )
        if entry.examples == ():
            raise CrossliftError(f"'{entry.name}' has an empty list of examples.", "Leave the key out, or write all.")
        found += [Arm(task, _examples(size, task)) for size in entry.examples or file.sizes or ("all",)]
    offered = {arm.task.domain for arm in found}
    for domain in file.domains:
        if domain not in offered:
            raise unknown_name("domain of the intermediate tasks", domain, offered)
    return _unique(arm for arm in found if not file.domains or arm.task.domain in file.domains)


def _trained(task: TaskCard, known: Mapping[str, TaskCard]) -> TaskCard:
    """The task whose training data a task has, where both train on the same examples."""
    other = known.get(task.trains_as, task)
    return other if (other.kind, other.train_examples) == (task.kind, task.train_examples) else task


def _retrieval(file: GridFile) -> Retrieval:
    if file.retrieval is not None and file.retrieval not in CONVENTIONS:
        raise unknown_name("retrieval", file.retrieval, CONVENTIONS)
    layer = (file.retrieval or next(iter(CONVENTIONS))) if file.layer is None else file.layer
    if isinstance(layer, str) and layer not in (*CONVENTIONS, LAST):
        raise unknown_name("layer", layer, (*CONVENTIONS, LAST))
    return Retrieval(CONVENTIONS[file.retrieval].rule if file.retrieval else "", layer)


def _evaluation(file: GridFile) -> str:
    if file.evaluation is not None and file.evaluation not in PRECISIONS:
        raise unknown_name("evaluation", file.evaluation, PRECISIONS)
    return file.evaluation or PRECISIONS[0]


def _target_examples(task: TaskCard, entry: TaskEntry) -> int:
    kind = find_kind(task.kind)
    if entry.examples is not None and len(entry.examples) != 1:
        raise CrossliftError(f"target '{task.name}' has {len(entry.examples)} numbers of examples.", "Give one.")
    size = None if entry.examples is None else entry.examples[0]
    if kind.no_target:
        raise CrossliftError(f"'{task.name}' {kind.no_target}.", "Use it as an intermediate task.")
    if task.trains:
        return _examples("all" if size is None else size, task)
    if kind.trains:
        raise CrossliftError(
            f"target '{task.name}' has no training data at hand, and nothing answers it without training.",
            "Add a training split to its data, or choose another target.",
        )
    if size not in (None, 0):
        raise CrossliftError(f"target '{task.name}' is evaluated without training.", "Leave its examples out.")
    return 0


def _examples(size: Any, task: TaskCard) -> int:
    if size == "all":
        return task.train_examples
    text = str(size).strip()
    if isinstance(size, bool) or not text.isdigit() or int(text) == 0:
        raise CrossliftError(f"'{size}' is not a number of examples of '{task.name}'.", "A whole number, or all.")
    if int(text) > task.train_examples:
        raise CrossliftError(
            f"'{task.name}' has {task.train_examples:,} training examples, fewer than {int(text):,}.",
            f"Ask for at most {task.train_examples}, or all.",
        )
    return int(text)


def _models(given: Sequence[Any]) -> tuple[ModelCard, ...]:
    """The models, whose names are theirs alone: records and stages tell models apart by name."""
    found = _unique(find_model(item) for item in given)
    by_name: dict[str, ModelCard] = {}
    for card in found:
        other = by_name.setdefault(card.name, card)
        if other is not card:
            places = " and ".join(item.source or item.revision for item in (other, card))
            raise CrossliftError(
                f"two models of the grid are called '{card.name}': {places} ({other.revision}; {card.revision}).",
                "A directory gives its model the name: rename one, or run them as two sweeps with stores of their own.",
            )
    return found


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    kept: list[T] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return tuple(kept)
