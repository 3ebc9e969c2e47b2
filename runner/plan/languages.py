"""Which of a task's languages a grid asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.core.errors import CrossliftError, UnknownLanguageError, did_you_mean
from analysis.languages.codes import resolve, resolve_code
from analysis.records.condition import CODE, SCRIPT, Condition

from ..tasks.catalog import TaskCard


@dataclass(frozen=True, slots=True)
class Tested:
    """A task and the codes, as its data spell them, of the languages it is tested in.

    ``conditions`` tells apart the codes that would be one language in the records: ``knc_Arab`` and ``knc_Latn``, of
    which neither script is known to be the usual one.
    """

    task: TaskCard
    codes: tuple[str, ...]
    conditions: Mapping[str, Condition] = field(default_factory=dict)


def tell_apart(codes: Iterable[str]) -> dict[str, Condition]:
    """Conditions of the codes that resolve to the same language and the same notable script."""
    alike: dict[tuple[str, str], list[str]] = {}
    for code in codes:
        found = resolve_code(code)
        alike.setdefault((found.language.iso, found.variant), []).append(code)
    return {
        code: Condition.of(**({SCRIPT: script} if (script := resolve_code(code).script) else {CODE: code}))
        for same in alike.values()
        if len(same) > 1
        for code in same
    }


def choose_languages(
    tasks: Sequence[TaskCard], wanted: Sequence[Any] | None
) -> tuple[tuple[Tested, ...], tuple[str, ...]]:
    """Languages of each task that a grid asks for, and notices of what some tasks lack.

    Parameters
    ----------
    tasks
        The target tasks.
    wanted
        Codes in any form, or ``None`` for all languages. A code that a task spells itself (``zho_Hant``) means that
        one alone, another (``zh``) every script of the language.

    Raises
    ------
    CrossliftError
        If a code means no language, or one that no target is tested in; the message names the nearest ones.
    """
    if wanted is None:
        return tuple(_tested(task, task.languages) for task in tasks), ()
    codes = [_code(item) for item in wanted]
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
    return tuple(_tested(task, kept) for task, kept in zip(tasks, chosen, strict=True)), tuple(notices)


def _tested(task: TaskCard, codes: Iterable[str]) -> Tested:
    # Of all its languages, not only those asked for: what a cell is called must not depend on the grid.
    return Tested(task, tuple(codes), tell_apart(task.languages))


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
