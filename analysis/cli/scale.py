"""Fit gains, gaps or scores against model size, intermediate examples or pretraining-corpus size.

Three forms are compared, each in a mixed model with crossed languages, tasks and models: log-linear, saturating power
law, threshold. The comparison is by AIC and by leaving the largest size out. Predictions beyond the sizes seen are
marked as extrapolation; their intervals are for a new model of that size.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.output import OutputFile
from ..present.deliver import deliver
from ..present.scaling import draw, print_scale
from ..present.terminal import progress
from .selection import add_files, add_outcome, add_rows, read_look, read_options, split
from .validate import parse_map

if TYPE_CHECKING:
    pass

SUMMARY = "the effect of more parameters, examples or text, and its extrapolation"
EXAMPLES = """examples:
  analyze scale --data muennighoff2022_xmtf --plot scale.png
  analyze scale --outcome score --data lm_eval_harness_2023_zero_shot --at 7B,70B --language sw,de
  analyze scale --factor corpus --outcome score --data lm_eval_harness_2023_zero_shot
  analyze scale --by target_task --adjust bh
  analyze scale --factor examples --data sweep --moderator typology --moderator log_corpus"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze scale``."""
    what = parser.add_argument_group("question")
    what.add_argument("--factor", default="size", metavar="FACTOR", help="size, examples or corpus (default: size)")
    add_outcome(what)
    what.add_argument("--at", action="append", default=[], metavar="SIZE[,SIZE]",
                      help="sizes to predict, such as 7B,13B,70B (the default for model size)")  # fmt: skip
    what.add_argument("--language", action="append", default=[], metavar="CODE[,CODE]",
                      help="languages to predict for, besides the average and a new language")  # fmt: skip
    what.add_argument("--moderator", action="append", metavar="COLUMN",
                      help="numeric column that may change the curve; may be repeated; 'none' for none (default: "
                      "typology)")  # fmt: skip
    what.add_argument("--by", metavar="COLUMN[,COLUMN]", help="a curve for each group")
    rows = parser.add_argument_group("rows")
    add_rows(rows)
    how = parser.add_argument_group("method")
    how.add_argument("--adjust", default="holm", metavar="METHOD",
                     help="adjustment over groups and over moderators: holm, bh or none (default: holm)")  # fmt: skip
    files = parser.add_argument_group("files")
    add_files(files, "the comparison of forms", "outcome against size")
    files.add_argument("--predictions", metavar="FILE", type=OutputFile, help="write the predictions as CSV")


def run(options: argparse.Namespace) -> int:
    """Fit and print."""
    from ..questions.scaling.run import ScaleRequest, fit_scale

    moderators = None if options.moderator is None else tuple(name for name in options.moderator if name != "none")
    request = ScaleRequest(
        factor=options.factor,
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=read_options(options),
        at=split(options.at),
        languages=split(options.language),
        moderators=moderators,
        by=split([options.by] if options.by else []),
        adjust=options.adjust,
    )
    with progress("reading") as say:
        found = fit_scale(request, say)
    deliver(
        lambda out: print_scale(found, out),
        found.to_json,
        options.json,
        tables=[(options.csv, lambda: found.table), (options.predictions, lambda: found.predictions)],
        figures=[(options.plot, lambda: draw(found))],
        look=read_look(options),
        verbose=options.verbose,
    )
    return 0
