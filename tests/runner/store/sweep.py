"""A sweep that trains nothing: scores come from the hash of the stage. Also a program, to be killed.

Usage: ``python -m tests.runner.store.sweep STORE LOG [PAUSE]``. Appends a line to LOG for every stage that it runs.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from analysis.store.cells import Score
from runner.plan.build import Plan, build_plan
from runner.plan.grid import parse_grid
from runner.store.manifest import describe_run
from runner.store.pending import pending, rows_of
from runner.store.stage import Stage
from runner.store.store import Store

GRID: dict[str, Any] = {
    "models": ["me5-small@3", "me5-small@6"], "targets": ["nusax", "tatoeba"], "languages": ["jv", "id", "su"],
    "seeds": "1-2", "intermediate": ["banking77:500"], "control": "steps",
}  # fmt: skip


def small_plan(**change: Any) -> Plan:
    return build_plan(parse_grid({**GRID, **change}))


def fake_scores(stage: Stage) -> list[Score]:
    rng = np.random.default_rng(int(stage.id, 16))
    lift = 0.1 if stage.record["method"] == "intermediate" else 0.0
    correct = rng.random(stage.work) < 0.5 + lift
    return [Score("acc", 100.0 * float(correct.mean()), stage.work, correct), Score("macro_f1", 40.0, stage.work)]


def run_stage(store: Store, stage: Stage, pause: float = 0.0) -> bool:
    """Run a stage; False if another process has it, or has finished it meanwhile."""
    held = store.lock(stage)
    if held is None:
        return False
    with held:
        if store.usable(stage.id, stage.kind) or (stage.kind == "evaluate" and store.is_done(stage)):
            return False
        if stage.parent is not None:
            assert store.usable(stage.parent.id, stage.parent.kind), stage.label
        time.sleep(pause)
        manifest = describe_run(stage, 0.001 * stage.work)
        if stage.kind == "evaluate":
            store.write_cell(held, stage, fake_scores(stage), manifest)
        else:
            fill = (lambda place: _fill(place, stage, pause)) if stage.kind != "load" else None
            store.write_stage(held, stage, manifest, fill)
    return True


def _fill(place: Path, stage: Stage, pause: float) -> None:
    (place / "weights").mkdir()
    (place / "weights" / "first").write_text(stage.id)
    time.sleep(pause / 2)
    (place / "weights" / "second").write_text(stage.id)


def sweep(store: Store, plan: Plan, log: Path | None = None, pause: float = 0.0, shuffle: bool = False) -> None:
    """Run what is pending until nothing is."""
    store.begin(plan.stages)
    by_id = {stage.id: stage for stage in plan.stages}
    rows = rows_of(plan.stages)
    while todo := pending(store, rows).stages:
        ready = [by_id[name] for name in todo]
        ready = [stage for stage in ready if not stage.parent or store.usable(stage.parent.id, stage.parent.kind)]
        if shuffle:
            random.shuffle(ready)
        for stage in ready:
            if run_stage(store, stage, pause * random.random()) and log is not None:
                with log.open("a") as file:
                    file.write(f"{stage.id}\n")
        time.sleep(0.002)


if __name__ == "__main__":
    waits = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    sweep(Store.create(Path(sys.argv[1])), small_plan(), Path(sys.argv[2]), waits, shuffle=True)
