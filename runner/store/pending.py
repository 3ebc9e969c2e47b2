"""What is still to do of a plan, and which checkpoints that needs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .stage import Stage
from .store import Store


@dataclass(frozen=True, slots=True)
class Pending:
    """Identities of the stages still to run, parents first, and of the checkpoints that these start from."""

    stages: tuple[str, ...]
    needed: frozenset[str]


def pending(store: Store, stages: Sequence[Mapping[str, Any]], damaged: Container[str] = ()) -> Pending:
    """Stages of a plan (rows as :meth:`Store.plans` gives them) that have to run.

    An evaluation that is not done has to run; any other stage only if a child has to run and cannot start from it.
    What is ``damaged`` counts as not done.
    """
    wanted: set[str] = set()
    needed: set[str] = set()
    for row in reversed(stages):  # children first
        runs = row["id"] in wanted or (
            row["kind"] == "evaluate" and (row["id"] in damaged or not store.done(row["id"], "evaluate"))
        )
        if row["id"] in needed and (row["id"] in damaged or not store.usable(row["id"], row["kind"])):
            runs = True
        if runs:
            wanted.add(row["id"])
            if row["parent"]:
                needed.add(row["parent"])
    return Pending(tuple(row["id"] for row in stages if row["id"] in wanted), frozenset(needed - wanted))


def rows_of(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    """Stages as rows of a plan."""
    return [{"id": s.id, "kind": s.kind, "parent": s.parent.id if s.parent else None, "label": s.label} for s in stages]
