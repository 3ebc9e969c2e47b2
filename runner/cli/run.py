"""Train and evaluate what a grid takes and a store does not have yet.

Given a store instead of a grid, its sweeps are taken up where they were left. Several runs may work on one store at
once, on one machine or on many that share a file system with locks. A stage that fails is reported, the others go on,
and the exit status is 1.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..plan.request import add_grid_arguments, read_request

if TYPE_CHECKING:
    from ..executors.worker import Setting
    from ..plan.request import Request
    from ..store.store import Store

SUMMARY = "train and evaluate a grid into a store"
EXAMPLES = """examples:
  runner run grid.yaml --store sweep --data-dir data
  runner run sweep                                    # go on after a break, a crash or a kill
  runner run --models me5-small@3 --intermediate banking77:500 --targets sib200 --seeds 1-3 --store sweep \\
    --training learning_rate=5e-4 dropout=0
  runner run grid.yaml --store sweep --device cuda:1
  runner run grid.yaml --store sweep --executor slurm --jobs 8 --sbatch=--partition=gpu --sbatch=--gres=gpu:1"""

#: Said after Ctrl-C.
RESUME = "Finished stages are kept: 'runner run STORE' goes on with the others."

EXECUTORS = ("local", "slurm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner run``."""
    add_grid_arguments(parser, "a YAML file, or a store to go on with")
    parser.add_argument("--store", metavar="DIRECTORY", help="where results go; made if it is not there")
    parser.add_argument("--study", default="", metavar="NAME", help="name of the study in the records")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="cpu, cuda, cuda:1, mps (default: auto)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default: up to 4 on a CPU)")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads of each (default: cores / workers)"
    )
    parser.add_argument(
        "--keep-checkpoints", action="store_true", help="keep trained target models too, for more languages"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile the model: pays for long stages on a GPU")
    parser.add_argument(
        "--snapshot", type=float, default=15.0, metavar="MINUTES", help="how often a stage keeps how far it is (15)"
    )
    parser.add_argument(
        "--mixed-versions", action="store_true", help="add to stages that were run with other releases of the libraries"
    )
    parser.add_argument("--executor", default="local", metavar="EXECUTOR", help="local, or slurm (default: local)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="slurm: tasks of the job array")
    parser.add_argument("--sbatch", action="append", default=[], metavar="OPTION", help="slurm: passed to sbatch")
    parser.add_argument("--helper", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Run; exit status 1 if a stage failed."""
    import os
    from pathlib import Path

    from analysis.core.errors import CrossliftError, unknown_name

    from ..store.store import Store

    if options.executor not in EXECUTORS:
        raise unknown_name("executor", options.executor, EXECUTORS)
    for name in ("workers", "threads", "jobs", "snapshot"):
        if getattr(options, name) < 0:
            raise CrossliftError(f"--{name} is {getattr(options, name)}.", "Give a positive number.")
    store, requests = _requests(options, Path, Store)
    status = 0
    if options.executor == "slurm":
        from ..executors.slurm import submit

        return submit(store, requests, options)
    from ..executors.local import find_device, find_workers
    from ..executors.worker import Setting

    device = find_device(options.device)
    workers = 1 if options.helper else find_workers(options.workers, device)
    threads = options.threads or max(1, (os.cpu_count() or 1) // workers)
    for request in requests:
        setting = Setting(
            device, threads, request.data_dir, options.compile, options.keep_checkpoints, options.helper,
            60.0 * options.snapshot,
        )  # fmt: skip
        if options.helper:
            status |= _helper(store, request, setting)
        else:
            status |= _sweep(store, request, setting, workers, options.mixed_versions)
    return status


def _requests(options: argparse.Namespace, path: Any, opened: Any) -> tuple[Store, list[Request]]:
    """The store, and what to run in it."""
    from analysis.core.errors import CrossliftError
    from analysis.store.layout import is_store

    from ..plan.request import kept_requests

    if options.grid and is_store(path(options.grid)):
        store = opened.open(path(options.grid))
        return store, kept_requests(store, options.only)
    request = read_request(options)
    if not options.store:
        raise CrossliftError("there is no store to write to.", "Name a directory: --store DIRECTORY.")
    request.plan()  # what is wrong with the grid is said before a store is made
    return opened.create(path(options.store), options.study), [request]


def _helper(store: Store, request: Request, setting: Setting) -> int:
    """Work for another process, which does the talking."""
    from ..executors.worker import Worker

    Worker(store, request.plan(), setting).run()
    return 0


def _sweep(store: Store, request: Request, setting: Setting, workers: int, allow_mixed: bool) -> int:
    from analysis.core.errors import CrossliftError, StoreError
    from analysis.present.terminal import console
    from analysis.store.layout import Folder, damaged_files, finished

    from ..executors.local import blocked, run_local
    from ..executors.progress import Live
    from ..plan.estimate import duration
    from ..plan.progress import progress
    from ..store.failures import forget_failures
    from ..store.gc import collect, size_of
    from ..store.manifest import other_releases

    plan = request.plan()
    entry = store.begin(plan.stages)
    request.keep(entry)
    forget_failures(store, plan.stages)
    out = console(stderr=True)
    wrong = damaged_files(store.path)
    if wrong:
        shown = "; ".join(f"{name}: {reason}" for name, reason in list(wrong.items())[:3])
        more = f"; and {len(wrong) - 3:,} more" if len(wrong) > 3 else ""
        raise StoreError(
            f"'{store.path}' is damaged: {shown}{more}.",
            "'runner gc STORE --damaged' drops these files alone; then run again.",
        )
    found = progress(plan, store)
    to_run = sum(found.to_run.values())
    if not to_run:
        out.print(f"Nothing is left to run: {len(plan.cells):,} evaluations are done.")
        return 0
    manifests = list(store.manifests())
    mixed = other_releases(manifests)
    if mixed and not allow_mixed:
        raise CrossliftError(
            f"{' '.join(mixed)} Scores of one seed may differ between releases, and a gain would mix them.",
            "Install those releases, use another store, or say --mixed-versions.",
        )
    for notice in (*plan.grid.notices, *mixed):
        out.print(f"  Note: {notice}")
    left = f", about {duration(found.left.seconds / workers)} by earlier timings" if found.left.estimated else ""
    words = "1 process" if workers == 1 else f"{workers} processes"
    out.print(
        f"{to_run:,} of {len(plan.stages):,} stages to run on {setting.device}, {words} of {setting.threads} "
        f"{'thread' if setting.threads == 1 else 'threads'}{left}"
    )
    with Live(out, len(plan.stages), manifests, workers, store.is_done) as report:
        failed = run_local(store, plan, setting, workers, report, entry)
    if not setting.keep:
        collect(store, shared=False)
    done = sum(store.is_done(cell) for cell in plan.cells)
    out.print(f"{done:,} of {len(plan.cells):,} evaluations are done: runner results {store.path}")
    kept = finished(store.path, Folder.CHECKPOINTS, "")
    if kept:
        size = sum(map(size_of, kept)) / 2**20
        out.print(
            f"Checkpoints that a later grid could start from: {len(kept):,} ({size:,.0f} MiB); runner gc drops them."
        )
    for what in failed.values():
        out.print(f"Failed: {what['stage']}: {what['error']}\n  {what['hint']}")
    lost = len(blocked(plan, tuple(failed)))
    if failed:
        words = "1 stage failed" if len(failed) == 1 else f"{len(failed):,} stages failed"
        out.print(f"{words}; {lost:,} that follow were not run.")
    return 1 if failed else 0
