"""Printed output and figures of simulated sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..questions.power import Power
    from .screen import Screen


def print_variances(components: Any, out: Screen) -> None:
    """The variance components that are simulated, and the source of each."""
    from ..questions.power import COMPONENTS

    out.heading("Variances")
    rows = tuple(
        (name, number(components[name], 2), components.origin[name], words) for name, words in COMPONENTS.items()
    )
    out.print(Table(("component", "points²", "from", "between"), rows))


def print_power(found: Power, out: Screen) -> None:
    """Print the answer, the simulated sweeps, the variances behind them, and what went in."""
    print_answer(out, found.answer)
    out.heading("Simulated sweeps")
    table = tuple(
        (str(p.languages), str(p.tasks), str(p.models), str(p.seeds), count(p.gains), number(p.power, 3),
         number(p.power_se, 3), number(p.balanced_power, 3), number(p.detectable, 2), number(p.df, 1),
         count(p.singular), count(p.failed))
        for p in found.points
    )  # fmt: skip
    head = ("languages", "tasks", "models", "seeds", "gains", "power", "± (MC)", "closed form", "detectable", "df",
            "singular", "failed")  # fmt: skip
    out.print(Table(head, table))
    out.print(f"\n  {found.formula}")
    out.print(
        f"  {count(found.request.draws)} simulations per design (seed {found.request.seed}), Satterthwaite, two-sided "
        f"0.05; detectable: points per 0.1 of distance at {found.request.target:.0%} power, a root on the same draws"
    )
    print_variances(found.components, out)
    if found.sources:
        print_input(out, found.sources, found.dropped)
    print_remarks(out, found.notices, found.warnings)


def draw(found: Power) -> Figure:
    """The power curve."""
    from ..plots.power import plot_power
    from ..plots.style import figure
    from ..questions.power.design import FACTORS, in_words

    assert found.request.vary is not None
    factor = found.request.vary[0]
    first = found.points[0]
    rest = in_words({name: getattr(first, name) for name in FACTORS if name != factor})
    about = (
        "" if found.request.effect is None else f" true slope {number(found.request.effect, 2)} per 0.1 of distance;"
    )
    caption = f"{rest};{about} {count(found.request.draws)} simulations per design; Satterthwaite.\n"
    failed, single = (sum(getattr(point, name) for point in found.points) for name in ("failed", "singular"))
    caption += f"{count(failed)} searches failed, {count(single)} fits singular; closed form: t with languages − 2 df."
    with figure() as (made, ax):
        plot_power(found.frame, factor, ax, found.request.target, caption)
    return made
