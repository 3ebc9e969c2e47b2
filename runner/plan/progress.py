"""What of a plan is done, as a table and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.store.layout import STAGES

from ..store.stage import Stage
from .build import Plan
from .estimate import Estimate, estimate

if TYPE_CHECKING:
    from ..store.store import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """Stages by kind: in all, already done, to be run. Neither done nor to be run: dropped, and no longer needed.

    ``pending`` are the stages to be run.
    """

    plan: Plan
    total: dict[str, int]
    done: dict[str, int]
    to_run: dict[str, int]
    left: Estimate
    pending: tuple[Stage, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON form of ``runner plan``."""
        return {
            "command": "plan",
            "stages": {
                kind: {"total": self.total[kind], "done": self.done[kind], "to_run": self.to_run[kind]}
                for kind in STAGES
            },
            "seconds_left": self.left.seconds if self.left.estimated else None,
            "stages_estimated": self.left.estimated,
            "stages_not_estimated": dict(self.left.unknown),
            "notices": list(self.plan.grid.notices),
            "cells": [
                {"id": cell.id, "parent": cell.parent.id if cell.parent else None, **cell.record}
                for cell in self.plan.cells
            ],
        }  # fmt: skip


def progress(plan: Plan, store: Store | None = None) -> Progress:
    """Compare a plan with a store; without one nothing is done and nothing can be estimated."""
    total = plan.counts()
    if store is None:
        return Progress(plan, total, dict.fromkeys(STAGES, 0), dict(total), estimate(plan.stages, ()), plan.stages)
    from ..store.pending import pending, rows_of

    todo = set(pending(store, rows_of(plan.stages)).stages)
    done, to_run = dict.fromkeys(STAGES, 0), dict.fromkeys(STAGES, 0)
    for stage in plan.stages:
        done[stage.kind] += store.is_done(stage) and stage.id not in todo
        to_run[stage.kind] += stage.id in todo
    left = tuple(stage for stage in plan.stages if stage.id in todo)
    return Progress(plan, total, done, to_run, estimate(left, store.manifests()), left)
