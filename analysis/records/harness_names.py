"""The language in the name of a task of the lm-evaluation-harness, and the name of the task without it.

A task in one language is named after both (``xnli_sw``, ``belebele_swh_Latn``, ``afrixnli_hau_prompt_2``), and its data
set's configuration mostly is the language alone (``sw``, ``xquad.ar``, ``Greek``). Short words are codes of languages
too (``law``, ``art``, ``wic``), so a code that is not plainly one counts only among siblings in other languages. Tasks
of known families are read with the family's own list (:mod:`analysis.records.task_names`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..core.errors import UnknownLanguageError
from ..languages.codes import is_name, resolve_code
from .task_names import known_task

_CODE = re.compile(r"[a-z]{2,3}|[A-Za-z]{2,3}[-_][A-Za-z]{4}|[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_][A-Za-z]{2}")
_PLAIN = re.compile(r"[a-z]{2}|[a-z]{2,3}_[A-Z][a-z]{3}|[A-Za-z ]{4,}")
_SCRIPT = re.compile(r"[a-z]{2,3}_[A-Z][a-z]{3}")
_BREAK = re.compile(r"[_\-. ]")
#: Share of the tasks of one name that have to be in some language, where their codes are not plain.
SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Named:
    """What a task's name says: the code of the language as it stands there, the task without it, and what is around."""

    code: str
    task: str
    plain: bool
    front: tuple[str, ...]
    back: tuple[str, ...]


def split_languages(tasks: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Code of the language and task without it, for each task whose name has one.

    Parameters
    ----------
    tasks
        Configuration of its data set (empty where it is not known) by the name of the task; all tasks of one file.
    """
    listed = {name: known for name in tasks if (known := known_task(name)) is not None}
    found = {}
    for name, configuration in tasks.items():
        if name in listed and listed[name].own:
            continue
        named = next(_by_configuration(name, configuration), None) or next(_by_ending(name, configuration), None)
        if named is not None:
            found[name] = named
    alike: dict[tuple[Any, ...], list[str]] = {}
    for own in found.values():
        alike.setdefault((own.front, own.back), []).append(_language(own.code))
    split = [tuple(_BREAK.split(name.casefold())) for name in tasks]

    @cache
    def among_siblings(front: tuple[str, ...], back: tuple[str, ...], width: int) -> bool:
        """Whether the task is there in several languages, which most tasks named like it are in."""
        languages = alike[front, back]
        end = len(front) + width
        long = [tokens for tokens in split if len(tokens) == end + len(back)]
        named = sum(tokens[: len(front)] == front and tokens[end:] == back for tokens in long)
        return len(set(languages)) >= 2 and len(languages) >= SHARE * named

    by_name = {
        name: (own.code, own.task)
        for name, own in found.items()
        if own.plain or among_siblings(own.front, own.back, len(_BREAK.split(own.code)))
    }
    by_list = {name: (known.code, known.task) for name, known in listed.items() if known.own or not _plain(found, name)}
    return {name: by_list.get(name) or by_name[name] for name in tasks if name in by_list or name in by_name}


def _plain(found: Mapping[str, Named], name: str) -> bool:
    return name in found and found[name].plain


def _by_configuration(name: str, configuration: str) -> Iterator[Named]:
    parts = [configuration, *re.split(r"[./]", configuration)]
    scripts = [part[: -len("_Latn")] for part in parts if _SCRIPT.fullmatch(part)]  # the name may leave the script out
    for part in dict.fromkeys([*parts, *scripts]):
        if _language(part):
            yield from _without(name, part, bool(_PLAIN.fullmatch(part)))


def _by_ending(name: str, configuration: str) -> Iterator[Named]:
    """Not where the configuration writes the same word in another way: ``SES`` is no code."""
    tokens = _BREAK.split(name)
    for count in (2, 1):
        code = "_".join(tokens[-count:])
        if (
            len(tokens) > count
            and (count == 1 or _SCRIPT.fullmatch(code))
            and _language(code)
            and (code.casefold() != configuration.casefold())
        ):
            yield from _without(name, code, plain=False)


def _without(name: str, code: str, plain: bool) -> Iterator[Named]:
    tokens, own = _BREAK.split(name), _BREAK.split(code.casefold())
    count = len(own)
    folded = [token.casefold() for token in tokens]
    places = [at for at in range(len(tokens) - count + 1) if folded[at : at + count] == own]
    gone = {at + i for at in places for i in range(count)}
    if places and len(gone) < len(tokens):
        rest = "_".join(token for i, token in enumerate(tokens) if i not in gone)
        yield Named(code, rest, plain, tuple(folded[: places[0]]), tuple(folded[places[-1] + count :]))


def _language(text: str) -> str:
    """ISO 639-3 code, empty if the text is no code or name of a language."""
    if not _CODE.fullmatch(text) and not is_name(text):
        return ""
    try:
        return resolve_code(text).language.iso
    except UnknownLanguageError:
        return ""
