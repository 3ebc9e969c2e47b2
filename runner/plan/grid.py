"""The grid: what a sweep crosses, read from YAML or flags and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from analysis.core.errors import CrossliftError, did_you_mean, unknown_name

from ..models.catalog import ModelCard, find_model
from ..tasks.catalog import UNTRAINED, TaskCard, find_task, known_tasks
from .languages import Tested, choose_languages
from .training import Training, parse_training

KEYS = ("models", "intermediate", "sizes", "domains", "targets", "languages", "seeds", "control", "training",
        "training_intermediate", "training_target")  # fmt: skip
CONTROLS = ("none", "steps")
#: Name of the intermediate task that stands for no intermediate stage.
NONE = "none"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arm:
    """An intermediate task and how many of its examples are trained on."""

    task: TaskCard
    examples: int


@dataclass(frozen=True, slots=True)
class Target:
    """A target task, its training examples (0 where it is evaluated without training) and its languages."""

    task: TaskCard
    examples: int
    tested: Tested


@dataclass(frozen=True, slots=True)
class Grid:
    """A checked grid. ``notices`` say what was left out of it and why."""

    models: tuple[ModelCard, ...]
    arms: tuple[Arm, ...]
    targets: tuple[Target, ...]
    seeds: tuple[int, ...]
    control: str
    training_intermediate: Training
    training_target: Training
    notices: tuple[str, ...] = ()


def read_grid(path: Path) -> dict[str, Any]:
    """The content of a grid file, not yet checked.

    Raises
    ------
    CrossliftError
        If there is no such file, or it is not YAML, or holds no mapping.
    """
    import yaml

    if not path.is_file():
        siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        raise CrossliftError(f"there is no grid '{path}'.", did_you_mean(path.name, siblings))
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise CrossliftError(f"'{path.name}'{where}: not YAML ({problem}).", "Check indentation and colons.") from error
    if not isinstance(content, dict):
        raise CrossliftError(f"'{path.name}' holds no mapping.", f"Keys: {', '.join(KEYS)}.")
    return content


def parse_grid(
    content: Mapping[str, Any], cards: Mapping[str, TaskCard] | None = None, notes: Mapping[str, str] | None = None
) -> Grid:
    """Check a grid and look up what it names.

    Parameters
    ----------
    content
        Its keys and values, as :func:`read_grid` gives them.
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
    for key in content:
        if key not in KEYS:
            raise CrossliftError(
                f"unknown key '{key}' in the grid.", did_you_mean(str(key), KEYS) or f"Keys: {', '.join(KEYS)}."
            )
    for key in ("models", "targets"):
        if not content.get(key):
            raise CrossliftError(f"the grid names no {key}.", f"Add '{key}: [NAME, …]'.")
    training = parse_training(_mapping(content, "training"))
    known = known_tasks() if cards is None else cards
    arms = _arms(content, known)
    tasks = [_entry(item, "targets") for item in _list(content["targets"])]
    tested, lacking = choose_languages([find_task(name, known) for name, _ in tasks], content.get("languages", "all"))
    control = str(content.get("control") or NONE)
    if control not in CONTROLS:
        raise unknown_name("control", control, CONTROLS)
    untrained = [found.task.name for found in tested if not found.task.trains]
    named = dict.fromkeys([*(arm.task.name for arm in arms), *(found.task.name for found in tested)])
    notices = [*lacking, *dict.fromkeys(notes[name] for name in named if notes and name in notes)]
    if control == "steps" and untrained:
        notices.append(f"no steps-matched baseline for {', '.join(untrained)}: evaluated without training.")
    return Grid(
        models=_models(content["models"]),
        arms=arms,
        targets=_unique(
            Target(found.task, _target_examples(found.task, size), found)
            for (_, size), found in zip(tasks, tested, strict=True)
            if found.codes
        ),
        seeds=parse_seeds(content.get("seeds", [1])),
        control=control,
        training_intermediate=parse_training(
            _mapping(content, "training_intermediate"), "training_intermediate", training
        ),
        training_target=parse_training(_mapping(content, "training_target"), "training_target", training),
        notices=tuple(notices),
    )


def parse_seeds(given: Any) -> tuple[int, ...]:
    """Seeds from a list, one number, or a range such as ``1-5``."""
    if isinstance(given, str) and "-" in given.strip("-"):
        first, _, last = given.partition("-")
        if first.strip().isdigit() and last.strip().isdigit() and int(first) <= int(last):
            return tuple(range(int(first), int(last) + 1))
    seeds = []
    for item in _list(given):
        text = str(item).strip()
        if isinstance(item, bool) or not text.isdigit():
            raise CrossliftError(f"seed '{item}' is not a whole number.", "For example seeds: [1, 2, 3], or 1-5.")
        seeds.append(int(text))
    if not seeds:
        raise CrossliftError("the grid names no seeds.", "For example seeds: [1, 2, 3], or 1-5.")
    return _unique(seeds)


def _arms(content: Mapping[str, Any], cards: Mapping[str, TaskCard]) -> tuple[Arm, ...]:
    sizes = _list(content.get("sizes") or [])
    found = []
    for item in _list(content.get("intermediate") or [NONE]):
        name, own = _entry(item, "intermediate")
        if name == NONE:
            continue  # the baseline of every cell is added in any case
        task = find_task(name, cards)
        if not task.trains:
            raise CrossliftError(
                f"'{name}' has no training data, so it is no intermediate task.", "Use it as a target."
            )
        if own == []:
            raise CrossliftError(f"'{name}' has an empty list of examples.", "Leave the key out, or write all.")
        found += [Arm(task, _examples(size, task)) for size in (_list(own) if own is not None else sizes or ["all"])]
    domains = [str(item) for item in _list(content.get("domains") or [])]
    offered = {arm.task.domain for arm in found}
    for domain in domains:
        if domain not in offered:
            raise unknown_name("domain of the intermediate tasks", domain, offered)
    return _unique(arm for arm in found if not domains or arm.task.domain in domains)


def _entry(item: Any, where: str) -> tuple[str, Any]:
    """Name and examples of ``NAME``, ``NAME:SIZE`` or ``{task: NAME, examples: SIZE}``."""
    if item is None or item is False:
        return NONE, None
    if isinstance(item, str):
        name, colon, size = item.partition(":")
        return name.strip(), size.strip() if colon else None
    if not isinstance(item, dict) or "task" not in item:
        raise CrossliftError(f"'{item}' in '{where}' names no task.", "Write NAME, or {task: NAME, examples: 500}.")
    for key in item:
        if key not in ("task", "examples"):
            hint = did_you_mean(str(key), ("task", "examples")) or "Keys: task, examples."
            raise CrossliftError(f"unknown key '{key}' in '{where}'.", hint)
    return str(item["task"]), item.get("examples")


def _target_examples(task: TaskCard, size: Any) -> int:
    if task.kind == "mlm":  # its head knows the pieces of the training texts alone
        raise CrossliftError(f"'{task.name}' trains on text alone: it is no target.", "Use it as an intermediate task.")
    if task.trains:
        return _examples("all" if size is None else size, task)
    if task.kind not in UNTRAINED:
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
        raise CrossliftError(f"'{size}' is no number of examples of '{task.name}'.", "A whole number, or all.")
    if int(text) > task.train_examples:
        raise CrossliftError(
            f"'{task.name}' has {task.train_examples:,} training examples, fewer than {int(text):,}.",
            f"Ask for at most {task.train_examples}, or all.",
        )
    return int(text)


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise CrossliftError(f"'{key}' is {value!r}.", "It is a mapping, such as {epochs: 3, batch_size: 32}.")
    return value


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _models(given: Any) -> tuple[ModelCard, ...]:
    """The models, whose names are theirs alone: records and stages tell models apart by name."""
    found = _unique(find_model(item) for item in _list(given))
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
