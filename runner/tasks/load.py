"""From a name to a task: a file in the data directory, built in, or on the hub."""

from __future__ import annotations

from pathlib import Path

from analysis.errors import CrossliftError, unknown_name

from .base import Task
from .catalog import TaskCard, known_tasks
from .spec import Spec, bundled_specs, read_specs

#: A file of this name in a data directory specifies tasks of its own.
OWN = "tasks.toml"


def open_task(name: str, data_dir: Path | None = None) -> Task:
    """As :func:`runner.tasks.base.load_task`."""
    specs = specifications(data_dir)
    if name in specs:
        return _from_spec(specs[name], data_dir)
    raise unknown_name("task", name, {*specs, *known_tasks()})


def specifications(data_dir: Path | None = None) -> dict[str, Spec]:
    """Specifications that come with the package, and those of a data directory, which come first."""
    own = {}
    if data_dir is not None:
        if not data_dir.is_dir():
            raise CrossliftError(f"there is no data directory '{data_dir}'.", "Give the directory of the data files.")
        if (data_dir / OWN).is_file():
            own = read_specs(data_dir / OWN)
    return {**bundled_specs(), **own}


def card_at_hand(card: TaskCard, data_dir: Path) -> tuple[TaskCard, str]:
    """The card of a task with the revision of the data in a directory, and a note where that is another one.

    The catalogue's card is returned as it is where the directory does not have the file.
    """
    from .tables import file_hash

    path = data_dir / card.file
    if not card.file or not path.is_file():
        return card, ""
    if file_hash(path) == card.revision:
        return card, ""
    found = open_task(card.name, data_dir).card
    return found, (
        f"'{card.name}': '{path.name}' is not the file of the catalogue "
        f"(SHA-256 {found.revision[:12]} instead of {card.revision[:12]}): a revision of its own."
    )


def _from_spec(spec: Spec, data_dir: Path | None) -> Task:
    from .tables import TableTask

    if spec.file and data_dir is not None and (data_dir / spec.file).is_file():
        return TableTask(spec, data_dir / spec.file)
    raise _missing(spec, data_dir)


def _missing(spec: Spec, data_dir: Path | None) -> CrossliftError:
    if data_dir is None:
        return CrossliftError(
            f"'{spec.name}' needs the file '{spec.file}'.", "Name its directory: --data-dir DIRECTORY."
        )
    return CrossliftError(
        f"'{data_dir}' has no file '{spec.file}', which '{spec.name}' needs.", f"It is made from {spec.source}."
    )
