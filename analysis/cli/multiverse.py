"""Fit every defensible specification of one question: how gains depend on typological distance.

Distance measure, coverage bound, outcome, studies and tasks in or out, random effects, kernel, covariate and degrees of
freedom are crossed; combinations that contradict themselves are left out and counted. The result is the curve of
all effects, the share of significant and of sign-consistent fits, joint inference under shuffled distances, and how
much of the spread each choice explains.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..present.deliver import deliver
from ..present.multiverse import draw, multiverses_frame, multiverses_json, print_choices, print_multiverses
from ..present.screen import Screen
from ..present.terminal import progress
from .selection import add_distances, add_files, add_rows, read_look, split
from .validate import parse_map

if TYPE_CHECKING:
    pass

SUMMARY = "every defensible way to ask whether distance matters"
EXAMPLES = """examples:
  analyze multiverse
  analyze multiverse --plot curve.png --csv fits.csv --json multiverse.json
  analyze multiverse --fix measure=syntactic,featural --fix df_method=satterthwaite --specifications all
  analyze multiverse --choices choices.yaml --permute 1999 --seed 7
  analyze multiverse --factor fertility --data scores.csv
  analyze multiverse --by target_task --where "intermediate_language == 'eng'"
  analyze multiverse --list-choices"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze multiverse``."""
    what = parser.add_argument_group("question")
    what.add_argument("--outcome", default="gain", metavar="OUTCOME", help="gain, gap or score (default: gain)")
    what.add_argument(
        "--source", default="eng", metavar="LANGUAGE", help="language that distances are from (default: English)"
    )
    what.add_argument("--corpus", default="cc100", metavar="CORPUS", help="corpus behind log_corpus (default: cc100)")
    what.add_argument("--factor", metavar="FACTOR",
                      help="a column of numbers of languages in place of distance")  # fmt: skip
    add_distances(what)
    what.add_argument("--moderator", action="append", default=[], metavar="COLUMN",
                      help="a column that enters every model besides the distance; may be repeated")  # fmt: skip
    what.add_argument("--by", metavar="COLUMN", help="one multiverse for each level of a column")
    choices = parser.add_argument_group("choices")
    choices.add_argument("--choices", metavar="FILE", help="YAML or TOML: choice: [options to keep, the default first]")
    choices.add_argument("--fix", action="append", default=[], metavar="CHOICE=OPTION[,OPTION]",
                         help="keep these options of a choice; may be repeated")  # fmt: skip
    choices.add_argument("--list-choices", action="store_true", help="print choices and options and fit nothing")
    choices.add_argument("--specifications", default="2000", metavar="N|all",
                         help="how many to draw at random, including the default one (default: 2000)")  # fmt: skip
    rows = parser.add_argument_group("rows")
    add_rows(rows)
    how = parser.add_argument_group("method")
    how.add_argument("--permute", type=int, default=999, metavar="DRAWS",
                     help="arrangements for joint inference, 0 for none (default: 999)")  # fmt: skip
    how.add_argument("--seed", type=int, default=1, help="random seed of --specifications and --permute (default: 1)")
    how.add_argument("--adjust", default="holm", metavar="METHOD",
                     help="adjustment over the levels of --by: holm, bh or none (default: holm)")  # fmt: skip
    how.add_argument("--jobs", type=int, default=0, metavar="N", help="processes (default: all processors)")
    how.add_argument("--claimed", type=float, metavar="EFFECT", help="draw a line at a claimed standardised effect")
    files = parser.add_argument_group("files")
    add_files(files, "the fits", "the specification curve above the matrix of choices")


def run(options: argparse.Namespace) -> int:
    """Fit and print."""
    from ..questions.multiverse import run_multiverse

    request = _request(options)
    if options.list_choices:
        print_choices(request, Screen())
        return 0
    if options.plot and options.by:
        from ..core.errors import CrossliftError

        raise CrossliftError("--plot draws one multiverse, but --by makes several.", "Select one with --where.")
    with progress("reading") as say:
        found = run_multiverse(request, say)
    deliver(
        lambda out: print_multiverses(found, options.by, options.adjust, out),
        lambda: multiverses_json(found, options.by, options.adjust),
        options.json,
        tables=[(options.csv, lambda: multiverses_frame(found, options.by))],
        figures=[(options.plot, lambda: draw(found[0], options.claimed))],
        look=read_look(options),
        verbose=options.verbose,
    )
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
        raise CrossliftError(f"'{limit}' is not a valid number of specifications.", "Give a whole number, or all.")
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
            distances=tuple(options.distances),
        ),
        choices=options.choices,
        fixed=tuple(options.fix),
        moderators=split(options.moderator),
        by=options.by,
        limit=None if limit == "all" else int(limit),
        permute=options.permute,
        seed=options.seed,
        jobs=options.jobs,
        factor=options.factor,
    )
