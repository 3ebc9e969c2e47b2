"""Run a plan on this machine, by one process or several that share the store."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError

from ..plan.build import Plan
from ..plan.lineage import lineage
from ..store.failures import failed_stages
from ..store.stage import Stage
from ..store.store import Store
from .command import own_command, search_path
from .progress import Report
from .worker import Setting, Worker

#: Processes on a CPU beyond which more threads for each do better than more processes: each holds a model.
MOST_WORKERS = 4


def find_device(asked: str) -> str:
    """The device to use: what is asked for, or the first GPU, or the CPU.

    Raises
    ------
    CrossliftError
        If it is not there.
    """
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = asked.partition(":")
    there = {
        "cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()),
    }.get(kind, 0)  # fmt: skip
    if (number and not number.isdigit()) or int(number or 0) >= there:
        raise CrossliftError(f"there is no device '{asked}' here.", "'runner check' lists what there is.")
    return asked


def find_workers(asked: int, device: str) -> int:
    """Processes: what is asked for, one for each core up to ``MOST_WORKERS`` on a CPU, or one on each GPU."""
    if asked:
        return asked
    return min(os.cpu_count() or 1, MOST_WORKERS) if device == "cpu" else len(_places(device))


def _places(device: str) -> list[str]:
    """Where processes are put, in turn: on every GPU, unless one is named."""
    import torch

    count = torch.cuda.device_count() if device == "cuda" else 1
    return [f"cuda:{i}" for i in range(count)] if count > 1 else [device]


def run_local(
    store: Store, plan: Plan, setting: Setting, workers: int, report: Report, entry: Path
) -> dict[str, dict[str, Any]]:
    """Run what is not done of a plan; returns the stages that failed, as ``failed_stages`` does.

    Parameters
    ----------
    store, plan
        Where to, and what; ``entry`` is the plan's entry in the store.
    setting
        How each process works.
    workers
        How many processes; this one is the first.
    report
        What is said.

    Raises
    ------
    CrossliftError
        For what concerns the whole sweep, such as a full disk.
    """
    places = _places(setting.device)
    own, *more = [replace(setting, device=places[i % len(places)]) for i in range(workers)]
    others = [_start(store, each, entry) for each in more]
    try:
        Worker(store, plan, own, report).run()
    except SystemExit:  # told to stop: so are they, and keep how far they are
        for process in others:
            process.terminate()
        raise
    finally:
        for process in others:
            try:
                process.wait(timeout=30)  # nothing is left to run: it sees that at its next look
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()
    asked = {stage.id for stage in plan.stages}
    return {name: what for name, what in failed_stages(store).items() if name in asked}


def _start(store: Store, setting: Setting, entry: Path) -> subprocess.Popen[bytes]:
    command = own_command(
        "run", str(store.path), "--helper", str(os.getpid()), "--only", entry.stem, "--device", setting.device,
        "--threads", str(setting.threads), "--snapshot", str(setting.snapshot_s / 60.0),
    )  # fmt: skip
    command += ["--keep-checkpoints"] * setting.keep + ["--compile"] * setting.compiled
    threads = str(setting.threads)
    limits = {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads, "PYTHONPATH": search_path()}
    return subprocess.Popen(command, env=os.environ | limits, stdout=subprocess.DEVNULL)


def blocked(plan: Plan, failed: Sequence[str]) -> list[Stage]:
    """Stages that were not run because one before them failed."""
    return [stage for stage in plan.stages if any(step.id in failed for step in lineage(stage)[1:])]
