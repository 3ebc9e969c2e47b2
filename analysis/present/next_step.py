"""Printed output and files of the next step of a sweep."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.jsonable import dropped_rows
from ..core.text import Table, number
from .power import print_variances
from .terminal import print_answer, print_remarks

if TYPE_CHECKING:
    import pandas as pd

    from ..questions.power.measured_cost import MeasuredCost
    from ..questions.power.next_step import CostModel, Following
    from ..questions.power.run import Basis
    from .screen import Screen


def _cost_json(cost: CostModel | MeasuredCost) -> dict[str, Any]:
    return {"unit": cost.unit, **{key: str(value) if isinstance(value, Path) else value
                                  for key, value in asdict(cost).items()}}  # fmt: skip


def print_next(basis: Basis, found: Following, budget: float | None, plan: str | None, out: Screen) -> None:
    """The answer, the additions, the ranking and the variances behind it."""
    unit = found.cost.unit

    def table(steps: Any) -> Table:
        rows = tuple(
            (step.kind, step.name, number(step.hours, 2), number(step.std_error_before, 3),
             number(step.std_error_after, 3), number(1000.0 * step.per_hour, 3))
            for step in steps
        )  # fmt: skip
        return Table(("add", "name", unit, "std. error", "then", "variance × 1000 / hour"), rows)

    if found.steps:
        hours = sum(step.hours for step in found.steps)
        first, last = found.steps[0], found.steps[-1]
        print_answer(out, [
            f"Run {first.kind} {first.name} first. {len(found.steps)} additions of {number(hours, 1)} {unit} bring "
            f"the slope's standard error from {number(first.std_error_before, 3)} to "
            f"{number(last.std_error_after, 3)} points per 0.1 of distance."
        ])  # fmt: skip
        out.heading("One after the other")
        out.print(table(found.steps))
    else:
        within = f" within {number(budget, 1)} {unit}" if budget is not None else ""
        print_answer(out, [f"No offered addition reduces the variance{within}."])
    out.heading("Next addition, best first")
    out.print(table(found.ranking[:15]))
    if len(found.ranking) > 15:
        out.print(f"  and {len(found.ranking) - 15} more (--json has all)")
    print_variances(basis.components, out)
    print_remarks(out, found.notices, ())
    if plan:
        out.print(f"\nplan: {plan} (stages already in the store are not run again)")


def next_frame(found: Following) -> pd.DataFrame:
    """One row per addition, in order."""
    import pandas as pd

    return pd.DataFrame([asdict(step) for step in found.steps])


def next_json(basis: Basis, found: Following) -> dict[str, Any]:
    """The JSON form."""
    return {
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


def grid_text(found: Following) -> str:
    """The grid with the additions, as YAML."""
    import yaml

    return str(yaml.safe_dump(dict(found.grid), sort_keys=False, allow_unicode=True))
