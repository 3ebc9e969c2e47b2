"""Predict a score, gap or gain for a language, task or model size that was not run, with a 95% interval.

The interval is the mixed model's. How far to trust it is measured first: every language, and every language family, is
left out in turn and predicted from the others, by the mixed model, gradient boosting, the lasso, a line for each task
and the task's mean, on the same rows with the same features.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
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
)
from .selection import add_files, add_outcome, add_rows, check_figure, read_options, split
from .validate import parse_map

if TYPE_CHECKING:
    from ..questions.prediction.run import Prediction

SUMMARY = "what a language, task or size not yet run would give, and how good such predictions are"
EXAMPLES = """examples:
  analyze predict --language sw --target-task xnli --size 13B
  analyze predict --outcome score --data sumeval2022 --language yo --plot predicted.png
  analyze predict --data scores.csv --outcome score --csv unseen.csv
  analyze predict --outcome score --data sumeval2022 --language yo --by language_family
  analyze predict --evaluate none --language sw,yo,am"""
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze predict``."""
    what = parser.add_argument_group("what is asked")
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
    rows = parser.add_argument_group("which rows")
    add_rows(rows)
    how = parser.add_argument_group("how")
    how.add_argument("--evaluate", default="language,family", metavar="SCHEME",
                     help="what is left out in turn: language, family, both (default), or none")  # fmt: skip
    how.add_argument("--by", metavar="COLUMN[,COLUMN]", help="errors by these columns instead of by target task")
    how.add_argument("--seed", type=int, default=1, help="of gradient boosting (default: 1)")
    files = parser.add_argument_group("files")
    add_files(files, "the predictions", "predicted against observed out of fold, by task")
    files.add_argument("--errors", metavar="FILE", help="write the errors by method and task (or group) as CSV")
    files.add_argument("--folds", metavar="FILE", help="write every prediction out of fold as CSV")


def run(options: argparse.Namespace) -> int:
    """Predict and print."""
    from ..core.errors import CrossliftError
    from ..questions.prediction.run import PredictionRequest, predict

    schemes = () if options.evaluate == "none" else split([options.evaluate])
    if options.plot:
        check_figure(options.plot)
    if not schemes and (options.plot or options.errors or options.folds or options.by):
        raise CrossliftError("--plot, --errors, --folds and --by show the evaluation, and --evaluate none leaves it "
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
    )
    out = console()
    with progress("reading") as say:
        found = predict(request, say)
    if options.json != "-":
        print_prediction(found, out)
    by = found.by_group if request.by else found.by_task
    for path, table in ((options.csv, found.cells), (options.errors, by), (options.folds, found.folds)):
        if path:
            write_csv(path, table)
    write_figure(options.plot, lambda path: draw(found, path), out, options.json)
    if options.json:
        write_json(options.json, found.to_json(), out)
    return 0


def print_prediction(found: Prediction, out: Any) -> None:
    """The whole printed answer."""
    from ..questions.prediction.features import words

    print_input(out, found.sources, found.dropped)
    heading(out, "Predicted from")
    for name in found.features.numeric:
        out.print(f"  {name}: {words(name)}")
    out.print(f"  and {', '.join(found.features.factors) or 'no factor'}")
    out.print(f"\n  mixed model: {found.result.formula}")
    for scheme, table in found.errors.groupby("scheme", sort=False) if len(found.errors) else ():
        heading(out, f"Leaving out each {scheme}")
        out.print(_errors(table).text())
        by, grouped = found.request.by, found.by_group if found.request.by else found.by_task
        out.print("\n" + _by_group(grouped[grouped["scheme"] == scheme], by or ("target_task",)).text())
    heading(out, "Predictions")
    out.print(_cells(found).text())
    if found.sentences:
        heading(out, "Answer")
        for line in found.sentences:
            out.print(f"  {line}", style="bold")
    print_remarks(out, found.notices, found.warnings)


def _errors(table: Any) -> Table:
    rows = tuple(
        (row["method"], count(row["rows"]), str(row["folds"]), number(row["mae"], 2), number(row["mae_fold"], 2),
         number(row["rmse"], 2), f"{row['coverage']:.1%}", number(row["width"], 1))
        for row in table.to_dict("records")
    )  # fmt: skip
    columns = ("method", "rows", "folds", "MAE", "MAE by fold", "RMSE", "cover 95%", "width")
    notes = ("points; the mixed model's intervals are its own, the others' the 95% quantile of errors in other folds",)
    return Table(columns, rows, notes=notes)


def _by_group(table: Any, by: Sequence[str]) -> Table:
    wide = table.pivot(index=list(by), columns="method", values="mae")[list(dict.fromkeys(table["method"]))]
    rows = table.drop_duplicates(list(by)).set_index(list(by))["rows"]
    cells = tuple(
        (", ".join(map(str, group if isinstance(group, tuple) else (group,))), count(int(rows[group])),
         *(number(value, 2) for value in own))
        for group, own in zip(wide.index, wide.to_numpy(), strict=True)
    )  # fmt: skip
    words = ", ".join("task" if name == "target_task" else name for name in by)
    return Table((f"MAE by {words}", "rows", *wide.columns), cells)


def _cells(found: Prediction) -> Table:
    table = found.cells
    rows = tuple(
        (row["language"], row["target_task"], row["model"], row["intermediate_task"] or "–",
         number(row["estimate"], 1), number(row["conf_low"], 1), number(row["conf_high"], 1),
         number(row["observed"], 1), row["new"] or "–", row["note"] or "–")
        for row in table.head(SHOWN).to_dict("records")
    )  # fmt: skip
    notes = ["95% intervals are for one new outcome; 'new' names what no row has"]
    if len(table) > SHOWN:
        notes.append(f"{SHOWN} of {len(table):,} cells are shown; --csv FILE has all")
    columns = ("language", "target task", "model", "intermediate task", "points", "95% low", "95% high", "observed",
               "new", "note")  # fmt: skip
    return Table(columns, rows, notes=tuple(notes))


def draw(found: Prediction, path: str) -> None:
    """One panel a task: the mixed model, the first way to leave out."""
    from ..plots.predicted import plot_predicted
    from ..plots.style import panels, save

    scheme = found.request.schemes[0]
    own = found.folds[(found.folds["scheme"] == scheme) & (found.folds["method"] == "mixed model")]
    table = found.by_task[(found.by_task["scheme"] == scheme) & (found.by_task["method"] == "mixed model")]
    by = table.set_index("target_task")
    with panels(len(by), 4.6, 4.2) as (made, axes):
        for task, ax in zip(by.index, axes, strict=True):
            row = by.loc[[task]].iloc[0].to_dict()
            words = (
                f"leave-one-{scheme}-out, {row['folds']} folds, {row['rows']:,} rows, mixed model (REML)\n"
                f"MAE {number(row['mae'], 1)}, 95% intervals hold {row['coverage']:.0%}"
            )
            plot_predicted(own[own["target_task"] == task], ax, found.outcome.options.outcome, str(task), words)
        save(made, path)
