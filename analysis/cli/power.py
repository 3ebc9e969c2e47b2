"""Power of a planned sweep, its minimum detectable effect, and what to run next.

Sweeps of languages × target tasks × models × seeds are simulated from variances that the default model finds in the
data, or that you state, with real typological distances; each is tested as `analyze fit` tests it. --next ranks
possible additions to a grid by how much they reduce the variance of the slope per hour.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.output import OutputFile
from ..present.deliver import deliver
from ..present.next_step import grid_text, next_frame, next_json, print_next
from ..present.power import draw, print_power
from ..present.screen import Screen
from ..present.terminal import progress, write_text
from .selection import add_files, add_rows, add_source, read_look, split
from .validate import parse_map

if TYPE_CHECKING:
    from ..questions.power.measured_cost import MeasuredCost
    from ..questions.power.next_step import CostModel

SUMMARY = "power of a planned sweep, and what to run next"
EXAMPLES = """examples:
  analyze power --effect -1
  analyze power --effect -1 --vary languages=10:60:10 --plot power.png
  analyze power --languages 40 --tasks 4 --models 3 --seeds 3 --component cell=4
  analyze power --no-fit --component language=15 --component residual=30 --effect -1.5
  analyze power --next grid.yaml --offer offer.yaml --cost cost.yaml --budget 40 --plan bigger.yaml
  analyze power --next grid.yaml --offer offer.yaml --cost sweep"""
DESIGN = {"languages": 25, "tasks": 6, "models": 7, "seeds": 1}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze power``."""
    what = parser.add_argument_group("question")
    words = "true slope in points per 0.1 of distance (without it, only the minimum detectable effect)"
    what.add_argument("--effect", type=float, metavar="POINTS", help=words)
    for name, default in DESIGN.items():
        what.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{name} of the sweep (default: {default})"
        )
    what.add_argument(
        "--vary", metavar="FACTOR=LOW:HIGH:STEP", help="one design for each value, such as languages=10:60:10"
    )
    what.add_argument(
        "--target", type=float, default=0.8, metavar="POWER", help="power of the detectable effect (default: 0.8)"
    )
    source = parser.add_argument_group("variances")
    source.add_argument("--component", action="append", default=[], metavar="NAME=VARIANCE",
                        help="state a variance in squared points: language, target_task, model, language:target_task, "
                        "model:target_task, cell, residual; may be repeated")  # fmt: skip
    source.add_argument("--no-fit", action="store_true", help="set variances that are not stated to zero")
    add_source(source)
    rows = parser.add_argument_group("rows that the variances are fitted to")
    add_rows(rows)
    following = parser.add_argument_group("what to run next")
    following.add_argument("--next", metavar="GRID", help="a grid file of `runner plan`: the existing sweep")
    following.add_argument(
        "--offer", metavar="FILE", help="YAML: languages, seeds, targets and models that could be added"
    )
    following.add_argument("--cost", default="model", metavar="STORE|FILE|model",
                           help="a store of `runner run`: hours measured there; YAML: train, evaluate (hours per "
                           "billion parameters and thousand examples), examples, intermediate_examples, items, "
                           "params_m; model: relative costs (default)")  # fmt: skip
    following.add_argument("--steps", type=int, default=5, metavar="N", help="additions to make at most (default: 5)")
    following.add_argument("--budget", type=float, metavar="HOURS", help="hours that the additions may take")
    following.add_argument(
        "--plan", metavar="FILE", type=OutputFile, help="write the grid with the additions, for `runner plan`"
    )
    how = parser.add_argument_group("method")
    how.add_argument(
        "--simulations", type=int, default=1000, metavar="N", help="simulated sweeps per design (default: 1000)"
    )
    how.add_argument("--seed", type=int, default=1, help="random seed of simulations and of new languages (default: 1)")
    files = parser.add_argument_group("files")
    add_files(files, "one row per design, or one per addition", "the power curve of --vary")


def run(options: argparse.Namespace) -> int:
    """Simulate or rank, and print."""
    from ..core.errors import CrossliftError

    if options.plot and not options.vary:
        raise CrossliftError("--plot draws a curve, but there is only one design.", "Give --vary.")
    request = _request(options)
    if options.next:
        return _run_next(options, request)
    if options.plan or options.offer:
        raise CrossliftError("--offer and --plan belong to --next.", "Give the grid of the sweep with --next GRID.")
    from ..questions.power import run_power

    with progress("reading") as say:
        found = run_power(request, say)
    deliver(
        lambda out: print_power(found, out),
        found.to_json,
        options.json,
        tables=[(options.csv, lambda: found.frame)],
        figures=[(options.plot, lambda: draw(found))],
        look=read_look(options),
        verbose=options.verbose,
    )
    return 0


def _request(options: argparse.Namespace) -> Any:
    from ..outcomes.build import Options
    from ..questions.power import PowerDesign, PowerRequest

    return PowerRequest(
        design=PowerDesign(options.languages, options.tasks, options.models, options.seeds),
        effect=options.effect,
        vary=parse_vary(options.vary) if options.vary else None,
        stated=tuple(options.component),
        fit=not options.no_fit,
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=Options(
            source=options.source,
            measure=options.measure,
            source_data=options.source_data,
            keep=split(options.keep),
            metric=options.metric,
            where=options.where,
            baseline=options.baseline,
        ),
        draws=options.simulations,
        target=options.target,
        seed=options.seed,
    )


def parse_vary(text: str) -> tuple[str, tuple[int, ...]]:
    """Read ``FACTOR=LOW:HIGH:STEP`` or ``FACTOR=A,B,C``.

    Raises
    ------
    CrossliftError
        If it is neither, or the factor is not one of a design.
    """
    from ..core.errors import CrossliftError, unknown_name
    from ..questions.power.design import FACTORS

    factor, _, values = text.partition("=")
    if factor not in FACTORS:
        raise unknown_name("factor of a design", factor, FACTORS)
    parts = values.split(":" if ":" in values else ",")
    if not all(part.strip().isdigit() for part in parts) or (":" in values and len(parts) != 3):
        raise CrossliftError(f"'{text}' is not a valid range.", "Write languages=10:60:10 or languages=10,20,40.")
    numbers = [int(part) for part in parts]
    if ":" in values:
        low, high, step = numbers
        numbers = list(range(low, high + 1, step)) if step else []
    if not numbers:
        raise CrossliftError(f"'{text}' is an empty range.", "Write languages=10:60:10.")
    return factor, tuple(numbers)


def _run_next(options: argparse.Namespace, request: Any) -> int:
    from ..core.errors import CrossliftError
    from ..languages.codes import resolve
    from ..questions.power.measured_cost import measured_cost
    from ..questions.power.next_step import CostModel, rank_next, read_cost, read_offer
    from ..questions.power.run import find_basis
    from ..store.grid import read_grid

    if not options.offer:
        raise CrossliftError(
            "what could be added to the sweep?", "Give --offer FILE with languages, seeds, targets, models."
        )
    grid, offer = read_grid(Path(options.next)), read_offer(options.offer)
    cost: CostModel | MeasuredCost = CostModel()
    if options.cost != "model":
        cost = measured_cost(options.cost) if Path(options.cost).is_dir() else read_cost(options.cost)
    with progress("reading") as say:
        basis = find_basis(request, say)
    found = rank_next(grid, offer, basis.components, cost, options.steps, options.budget,
                      request.options.kind, resolve(request.options.source).iso)  # fmt: skip
    if options.plan:
        write_text(options.plan, grid_text(found), Screen())
    deliver(
        lambda out: print_next(basis, found, options.budget, options.plan, out),
        lambda: next_json(basis, found),
        options.json,
        tables=[(options.csv, lambda: next_frame(found))],
        verbose=options.verbose,
    )
    return 0
