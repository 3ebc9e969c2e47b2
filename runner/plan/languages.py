"""Which of a task's languages a grid asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.errors import CrossliftError, UnknownLanguageError, did_you_mean
from analysis.languages import resolve

from ..tasks.catalog import TaskCard


@dataclass(frozen=True, slots=True)
class Tested:
    """A task and the codes, as its data spell them, of the languages it is tested in."""

    task: TaskCard
    codes: tuple[str, ...]


def choose_languages(tasks: Sequence[TaskCard], wanted: Any) -> tuple[tuple[Tested, ...], tuple[str, ...]]:
    """Languages of each task that a grid asks for, and notices of what some tasks lack.

    Parameters
    ----------
    tasks
        The target tasks.
    wanted
        ``all``, or codes in any form; a code that a task spells itself (``zho_Hant``) means that one alone, another
        (``zh``) every script of the language.

    Raises
    ------
    CrossliftError
        If a code means no language, or one that no target is tested in; the message names the nearest ones.
    """
    if wanted is None or wanted == "all" or wanted == ["all"]:
        return tuple(Tested(task, tuple(task.languages)) for task in tasks), ()
    if wanted in ([], (), ""):
        raise CrossliftError("the grid names no languages.", "Leave the key out, or write 'languages: all'.")
    codes = [_code(item) for item in (wanted if isinstance(wanted, (list, tuple)) else [wanted])]
    chosen: list[list[str]] = [[] for _ in tasks]
    lacking: dict[str, list[str]] = {}
    for code in codes:
        matches = [_match(code, task) for task in tasks]
        if not any(matches):
            spelled = sorted({own for task in tasks for own in task.languages})
            hint = did_you_mean(code, spelled) or f"'languages: all' takes all {len(spelled)} that have test data."
            raise CrossliftError(
                f"language '{code}' has no test data in {', '.join(task.name for task in tasks)}.", hint
            )
        for kept, found, task in zip(chosen, matches, tasks, strict=True):
            kept += [own for own in found if own not in kept]
            if not found:
                lacking.setdefault(task.name, []).append(code)
    notices = [f"'{name}' has no test data in {', '.join(missing)}: left out." for name, missing in lacking.items()]
    return tuple(Tested(task, tuple(kept)) for task, kept in zip(tasks, chosen, strict=True)), tuple(notices)


def _match(code: str, task: TaskCard) -> list[str]:
    if code in task.languages:
        return [code]
    iso = resolve(code).iso
    return [own for own in task.languages if resolve(own).iso == iso]


def _code(item: Any) -> str:
    if isinstance(item, bool):  # YAML's "Norway problem"
        raise UnknownLanguageError(f"YAML reads a language code as {item}.", "Quote it: 'no'.")
    code = str(item).strip()
    resolve(code)
    return code
