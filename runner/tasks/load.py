"""From a name to a task: a file in the data directory, built in, or on the hub."""

from __future__ import annotations

from pathlib import Path

from analysis.core.errors import CrossliftError, unknown_name

from .base import Task
from .catalog import TaskCard, known_tasks
from .spec import Spec, bundled_specs, read_specs

#: A file of this name in a data directory specifies tasks of its own.
OWN = "tasks.toml"
#: The suite that is made from the data of babel.
CLDR = ("cldr-typing", "cldr-currency", "cldr-language", "cldr-terms")


def load_task(name: str, data_dir: Path | str | None = None) -> Task:
    """Open a task: from ``data_dir`` if its file is there, from the hub if it names one, or built in.

    Raises
    ------
    UnknownNameError
        If there is no such task; the message names the nearest ones.
    CrossliftError
        If its data are not at hand; the message says which file or hub data set is wanted.
    """
    data_dir = None if data_dir is None else Path(data_dir)
    specs, cards = specifications(data_dir), known_tasks()
    if name in specs:
        return _from_spec(specs[name], data_dir)
    if name in CLDR:
        from .cldr.task import CldrTask

        return CldrTask(name, cards.get(name))
    raise unknown_name("task", name, {*specs, *cards, *CLDR})


def specifications(data_dir: Path | None = None) -> dict[str, Spec]:
    """Specifications that come with the package, and those of a data directory, which come first."""
    own = {}
    if data_dir is not None:
        if not data_dir.is_dir():
            raise CrossliftError(f"there is no data directory '{data_dir}'.", "Give the directory of the data files.")
        if (data_dir / OWN).is_file():
            own = read_specs(data_dir / OWN)
    return {**bundled_specs(), **own}


def origin(name: str, data_dir: Path | None = None) -> tuple[str, str]:
    """Where the data of a task are from, and under which licence; empty where its specification does not say."""
    if name in CLDR:
        return "Unicode CLDR, in the package babel", "Unicode License v3"
    spec = specifications(data_dir).get(name)
    return ("", "") if spec is None else (spec.source, spec.licence)


def cards_at_hand(data_dir: Path | None = None) -> tuple[dict[str, TaskCard], dict[str, str]]:
    """Cards by name, with the revisions of the data at hand, and notes on those that differ from the catalogue's.

    A task whose file is not in the directory keeps the card of the catalogue: a plan can be made without the data.
    """
    cards = dict(known_tasks())
    notes: dict[str, str] = {}
    if data_dir is not None:
        for name, spec in specifications(data_dir).items():
            if spec.file and (data_dir / spec.file).is_file():
                cards[name], note = _card_of_file(spec, data_dir, cards.get(name))
                notes |= {name: note} if note else {}
            elif name not in cards or spec != bundled_specs().get(name):
                cards[name] = load_task(name, data_dir).card
    for name in CLDR:
        found = load_task(name).card
        if name in cards and found != cards[name]:
            from .cldr.task import other_release

            notes[name] = other_release()
        cards[name] = found
    return cards, notes


def _card_of_file(spec: Spec, data_dir: Path, known: TaskCard | None) -> tuple[TaskCard, str]:
    from .tables import file_hash

    path = data_dir / spec.file
    if known is None or spec != bundled_specs().get(spec.name):
        return load_task(spec.name, data_dir).card, ""
    if file_hash(path) == known.revision:
        return known, ""
    found = load_task(spec.name, data_dir).card
    return found, (
        f"'{spec.name}': '{path.name}' is not the file of the catalogue (SHA-256 {found.revision[:12]}, not "
        f"{known.revision[:12]}): a revision of its own."
    )


def _from_spec(spec: Spec, data_dir: Path | None) -> Task:
    from .tables import TableTask

    if spec.file and data_dir is not None and (data_dir / spec.file).is_file():
        return TableTask(spec, data_dir / spec.file)
    if spec.hub:
        from .hub import HubTask

        return HubTask(spec)
    raise _missing(spec, data_dir)


def _missing(spec: Spec, data_dir: Path | None) -> CrossliftError:
    if data_dir is None:
        return CrossliftError(
            f"'{spec.name}' needs the file '{spec.file}'.", "Name its directory: --data-dir DIRECTORY."
        )
    return CrossliftError(
        f"'{data_dir}' has no file '{spec.file}', which '{spec.name}' needs.", f"It is made from {spec.source}."
    )
