"""Turn a grid into stages and say how many there are, what is already done, and how long the rest takes.

A grid is a YAML file with the keys models, intermediate, sizes, domains, targets, languages, seeds, control, training,
training_intermediate and training_target; flags replace its keys. A baseline is added for every cell with an
intermediate task. Nothing is trained or written, unless --probe trains a few steps to see how long they take.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..plan.request import add_grid_arguments, read_request

if TYPE_CHECKING:
    from ..plan.progress import Progress

SUMMARY = "what a grid comes to: stages, what is done, time left"
EXAMPLES = """examples:
  runner plan grid.yaml
  runner plan grid.yaml --store sweep --json plan.json
  runner plan grid.yaml --data-dir data --device-spec a100      # tokens, FLOPs, memory, hours, disk, download
  runner plan grid.yaml --data-dir data --device-spec here --probe 20
  runner plan --models me5-small@3 --intermediate banking77:500 nollysenti --targets sib200 --languages en de sw

grid.yaml:
  models: [me5-small@3, {name: FacebookAI/xlm-roberta-base, revision: COMMIT, params_m: 278}]
  intermediate: [none, {task: banking77, examples: [500, 2000]}]
  targets: [sib200, nusax]
  languages: all
  seeds: 1-5
  control: steps
  training: {epochs: 3, batch_size: 32, learning_rate: 5e-5}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner plan``."""
    add_grid_arguments(parser)
    parser.add_argument("--store", metavar="DIRECTORY", help="where the sweep keeps its results: what is done in it")
    parser.add_argument(
        "--device-spec", metavar="DEVICE", help="print what it costs on h100, h200, a100, …, or here (needs --probe)"
    )
    parser.add_argument("--probe", type=int, metavar="STEPS", help="measure so many steps on this machine, such as 20")
    parser.add_argument("--json", metavar="FILE", help="write the plan as JSON ('-' for standard output)")


def run(options: argparse.Namespace) -> int:
    """Print what the grid comes to."""
    from pathlib import Path

    from analysis.present.terminal import console, write_json

    from ..plan.progress import progress
    from ..store.store import Store

    request = read_request(options)
    plan = request.plan()
    # The command that will run the grid, with plan in place of run: its store may not be there yet.
    begun = bool(options.store) and Path(options.store).exists()
    found = progress(plan, Store.open(Path(options.store)) if begun else None)
    out = console()
    if options.json != "-":
        print_progress(found, out, options.store)
        if options.store and not begun:
            out.print(f"  Note: there is nothing at '{options.store}' yet: everything is to run.")
    content = found.to_json()
    if options.device_spec or options.probe:
        from ..costs.report import find_cost

        cost = find_cost(request, found.pending, options.device_spec or "here", options.probe)
        content["cost"] = cost.to_json()
        if options.json != "-":
            out.print(f"\n{cost.text()}")
    if options.json:
        write_json(options.json, content, out)
    return 0


def print_progress(found: Progress, out: Any, store: str | None) -> None:
    """The table of stages and the time left."""
    from analysis.core.text import Table, count

    from ..plan.estimate import duration

    rows = [(kind, *(count(part[kind]) for part in (found.total, found.done, found.to_run))) for kind in found.total]
    rows.append(("all", *(count(sum(part.values())) for part in (found.total, found.done, found.to_run))))
    out.print(Table(("stage", "stages", "done", "to run"), tuple(rows)).text())
    methods = [str(cell.record["method"]) for cell in found.plan.cells]
    controls = sum(bool(cell.record["control"]) for cell in found.plan.cells)
    baselines = methods.count("baseline") - controls
    matched = f", {count(controls)} of baselines with as many steps" if controls else ""
    out.print(
        f"\n  {count(len(methods))} evaluations: {count(methods.count('intermediate'))} after an intermediate task, "
        f"{count(baselines)} of matched baselines{matched}"
    )
    for notice in found.plan.grid.notices:
        out.print(f"  Note: {notice}")
    left, unknown = found.left, sum(found.left.unknown.values())
    if not sum(found.to_run.values()):
        out.print("\n  Nothing is left to run.")
    elif left.estimated:
        beside = f", and {count(unknown)} stages of a kind not yet timed" if unknown else ""
        out.print(f"\n  time left on one worker: about {duration(left.seconds)}{beside}")
    else:
        where = "no stage of the store is timed yet" if store else "give --store to compare with what is timed"
        where += ", or --device-spec to estimate it"
        out.print(f"\n  time left: not known; {where}")
