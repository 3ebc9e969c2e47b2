"""Power of a planned sweep, the least effect it detects, and what to run next.

Sweeps of languages × target tasks × models × seeds are simulated from variances that the default model finds in the
data, or that are stated, with real typological distances; each is tested as `analyze fit` tests it. --next ranks what
could be added to a grid by the variance of the slope that it takes away per hour.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number
from ..present.terminal import (
    console,
    heading,
    print_input,
    print_remarks,
    progress,
    write_csv,
    write_figure,
    write_json,
    write_text,
)
from .selection import add_files, add_rows, check_figure, split
from .validate import parse_map

if TYPE_CHECKING:
    from ..questions.power import Following, Power
    from ..questions.power.measured_cost import MeasuredCost
    from ..questions.power.next_step import CostModel

SUMMARY = "what a planned sweep can find, and what to run next"
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
    what = parser.add_argument_group("what is asked")
    words = "true slope in points per 0.1 of distance (else the least detectable effect alone)"
    what.add_argument("--effect", type=float, metavar="POINTS", help=words)
    for name, default in DESIGN.items():
        what.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"of the sweep (default: {default})"
        )
    what.add_argument(
        "--vary", metavar="FACTOR=LOW:HIGH:STEP", help="a design for each value, such as languages=10:60:10"
    )
    what.add_argument(
        "--target", type=float, default=0.8, metavar="POWER", help="of the detectable effect (default: 0.8)"
    )
    source = parser.add_argument_group("variances")
    source.add_argument("--component", action="append", default=[], metavar="NAME=VARIANCE",
                        help="state a variance in squared points: language, target_task, model, language:target_task, "
                        "model:target_task, cell, residual; may be repeated")  # fmt: skip
    source.add_argument("--no-fit", action="store_true", help="take variances that are not stated as zero")
    source.add_argument("--source", default="eng", metavar="LANGUAGE", help="language that distances are from")
    source.add_argument(
        "--measure", default="syntactic", metavar="MEASURE", help="typological measure (default: syntactic)"
    )
    rows = parser.add_argument_group("which rows the variances are fitted to")
    add_rows(rows)
    following = parser.add_argument_group("what to run next")
    following.add_argument("--next", metavar="GRID", help="a grid file of `runner plan`: the sweep that there is")
    following.add_argument(
        "--offer", metavar="FILE", help="YAML: languages, seeds, targets and models that could be added"
    )
    following.add_argument("--cost", default="model", metavar="STORE|FILE|model",
                           help="a store of `runner run`: hours as measured there; YAML: train, evaluate (hours per "
                           "billion parameters and thousand examples), examples, intermediate_examples, items, "
                           "params_m; model: relative costs (default)")  # fmt: skip
    following.add_argument("--steps", type=int, default=5, metavar="N", help="additions to make at most (default: 5)")
    following.add_argument("--budget", type=float, metavar="HOURS", help="hours that the additions may take")
    following.add_argument("--plan", metavar="FILE", help="write the grid with the additions, for `runner plan`")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--simulations", type=int, default=1000, metavar="N", help="simulated sweeps a design (default: 1000)"
    )
    how.add_argument("--seed", type=int, default=1, help="of simulations and of new languages (default: 1)")
    files = parser.add_argument_group("files")
    add_files(files, "one row a design, or one an addition", "the power curve of --vary")


def run(options: argparse.Namespace) -> int:
    """Simulate or rank, and print."""
    from ..core.errors import CrossliftError

    if options.plot:
        check_figure(options.plot)
        if not options.vary:
            raise CrossliftError("--plot draws a curve, and only one design is asked for.", "Give --vary.")
    request = _request(options)
    if options.next:
        return _run_next(options, request)
    if options.plan or options.offer:
        raise CrossliftError("--offer and --plan belong to --next.", "Give the grid of the sweep with --next GRID.")
    from ..questions.power import run_power

    out = console()
    with progress("reading") as say:
        found = run_power(request, say)
    if options.json != "-":
        print_power(found, out)
    if options.csv:
        write_csv(options.csv, found.frame)
    write_figure(options.plot, lambda path: draw(found, path), out, options.json)
    if options.json:
        write_json(options.json, found.to_json(), out)
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
        If it is neither, or the factor is none of a design.
    """
    from ..core.errors import CrossliftError, unknown_name
    from ..questions.power.design import FACTORS

    factor, _, values = text.partition("=")
    if factor not in FACTORS:
        raise unknown_name("factor of a design", factor, FACTORS)
    parts = values.split(":" if ":" in values else ",")
    if not all(part.strip().isdigit() for part in parts) or (":" in values and len(parts) != 3):
        raise CrossliftError(f"'{text}' is no range.", "Write languages=10:60:10 or languages=10,20,40.")
    numbers = [int(part) for part in parts]
    if ":" in values:
        low, high, step = numbers
        numbers = list(range(low, high + 1, step)) if step else []
    if not numbers:
        raise CrossliftError(f"'{text}' is an empty range.", "Write languages=10:60:10.")
    return factor, tuple(numbers)


def _print_basis(components: Any, out: Any) -> None:
    from ..questions.power import COMPONENTS

    heading(out, "Variances")
    rows = tuple(
        (name, number(components[name], 2), components.origin[name], words) for name, words in COMPONENTS.items()
    )
    out.print(Table(("component", "points²", "from", "between"), rows).text())


def print_power(found: Power, out: Any) -> None:
    """The whole printed answer."""
    if found.sources:
        print_input(out, found.sources, found.dropped)
    _print_basis(found.components, out)
    heading(out, "Simulated sweeps")
    table = tuple(
        (str(p.languages), str(p.tasks), str(p.models), str(p.seeds), count(p.gains), number(p.power, 3),
         number(p.power_se, 3), number(p.balanced_power, 3), number(p.detectable, 2), number(p.df, 1),
         count(p.singular), count(p.failed))
        for p in found.points
    )  # fmt: skip
    head = ("languages", "tasks", "models", "seeds", "gains", "power", "± (MC)", "closed form", "detectable", "df",
            "singular", "failed")  # fmt: skip
    out.print(Table(head, table).text())
    out.print(f"\n  {found.formula}")
    out.print(
        f"  {count(found.request.draws)} simulations a design (seed {found.request.seed}), Satterthwaite, two-sided "
        f"0.05; detectable: points per 0.1 of distance at {found.request.target:.0%} power, a root on the same draws"
    )
    heading(out, "Answer")
    for line in found.answer:
        out.print(f"  {line}", style="bold")
    print_remarks(out, found.notices, found.warnings)


def _run_next(options: argparse.Namespace, request: Any) -> int:
    from dataclasses import asdict

    from ..core.errors import CrossliftError
    from ..core.jsonable import dropped_rows
    from ..languages.codes import resolve
    from ..questions.power.measured_cost import measured_cost
    from ..questions.power.next_step import OFFERS, CostModel, rank_next, read_cost, read_mapping
    from ..questions.power.run import find_basis

    if not options.offer:
        raise CrossliftError(
            "what could be added to the sweep?", "Give --offer FILE with languages, seeds, targets, models."
        )
    grid, offer = read_mapping(options.next), read_mapping(options.offer, OFFERS)
    cost: CostModel | MeasuredCost = CostModel()
    if options.cost != "model":
        cost = measured_cost(options.cost) if Path(options.cost).is_dir() else read_cost(options.cost)
    out = console()
    with progress("reading") as say:
        basis = find_basis(request, say)
    found = rank_next(grid, offer, basis.components, cost, options.steps, options.budget, options.measure,
                      resolve(options.source).iso)  # fmt: skip
    if options.json != "-":
        _print_basis(basis.components, out)
        print_next(found, options.budget, out)
    if options.plan:
        import yaml

        write_text(options.plan, yaml.safe_dump(dict(found.grid), sort_keys=False, allow_unicode=True), out)
        if options.json != "-":
            out.print(f"\nplan: {options.plan} (stages that the store holds already are not run again)")
    if options.csv:
        import pandas as pd

        write_csv(options.csv, pd.DataFrame([asdict(step) for step in found.steps]))
    if options.json:
        content = {
            "command": "power",
            "next": [asdict(step) for step in found.ranking],
            "steps": [asdict(step) for step in found.steps],
            "cost": _cost_json(found.cost),
            "grid": dict(found.grid),
            "components": [
                {"component": name, "variance": value, "origin": basis.components.origin[name]}
                for name, value in basis.components.variance.items()
            ],
            "dropped": dropped_rows(basis.dropped),
            "notices": [*basis.notices, *found.notices],
            "warnings": [],
            "data": [asdict(source) for source in basis.sources],
        }
        write_json(options.json, content, out)
    return 0


def _cost_json(cost: CostModel | MeasuredCost) -> dict[str, Any]:
    from dataclasses import asdict

    return {"unit": cost.unit, **{key: str(value) if isinstance(value, Path) else value
                                  for key, value in asdict(cost).items()}}  # fmt: skip


def print_next(found: Following, budget: float | None, out: Any) -> None:
    """The ranking and the additions."""
    unit = found.cost.unit

    def table(steps: Any) -> str:
        rows = tuple(
            (step.kind, step.name, number(step.hours, 2), number(step.std_error_before, 3),
             number(step.std_error_after, 3), number(1000.0 * step.per_hour, 3))
            for step in steps
        )  # fmt: skip
        head = ("add", "name", unit, "std. error", "then", "variance × 1000 / hour")
        return Table(head, rows).text()

    heading(out, "Next addition, best first")
    out.print(table(found.ranking[:15]))
    if len(found.ranking) > 15:
        out.print(f"  and {len(found.ranking) - 15} more (--json has all)")
    heading(out, "One after the other")
    if found.steps:
        out.print(table(found.steps))
        hours = sum(step.hours for step in found.steps)
        first, last = found.steps[0], found.steps[-1]
        heading(out, "Answer")
        out.print(
            f"  Run {first.kind} {first.name} first. {len(found.steps)} additions of {number(hours, 1)} {unit} bring "
            f"the slope's standard error from {number(first.std_error_before, 3)} to "
            f"{number(last.std_error_after, 3)} points per 0.1 of distance.",
            style="bold",
        )
    else:
        within = f" within {number(budget, 1)} {unit}" if budget is not None else ""
        out.print(f"  nothing that is offered takes variance away{within}")
    print_remarks(out, found.notices, ())


def draw(found: Power, path: str) -> None:
    """The power curve."""
    from ..plots.power import plot_power
    from ..plots.style import figure, save
    from ..questions.power.design import in_words

    assert found.request.vary is not None
    factor = found.request.vary[0]
    first = found.points[0]
    rest = in_words({name: getattr(first, name) for name in DESIGN if name != factor})
    about = (
        "" if found.request.effect is None else f" true slope {number(found.request.effect, 2)} per 0.1 of distance;"
    )
    caption = f"{rest};{about} {count(found.request.draws)} simulations a design; Satterthwaite\n"
    failed, single = (sum(getattr(point, name) for point in found.points) for name in ("failed", "singular"))
    caption += f"{count(failed)} searches failed, {count(single)} fits singular; closed form: t with languages − 2 df."
    with figure() as (made, ax):
        plot_power(found.frame, factor, ax, found.request.target, caption)
        save(made, path)
