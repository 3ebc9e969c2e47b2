"""What a sweep says while it runs."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from runner.executors.progress import Live
from runner.store.manifest import describe_run
from runner.store.store import Store
from tests.runner.store.sweep import run_stage, small_plan


def test_what_other_processes_finish_is_not_left(tmp_path: Path) -> None:
    plan, store = small_plan(seeds="7"), Store.create(tmp_path / "sweep")
    stages = list(plan.stages)
    said = io.StringIO()
    with Live(Console(file=said, width=200), len(stages), [], is_done=store.is_done) as live:
        live.left(stages)
        for stage in stages[:3]:  # one process runs the first and says so, another the next two
            assert run_stage(store, stage)
        trained = next(stage for stage in stages[:3] if stage.kind != "load")
        live.begin(trained)
        live.end(trained, describe_run(trained, 1.0))
    assert f"{len(stages) - 3:,} stages left" in said.getvalue()
