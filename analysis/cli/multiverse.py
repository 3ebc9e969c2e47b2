"""Fit every defensible specification of one question: how gains depend on typological distance.

Distance measure, coverage bound, outcome, studies and tasks in or out, random effects, kernel, covariate and degrees of
freedom are crossed; combinations that contradict themselves are left out and counted. What comes out is the curve of
all effects, the share of significant and of sign-consistent fits, joint inference under shuffled distances, and how
much of the spread each choice explains.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number, p_value
from ..present.terminal import (
    console,
    heading,
    print_input,
    print_remarks,
    progress,
    write_csv,
    write_figure,
    write_json,
)
from .selection import add_files, add_rows, check_figure, split
from .validate import parse_map

if TYPE_CHECKING:
    from ..questions.multiverse import Multiverse

SUMMARY = "every defensible way to ask whether distance matters"
EXAMPLES = """examples:
  analyze multiverse
  analyze multiverse --plot curve.png --csv fits.csv --json multiverse.json
  analyze multiverse --fix measure=syntactic,featural --fix df_method=satterthwaite --specifications all
  analyze multiverse --choices choices.yaml --permute 1999 --seed 7
  analyze multiverse --by target_task --where "intermediate_language == 'eng'"
  analyze multiverse --list-choices"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze multiverse``."""
    what = parser.add_argument_group("what is asked")
    what.add_argument("--outcome", default="gain", metavar="OUTCOME", help="gain, gap or score (default: gain)")
    what.add_argument(
        "--source", default="eng", metavar="LANGUAGE", help="language that distances are from (default: English)"
    )
    what.add_argument("--corpus", default="cc100", metavar="CORPUS", help="whose size log_corpus is (default: cc100)")
    what.add_argument("--moderator", action="append", default=[], metavar="COLUMN",
                      help="a column that enters every model beside the distance; may be repeated")  # fmt: skip
    what.add_argument("--by", metavar="COLUMN", help="a multiverse for each level of a column")
    choices = parser.add_argument_group("choices")
    choices.add_argument("--choices", metavar="FILE", help="YAML or TOML: choice: [options to keep, the default first]")
    choices.add_argument("--fix", action="append", default=[], metavar="CHOICE=OPTION[,OPTION]",
                         help="keep these options of a choice; may be repeated")  # fmt: skip
    choices.add_argument("--list-choices", action="store_true", help="print choices and options and fit nothing")
    choices.add_argument("--specifications", default="2000", metavar="N|all",
                         help="how many to draw at random, the default among them (default: 2000)")  # fmt: skip
    rows = parser.add_argument_group("which rows")
    add_rows(rows)
    how = parser.add_argument_group("how")
    how.add_argument("--permute", type=int, default=999, metavar="DRAWS",
                     help="arrangements for joint inference, 0 for none (default: 999)")  # fmt: skip
    how.add_argument("--seed", type=int, default=1, help="of --specifications and --permute (default: 1)")
    how.add_argument("--adjust", default="holm", metavar="METHOD",
                     help="of the joint tests over the levels of --by: holm, bh or none (default: holm)")  # fmt: skip
    how.add_argument("--jobs", type=int, default=0, metavar="N", help="processes (default: all processors)")
    how.add_argument("--claimed", type=float, metavar="EFFECT", help="draw a line at a claimed standardised effect")
    files = parser.add_argument_group("files")
    add_files(files, "the fits", "the specification curve above the matrix of choices")


def run(options: argparse.Namespace) -> int:
    """Fit and print."""
    from ..questions.multiverse import run_multiverse

    if options.plot:
        check_figure(options.plot)
    out = console()
    request = _request(options)
    if options.list_choices:
        _print_choices(request, out)
        return 0
    if options.plot and options.by:
        from ..core.errors import CrossliftError

        raise CrossliftError("--plot draws one multiverse, and --by asks for several.", "Select one with --where.")
    with progress("reading") as say:
        found = run_multiverse(request, say)
    if options.json != "-":
        for item in found:
            print_multiverse(item, out)
        if len(found) > 1:
            _print_adjusted(found, options.by, options.adjust, out)
    if options.csv:
        import pandas as pd

        frames = [item.frame.assign(**{options.by: item.level}) if options.by else item.frame for item in found]
        write_csv(options.csv, pd.concat(frames, ignore_index=True))
    write_figure(options.plot, lambda path: draw(found[0], path, options.claimed), out, options.json)
    if options.json:
        content = found[0].to_json()
        if options.by:
            rows = _adjusted(found, options.adjust)
            content = {
                "command": "multiverse",
                "by": options.by,
                "adjust": options.adjust,
                "groups": [item.to_json() | {"adjusted": p} for item, p in zip(found, rows, strict=True)],
            }
        write_json(options.json, content, out)
    return 0


def _request(options: argparse.Namespace) -> Any:
    from ..core.errors import CrossliftError
    from ..core.multiplicity import ADJUSTMENTS
    from ..outcomes.build import Options
    from ..questions.multiverse import MultiverseRequest

    if options.adjust not in ADJUSTMENTS:
        from ..core.errors import unknown_name

        raise unknown_name("adjustment", options.adjust, ADJUSTMENTS)
    limit = options.specifications
    if limit != "all" and not limit.isdigit():
        raise CrossliftError(f"'{limit}' is no number of specifications.", "Give a whole number, or all.")
    return MultiverseRequest(
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=Options(
            outcome=options.outcome,
            source=options.source,
            corpus=options.corpus,
            keep=split(options.keep),
            metric=options.metric,
            where=options.where,
            baseline=options.baseline,
        ),
        choices=options.choices,
        fixed=tuple(options.fix),
        moderators=split(options.moderator),
        by=options.by,
        limit=None if limit == "all" else int(limit),
        permute=options.permute,
        seed=options.seed,
        jobs=options.jobs,
    )


def _print_choices(request: Any, out: Any) -> None:
    from ..questions.multiverse.run import open_choices

    choices, space = open_choices(request)
    rows = [
        (choice.name if not i else "", choice.question if not i else "", option.name, option.why)
        for choice in choices
        for i, option in enumerate(choice.options)
    ]
    out.print(Table(("choice", "question", "option (first: default)", "why"), tuple(rows)).text())
    out.print(f"\n  {count(space.possible)} specifications of {count(space.combinations)} combinations")
    for reason, n in space.excluded:
        out.print(f"  {count(n)} left out: {reason}")


def print_multiverse(found: Multiverse, out: Any) -> None:
    """The whole printed answer."""
    if found.level:
        heading(out, f"══ {found.level} ══")
    print_input(out, found.sources, found.dropped)
    heading(out, "Specifications")
    space = found.space
    table = tuple((choice.name, str(len(choice.options)), ", ".join(choice.names)) for choice in space.choices)
    out.print(Table(("choice", "options", "first: default"), table).text())
    out.print(f"\n  {count(space.combinations)} combinations, {count(space.possible)} specifications")
    for reason, n in space.excluded:
        out.print(f"  {count(n)} left out: {reason}")
    if len(space.table) < space.possible:
        out.print(f"  drawn at random: {count(len(space.table))} (seed {found.seed}), the default among them")
    own = found.summary
    kinds = f"{count(own.distinct)} different models, {count(own.singular)} singular"
    out.print(f"  fitted: {count(own.fits)}, of them {kinds}")
    for reason, n in found.failed:
        out.print(f"  {count(n)} not fitted: {reason}")
    heading(out, "Spread")
    rows = tuple(
        (item.choice, f"{item.beside:.1%}", f"{item.alone:.1%}", item.low_option, number(item.low, 3),
         item.high_option, number(item.high, 3))
        for item in found.spread.choices
    )  # fmt: skip
    out.print(Table(("choice", "explains", "alone", "lowest mean", "effect", "highest mean", "effect"), rows).text())
    kind = "exact: every option meets every other equally often" if found.spread.balanced else "type II, main effects"
    out.print(f"\n  all main effects together {found.spread.together:.1%} ({kind}); the rest is how choices combine")
    if found.joint:
        heading(out, "Together, against shuffled distances")
        from ..questions.multiverse.joint_test import STATISTICS

        tests = tuple(
            (STATISTICS[t.statistic], number(t.observed, 3), number(t.null_median, 3), number(t.null_high, 3),
             p_value(t.p_value), p_value(t.adjusted))
            for t in found.joint.tests
        )  # fmt: skip
        out.print(Table(("statistic", "data", "shuffled", "95%", "p", "Holm"), tests).text())
        out.print(
            f"\n  {count(found.joint.draws)} arrangements of whole languages, the same for all "
            f"{count(found.joint.specifications)} specifications; variances from the fits without the distance"
        )
    heading(out, "Answer")
    for line in found.answer:
        out.print(f"  {line}", style="bold")
    print_remarks(out, found.notices, found.warnings)


def _adjusted(found: tuple[Multiverse, ...], method: str) -> list[float | None]:
    """The joint test of the median effect of each level, adjusted over the levels."""
    import math

    from ..core.multiplicity import adjust

    p = [item.joint.tests[0].p_value if item.joint else math.nan for item in found]
    return [None if math.isnan(value) else float(value) for value in adjust(p, method)]


def _print_adjusted(found: tuple[Multiverse, ...], by: str, method: str, out: Any) -> None:
    heading(out, f"By {by}")
    rows = tuple(
        (item.level, count(item.summary.fits), number(item.summary.median, 3), f"{item.summary.same_sign:.0%}",
         f"{item.summary.significant:.0%}", p_value(item.joint.tests[0].p_value) if item.joint else "–",
         p_value(p) if p is not None else "–")
        for item, p in zip(found, _adjusted(found, method), strict=True)
    )  # fmt: skip
    out.print(Table((by, "fits", "median effect", "same sign", "significant", "joint p", method), rows).text())


def draw(found: Multiverse, path: str, claimed: float | None = None) -> None:
    """The specification curve above the matrix of choices."""
    from ..plots.multiverse import BINS, SINGLE, plot_choices, plot_curve
    from ..plots.style import figure, save
    from ..questions.multiverse.result import PER

    names = [item.choice for item in found.spread.choices]
    lines = sum(found.frame[name].nunique() for name in names)
    with figure(7.6, 3.4 + 0.155 * lines + 0.06 * len(names)) as (made, ax):
        ax.remove()
        top, bottom = made.subplots(2, 1, sharex=True, height_ratios=[2.6, 0.155 * lines + 0.06 * len(names)])
        plot_curve(found.frame, top, f"effect (SD of {found.outcome}\n{PER})", claimed)
        df = " and ".join(sorted(found.frame["df_method"].unique())) if "df_method" in found.frame else "satterthwaite"
        own = found.summary
        lines_of = [
            f"{count(own.fits)} specifications of {count(found.space.possible)}, {count(own.distinct)} different "
            f"models; REML, df: {df}; {sum(n for _, n in found.failed)} not fitted, {count(own.singular)} singular."
        ]
        if own.fits > SINGLE:
            lines_of.append(f"Matrix: {BINS} bins of neighbours in rank; darkness is the share of a bin's fits.")
        plot_choices(found.frame, names, bottom, "\n".join(lines_of))
        save(made, path)
