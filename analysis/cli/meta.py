"""Pool gains or gaps by their sampling variances: mean, heterogeneity, moderators and small-study effects.

The default model crosses languages, target tasks, models and intermediate tasks as random effects, with the sampling
covariance of gains that share a baseline. Gains without a known sampling variance are counted and left out. Groups are
pooled from their own rows; p-values of groups and of moderators are adjusted together.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..present.deliver import deliver
from ..present.figure_file import FigureFile
from ..present.pooling import draw_forest, draw_funnel, print_pooled
from ..present.terminal import progress
from .selection import add_files, add_outcome, add_rows, read_look, read_options
from .validate import parse_map

if TYPE_CHECKING:
    pass

SUMMARY = "the pooled gain, how much gains differ, and possible bias"
EXAMPLES = """examples:
  analyze meta
  analyze meta --by target_task,language_family --plot forest.png
  analyze meta --moderator typology --robust language
  analyze meta --method DL --test knha --where "target_task == 'xnli'" --by language
  analyze meta --bias --funnel funnel.png
  analyze meta --leave-out language --json meta.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze meta``."""
    what = parser.add_argument_group("question")
    what.add_argument(
        "--by",
        metavar="COLUMN[,COLUMN]",
        help="groups, and subgroups within them (default: target_task,language; none: no groups)",
    )
    what.add_argument(
        "--moderator",
        action="append",
        default=[],
        metavar="COLUMN|FORMULA",
        help="a moderator of the effect, such as typology or typology*log_params; may be repeated",
    )
    what.add_argument("--bias", action="store_true", help="Egger's test, PET-PEESE, trim-and-fill, a selection model")
    what.add_argument("--leave-out", metavar="GROUP", help="the pooled effect without each level of a column in turn")
    what.add_argument(
        "--influence", action="store_true", help="influence of each effect on the pooled one, taken as independent"
    )
    add_outcome(what, "gain or gap")
    add_rows(parser.add_argument_group("rows"))
    how = parser.add_argument_group("method")
    how.add_argument("--method", default="REML", metavar="METHOD",
                     help="REML (default) or ML; DL, HE, HS, SJ, PM, PMM, EB, FE: independent effects")  # fmt: skip
    how.add_argument(
        "--test",
        metavar="TEST",
        help="satterthwaite (default), kenward-roger or z; for independent effects knha (default), t or z",
    )
    how.add_argument("--random", default="crossed", metavar="TERMS",
                     help="crossed (default), none, or terms such as '(1|language/target_task)'")  # fmt: skip
    how.add_argument("--robust", metavar="COLUMN", help="cluster-robust tests (CR2, Satterthwaite), such as language")
    how.add_argument("--adjust", default="holm", metavar="METHOD", help="for p-values: holm (default), bh or none")
    files = parser.add_argument_group("files")
    add_files(files, "the pooled groups", "a forest plot, or the effects against --moderator")
    files.add_argument("--funnel", metavar="FILE", type=FigureFile, help="draw a funnel plot (.png, .svg, .pdf)")


def run(options: argparse.Namespace) -> int:
    """Pool and print."""
    from ..questions.pooling import Request, pool

    by = None if options.by is None else tuple(name.strip() for name in options.by.split(",") if name.strip() != "none")
    request = Request(
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=read_options(options),
        by=by,
        moderators=tuple(options.moderator),
        method=options.method,
        test=options.test,
        random=options.random,
        robust=options.robust,
        bias=options.bias,
        leave_out=options.leave_out,
        influence=options.influence,
        adjust=options.adjust,
    )
    with progress("reading") as say:
        found = pool(request, say)
    deliver(
        lambda out: print_pooled(found, out),
        found.to_json,
        options.json,
        tables=[(options.csv, lambda: found.result.fixed if found.groups is None else found.groups)],
        figures=[
            (options.plot, lambda: draw_forest(found)),
            (options.funnel, lambda: draw_funnel(found)),
        ],
        look=read_look(options),
        verbose=options.verbose,
    )
    return 0
