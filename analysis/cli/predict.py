"""Predict a score, gap or gain for a language, task or model size that was not run, with a 95% interval.

The interval is the mixed model's. How far to trust it is measured first: each language, and every language family, is
left out in turn and predicted from the others, by the mixed model, gradient boosting, the lasso, a line for each task
and the task's mean, on the same rows with the same features.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.output import OutputFile
from ..present.deliver import deliver
from ..present.prediction import draw, print_prediction
from ..present.terminal import progress
from .selection import add_files, add_outcome, add_rows, read_look, read_options, split
from .validate import parse_map

if TYPE_CHECKING:
    pass

SUMMARY = "predict a language, task or size not yet run, and how good such predictions are"
EXAMPLES = """examples:
  analyze predict --language sw --target-task xnli --size 13B
  analyze predict --outcome score --data sumeval2022 --language yo --plot predicted.png
  analyze predict --data scores.csv --outcome score --csv unseen.csv
  analyze predict --outcome score --data sumeval2022 --language yo --by language_family
  analyze predict --outcome score --data train.csv --rows-to-predict test.csv
  analyze predict --evaluate none --language sw,yo,am"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze predict``."""
    what = parser.add_argument_group("question")
    add_outcome(what)
    for flag, metavar, words in (
        ("--language", "CODE", "languages to predict for, seen or not"),
        ("--target-task", "TASK", "target tasks among those that were run"),
        ("--model", "MODEL", "models among those that were run"),
        ("--size", "SIZE", "a new model of that size, such as 13B"),
    ):
        what.add_argument(flag, action="append", default=[], metavar=f"{metavar}[,{metavar}]", help=words)
    what.add_argument("--moderator", action="append", default=[], metavar="COLUMN",
                      help="further column of numbers to predict from; may be repeated")  # fmt: skip
    rows = parser.add_argument_group("rows")
    add_rows(rows)
    rows.add_argument("--rows-to-predict", metavar="FILE",
                      help="predict the rows of a table; those with a score are scored by every method")  # fmt: skip
    how = parser.add_argument_group("method")
    how.add_argument("--evaluate", default="language,family", metavar="SCHEME",
                     help="what is left out in turn: language, family, both (default), or none")  # fmt: skip
    how.add_argument("--by", metavar="COLUMN[,COLUMN]", help="errors by these columns instead of by target task")
    how.add_argument("--seed", type=int, default=1, help="random seed of gradient boosting (default: 1)")
    files = parser.add_argument_group("files")
    add_files(files, "the predictions", "predicted against observed out of fold, by task")
    files.add_argument(
        "--errors", metavar="FILE", type=OutputFile, help="write the errors by method and task (or group) as CSV"
    )
    files.add_argument("--folds", metavar="FILE", type=OutputFile, help="write every prediction out of fold as CSV")


def run(options: argparse.Namespace) -> int:
    """Predict and print."""
    from ..core.errors import CrossliftError
    from ..questions.prediction.run import PredictionRequest, predict

    schemes = () if options.evaluate == "none" else split([options.evaluate])
    if not schemes and (options.plot or options.errors or options.folds or options.by):
        raise CrossliftError("--plot, --errors, --folds and --by show the evaluation, but --evaluate none leaves it "
                             "out.", "Leave --evaluate out.")  # fmt: skip
    request = PredictionRequest(
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=read_options(options),
        languages=split(options.language),
        tasks=split(options.target_task),
        models=split(options.model),
        sizes=split(options.size),
        schemes=schemes,
        by=split([options.by] if options.by else []),
        moderators=split(options.moderator),
        seed=options.seed,
        rows=options.rows_to_predict,
    )
    with progress("reading") as say:
        found = predict(request, say)
    deliver(
        lambda out: print_prediction(found, out),
        found.to_json,
        options.json,
        tables=[
            (options.csv, lambda: found.cells),
            (options.errors, lambda: found.by_group if request.by else found.by_task),
            (options.folds, lambda: found.folds),
        ],
        figures=[(options.plot, lambda: draw(found))],
        look=read_look(options),
        verbose=options.verbose,
    )
    return 0
