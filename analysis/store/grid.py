"""The grid file: what a sweep crosses, as its author wrote it. One parser for the runner and for ``analyze power``.

Names of models, tasks and languages are not looked up here: ``runner.plan.grid`` does that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..core.errors import CrossliftError, did_you_mean, unknown_name
from ..core.typed import check_keys

KEYS = ("models", "intermediate", "sizes", "domains", "targets", "languages", "seeds", "control", "retrieval",
        "layer", "evaluation", "training", "training_intermediate", "training_target")  # fmt: skip
#: Keys that hold hyperparameters.
TRAINING = KEYS[-3:]
CONTROLS = ("none", "steps")
#: Name of the intermediate task that stands for no intermediate stage.
NONE = "none"
#: Value of ``languages`` that stands for all languages with test data.
ALL = "all"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """A task as a grid names it: its name, its numbers of examples (``None``: not said), and what was written."""

    name: str
    examples: tuple[Any, ...] | None
    written: Any


@dataclass(frozen=True, slots=True)
class GridFile:
    """The content of a grid file, every key in one form.

    Attributes
    ----------
    models
        Names, or mappings with ``name``.
    intermediate, targets
        Tasks. An intermediate task called ``none`` is the baseline.
    sizes, domains
        As they were written.
    languages
        Codes as they were written, or ``None`` for all.
    seeds
        Whole numbers, each once.
    control
        One of ``CONTROLS``.
    evaluation
        Precision of evaluation; ``None`` where not said.
    retrieval, layer
        The convention by which sentences are retrieved, and the layer of their vectors; ``None`` where not said.
    training
        Hyperparameters by key: ``training``, ``training_intermediate`` and ``training_target``.
    """

    models: tuple[Any, ...]
    targets: tuple[TaskEntry, ...]
    intermediate: tuple[TaskEntry, ...]
    sizes: tuple[Any, ...]
    domains: tuple[str, ...]
    languages: tuple[Any, ...] | None
    seeds: tuple[int, ...]
    control: str
    retrieval: str | None
    layer: str | int | None
    evaluation: str | None
    training: Mapping[str, Mapping[str, Any]]


def read_yaml(path: Path, what: str, keys: Sequence[str]) -> dict[str, Any]:
    """The mapping that a YAML file holds; ``what`` names the file in messages, ``keys`` what it may hold.

    Raises
    ------
    CrossliftError
        If there is no such file, or it is not YAML, or does not hold a mapping.
    """
    import yaml

    if not path.is_file():
        siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        raise CrossliftError(f"there is no {what} '{path}'.", did_you_mean(path.name, siblings))
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise CrossliftError(f"'{path.name}'{where}: not YAML ({problem}).", "Check indentation and colons.") from error
    if not isinstance(content, dict):
        raise CrossliftError(f"'{path.name}' does not hold a mapping.", f"Keys: {', '.join(keys)}.")
    return content


def read_grid(path: Path) -> dict[str, Any]:
    """The content of a grid file, not yet checked; raises as :func:`read_yaml`."""
    return read_yaml(path, "grid", KEYS)


def parse_grid_file(content: Mapping[str, Any]) -> GridFile:
    """Check the form of a grid.

    Raises
    ------
    CrossliftError
        For an unknown key, with the nearest one, and for values of another form.
    """
    check_keys(content, KEYS, "in the grid")
    for key in ("models", "targets"):
        if not content.get(key):
            raise CrossliftError(f"the grid names no {key}.", f"Add '{key}: [NAME, …]'.")
    control = str(content.get("control") or NONE)
    if control not in CONTROLS:
        raise unknown_name("control", control, CONTROLS)
    return GridFile(
        models=as_list(content["models"]),
        targets=tuple(parse_entry(item, "targets") for item in as_list(content["targets"])),
        intermediate=tuple(parse_entry(item, "intermediate") for item in as_list(content.get("intermediate") or NONE)),
        sizes=as_list(content.get("sizes") or ()),
        domains=tuple(map(str, as_list(content.get("domains") or ()))),
        languages=_languages(content.get("languages")),
        seeds=parse_seeds(content.get("seeds", [1])),
        control=control,
        retrieval=None if content.get("retrieval") is None else str(content["retrieval"]),
        layer=_layer(content.get("layer")),
        evaluation=None if content.get("evaluation") is None else str(content["evaluation"]),
        training={key: _mapping(content, key) for key in TRAINING},
    )


def parse_entry(item: Any, where: str) -> TaskEntry:
    """A task from ``NAME``, ``NAME:SIZE`` or ``{task: NAME, examples: SIZE}``; ``where`` is the key that lists it.

    Raises
    ------
    CrossliftError
        If it is none of these.
    """
    if item is None or item is False:  # YAML's null, and what it reads an unquoted 'no' as
        return TaskEntry(NONE, None, item)
    if isinstance(item, str):
        name, colon, size = item.partition(":")
        return TaskEntry(name.strip(), (size.strip(),) if colon else None, item)
    if not isinstance(item, dict) or "task" not in item:
        raise CrossliftError(f"'{item}' in '{where}' names no task.", "Write NAME, or {task: NAME, examples: 500}.")
    check_keys(item, ("task", "examples"), f"in '{where}'")
    examples = item.get("examples")
    return TaskEntry(str(item["task"]), None if examples is None else as_list(examples), item)


def parse_seeds(given: Any) -> tuple[int, ...]:
    """Seeds from a list, one number, or a range such as ``1-5``.

    Raises
    ------
    CrossliftError
        If one is not a whole number, or there is none.
    """
    if isinstance(given, str) and "-" in given.strip("-"):
        first, _, last = given.partition("-")
        if first.strip().isdigit() and last.strip().isdigit() and int(first) <= int(last):
            return tuple(range(int(first), int(last) + 1))
    seeds = []
    for item in as_list(given):
        text = str(item).strip()
        if isinstance(item, bool) or not text.isdigit():
            raise CrossliftError(f"seed '{item}' is not a whole number.", "For example seeds: [1, 2, 3], or 1-5.")
        seeds.append(int(text))
    if not seeds:
        raise CrossliftError("the grid names no seeds.", "For example seeds: [1, 2, 3], or 1-5.")
    return tuple(dict.fromkeys(seeds))


def model_name(item: Any) -> str:
    """The name of an entry of ``models``."""
    return str(item.get("name", "")) if isinstance(item, dict) else str(item).strip()


def as_list(value: Any) -> tuple[Any, ...]:
    """A list as it is, anything else as the only item of one."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _languages(given: Any) -> tuple[Any, ...] | None:
    if given is None or as_list(given) == (ALL,):
        return None
    if given in ([], (), ""):
        raise CrossliftError("the grid names no languages.", "Leave the key out, or write 'languages: all'.")
    return as_list(given)


def _layer(given: Any) -> str | int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and given >= 0):
        return given
    text = str(given).strip()
    return int(text) if text.isdigit() else text


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise CrossliftError(f"'{key}' is {value!r}.", "It is a mapping, such as {epochs: 3, batch_size: 32}.")
    return value
