"""Printed output and figures of predictions and their evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..questions.prediction.run import Prediction
    from .screen import Screen


SHOWN = 20


def print_prediction(found: Prediction, out: Screen) -> None:
    """Print the prediction and how far to trust it, the cells, the errors, and what went in."""
    from ..questions.prediction.features import words

    print_answer(out, found.answer)
    out.heading("Predictions")
    out.print(_cells(found))
    for scheme, table in found.errors.groupby("scheme", sort=False) if len(found.errors) else ():
        out.heading(f"Leaving out each {scheme}")
        out.print(_errors(table))
        by, grouped = found.request.by, found.by_group if found.request.by else found.by_task
        if by or out.verbose:
            out.print()
            out.print(_by_group(grouped[grouped["scheme"] == scheme], by or ("target_task",)))
    if len(found.scored):
        out.heading("Rows to predict that have an outcome")
        out.print(_errors(found.scored_errors()))
        out.print()
        out.print(_by_group(found.scored_errors(("target_task",)), ("target_task",)))
    print_input(out, found.sources, found.dropped, f"{count(found.result.n_obs)} {found.outcome.options.outcome}s")
    named = [f"{name} ({words(name)})" if out.verbose else words(name) for name in found.features.numeric]
    out.print(f"  predicted from: {', '.join([*named, *found.features.factors])}")
    if out.verbose:
        out.print(f"  mixed model: {found.result.formula}")
    print_remarks(out, found.notices, found.warnings)


def _errors(table: Any) -> Table:
    rows = tuple(
        (row["method"], count(row["rows"]), str(row["folds"]), number(row["mae"], 2), number(row["mae_fold"], 2),
         number(row["rmse"], 2), _share(row["coverage"]), number(row["width"], 1))
        for row in table.to_dict("records")
    )  # fmt: skip
    columns = ("method", "rows", "folds", "MAE", "MAE by fold", "RMSE", "cover 95%", "width")
    notes = ("points; the mixed model's intervals are its own, the others' the 95% quantile of errors in other folds",)
    return Table(columns, rows, notes=notes)


def _share(value: float) -> str:
    return "–" if isnan(value) else f"{value:.1%}"


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
    notes = ["95% intervals are for one new outcome" + (
        "; 'new' lists levels that are not in the data" if table["new"].astype(bool).any() else "")]  # fmt: skip
    if len(table) > SHOWN:
        notes.append(f"{SHOWN} of {len(table):,} cells are shown; --csv FILE has all")
    columns = ("language", "target task", "model", "intermediate task", "points", "95% low", "95% high", "observed",
               "new", "note")  # fmt: skip
    return Table(columns, rows, notes=tuple(notes)).without_empty()


def draw(found: Prediction) -> Figure:
    """One panel per task: the mixed model, under the first way to leave out."""
    from ..plots.predicted import FEW, plot_predicted
    from ..plots.style import panels
    from ..plots.words import caption_below, legend_of_panels

    scheme = found.request.schemes[0]
    own = found.folds[(found.folds["scheme"] == scheme) & (found.folds["method"] == "mixed model")]
    table = found.by_task[(found.by_task["scheme"] == scheme) & (found.by_task["method"] == "mixed model")]
    by = table.set_index("target_task")
    many = [task for task in by.index if len(own[own["target_task"] == task]) > FEW]
    words = (
        f"Mixed model (REML), leave-one-{scheme}-out. Bars: 95% intervals of single outcomes"
        + (f"; {', '.join(map(str, many))}: means by {scheme}" if many else "")
        + ". MAE: mean absolute error in points."
    )
    with panels(len(by), shared=True) as (made, axes):
        caption_below(axes[0], words)
        for task, ax in zip(by.index, axes, strict=True):
            row = by.loc[[task]].iloc[0].to_dict()
            about = f"{row['rows']:,} rows, MAE {number(row['mae'], 1)}, {row['coverage']:.0%} inside"
            plot_predicted(own[own["target_task"] == task], ax, found.outcome.options.outcome, str(task), about)
        legend_of_panels(axes)
    return made
