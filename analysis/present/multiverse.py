"""Printed output and figure of a multiverse of specifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number, p_value
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..questions.multiverse import Multiverse
    from ..questions.multiverse.joint_test import Joint
    from .screen import Screen

#: Sentences that the answer opens with; others follow its tables.
OPENING = 3


def print_choices(request: Any, out: Screen) -> None:
    """Choices with their options, and how many specifications they make."""
    from ..questions.multiverse.run import open_choices

    choices, space = open_choices(request)
    rows = [
        (choice.name if not i else "", choice.question if not i else "", option.name, option.why)
        for choice in choices
        for i, option in enumerate(choice.options)
    ]
    out.print(Table(("choice", "question", "option (first: default)", "why"), tuple(rows)))
    out.print(f"\n  {count(space.possible)} specifications of {count(space.combinations)} combinations")
    for reason, n in space.excluded:
        out.print(f"  {count(n)} left out: {reason}")


def print_multiverses(found: tuple[Multiverse, ...], by: str | None, adjustment: str, out: Screen) -> None:
    """The printed answer: one multiverse, or one for each level of ``by`` and their joint tests side by side."""
    for item in found:
        print_multiverse(item, out)
    if by and len(found) > 1:
        _print_adjusted(found, by, adjustment, out)


def multiverses_frame(found: tuple[Multiverse, ...], by: str | None) -> pd.DataFrame:
    """One row per fit, with the level of ``by``."""
    import pandas as pd

    return pd.concat([item.frame.assign(**{by: item.level}) if by else item.frame for item in found], ignore_index=True)


def multiverses_json(found: tuple[Multiverse, ...], by: str | None, adjustment: str) -> dict[str, Any]:
    """The JSON of one multiverse, or of one for each level of ``by``."""
    if not by:
        return found[0].to_json()
    rows = _adjusted(found, adjustment)
    groups = [item.to_json() | {"adjusted": p} for item, p in zip(found, rows, strict=True)]
    return {"command": "multiverse", "by": by, "adjust": adjustment, "groups": groups}


def print_multiverse(found: Multiverse, out: Screen) -> None:
    """The printed answer of one multiverse."""
    if found.level:
        out.heading(f"══ {found.level} ══")
    print_answer(out, found.answer[:OPENING])
    out.heading("Spread")
    rows = tuple(
        (item.choice, f"{item.beside:.1%}", f"{item.alone:.1%}", item.low_option, number(item.low, 3),
         item.high_option, number(item.high, 3))
        for item in found.spread.choices
    )  # fmt: skip
    out.print(Table(("choice", "explains", "alone", "lowest mean", "effect", "highest mean", "effect"), rows))
    kind = "exact: every option meets every other equally often" if found.spread.balanced else "type II, main effects"
    out.print(f"\n  all main effects together {found.spread.together:.1%} ({kind}); the rest is interactions")
    if found.joint:
        _print_joint(found, found.joint, out)
    if found.answer[OPENING:]:
        out.print()
    for line in found.answer[OPENING:]:
        out.print(f"  {line}")
    _print_specifications(found, out)
    print_input(out, found.sources, found.dropped)
    print_remarks(out, found.notices, found.warnings)


def _print_joint(found: Multiverse, joint: Joint, out: Screen) -> None:
    from ..questions.multiverse.joint_test import STATISTICS

    out.heading(f"Joint tests under {found.shuffled}")
    tests = tuple(
        (STATISTICS[t.statistic], number(t.observed, 3), number(t.null_median, 3), number(t.null_high, 3),
         p_value(t.p_value), p_value(t.adjusted))
        for t in joint.tests
    )  # fmt: skip
    out.print(Table(("statistic", "data", "shuffled", "95%", "p", "Holm"), tests))
    out.print(
        f"\n  {count(joint.draws)} arrangements of whole languages, the same for all "
        f"{count(joint.specifications)} specifications; variances from the fits without {found.asked}"
    )


def _print_specifications(found: Multiverse, out: Screen) -> None:
    out.heading("Specifications")
    space = found.space
    if out.verbose:
        table = tuple((choice.name, str(len(choice.options)), ", ".join(choice.names)) for choice in space.choices)
        out.print(Table(("choice", "options", "first: default"), table))
        out.print()
    out.print(f"  {count(space.combinations)} combinations, {count(space.possible)} specifications")
    for reason, n in space.excluded if out.verbose else ():
        out.print(f"  {count(n)} left out: {reason}")
    if len(space.table) < space.possible:
        out.print(f"  drawn at random: {count(len(space.table))} (seed {found.seed}), the default among them")
    own = found.summary
    out.print(
        f"  fitted: {count(own.fits)}, of them {count(own.distinct)} different models, {count(own.singular)} singular"
    )
    for reason, n in found.failed:
        out.print(f"  {count(n)} not fitted: {reason}")


def _adjusted(found: tuple[Multiverse, ...], method: str) -> list[float | None]:
    """The joint test of the median effect of each level, adjusted over the levels."""
    import math

    from ..core.multiplicity import adjust

    p = [item.joint.tests[0].p_value if item.joint else math.nan for item in found]
    return [None if math.isnan(value) else float(value) for value in adjust(p, method)]


def _print_adjusted(found: tuple[Multiverse, ...], by: str, method: str, out: Screen) -> None:
    out.heading(f"By {by}")
    rows = tuple(
        (item.level, count(item.summary.fits), number(item.summary.median, 3), f"{item.summary.same_sign:.0%}",
         f"{item.summary.significant:.0%}", p_value(item.joint.tests[0].p_value) if item.joint else "–",
         p_value(p) if p is not None else "–")
        for item, p in zip(found, _adjusted(found, method), strict=True)
    )  # fmt: skip
    out.print(Table((by, "fits", "median effect", "same sign", "significant", "joint p", method), rows))


def draw(found: Multiverse, claimed: float | None = None) -> Figure:
    """The specification curve above the matrix of choices."""
    from ..plots.multiverse import BINS, SINGLE, plot_choices, plot_curve
    from ..plots.style import canvas, in_text

    names = [item.choice for item in found.spread.choices]
    lines = sum(found.frame[name].nunique() for name in names)
    matrix = in_text(0.155 * lines + 0.06 * len(names))
    with canvas(3.2 + matrix) as made:
        top, bottom = made.subplots(2, 1, sharex=True, height_ratios=[2.6, matrix])
        plot_curve(found.frame, top, f"effect (SD of {found.outcome} {found.per})", claimed)
        df = " and ".join(sorted(found.frame["df_method"].unique())) if "df_method" in found.frame else "satterthwaite"
        own = found.summary
        lines_of = [
            f"{count(own.fits)} specifications of {count(found.space.possible)}, {count(own.distinct)} different "
            f"models; REML, df: {df}; {sum(n for _, n in found.failed)} not fitted, {count(own.singular)} singular."
        ]
        if own.fits > SINGLE:
            lines_of.append(f"Matrix: {BINS} bins of neighbours in rank; darkness is the share of a bin's fits.")
        plot_choices(found.frame, names, bottom, "\n".join(lines_of))
    return made
