"""lme4's names for terms, groups and levels, in ours.

R writes the levels of a factor behind its name and interactions last, and nests as ``cask:batch`` where we write
``batch:cask``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

FACTORS = {"recipeB": "recipe[B]", "recipeC": "recipe[C]", "service1": "service[1]"}


def as_list(value: Any) -> list[Any]:
    """A list, also where ``toJSON`` unboxed one of length one."""
    return list(np.atleast_1d(value))


def our_order(names: Sequence[str], terms: str | Iterable[str]) -> list[int]:
    """Positions of R's fixed effects among ours."""
    ours = {frozenset(name.split(":")): position for position, name in enumerate(names)}
    return [ours[frozenset(our_column(part) for part in term.split(":"))] for term in as_list(terms)]


def our_column(name: str | None) -> str:
    """Our name of a column of a random term or a part of a fixed effect; the residual has none."""
    if name is None:
        return ""
    return "Intercept" if name == "(Intercept)" else FACTORS.get(name, name)


def our_group(name: str, known: Collection[str]) -> str:
    """Our name of a grouping factor; R numbers the terms of one group (``Subject.1``)."""
    for candidate in (name, _reverse(name), name.rsplit(".", 1)[0]):
        if candidate in known:
            return candidate
    raise AssertionError(f"no group {name} among {sorted(known)}")


def our_levels(names: Iterable[Any], known: Collection[str]) -> list[str]:
    """Our names of the levels of a grouping factor."""
    return [name if name in known else _reverse(name) for name in map(str, names)]


def _reverse(name: str) -> str:
    """The factors of an interaction the other way round."""
    return ":".join(reversed(name.split(":")))
