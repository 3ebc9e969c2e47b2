"""The kinds of task by name: every module of this package but the helpers is one, and its file's name is the kind's."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

from analysis.core.errors import CrossliftError, unknown_name

from .base import Kind

#: Modules of this package that are not kinds.
HELPERS = frozenset({"base", "examples", "features", "heads", "registry"})


def kind_names() -> tuple[str, ...]:
    """Names of all kinds, sorted; none of them is loaded."""
    return _names(tuple(import_module(__package__).__path__))


def find_kind(name: str, what: str = "kind of task") -> Kind:
    """The kind of a task's card; ``what`` says what is unknown where there is none.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    CrossliftError
        If its module does not define it.
    """
    if name not in kind_names():
        raise unknown_name(what, name, kind_names())
    module = import_module(f"{__package__}.{name}")
    kind = getattr(module, "KIND", None)
    if not isinstance(kind, Kind):
        raise CrossliftError(f"'{module.__file__}' defines no kind of task.", "End it with KIND = …(), a Kind.")
    return kind


@lru_cache(maxsize=8)
def _names(folders: tuple[str, ...]) -> tuple[str, ...]:
    found = pkgutil.iter_modules(folders)
    return tuple(sorted(item.name for item in found if not item.ispkg and item.name not in HELPERS))
