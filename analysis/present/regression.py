"""Printed output and figure of a regression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from math import isclose, isfinite, isnan
from typing import TYPE_CHECKING

from ..core.text import Table, count, number, p_value, p_words
from ..languages.feature_sources import SOURCES
from ..outcomes.factors import CORPORA
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..outcomes.axes import Axis
    from ..outcomes.factors import Factor
    from ..plots.marginal import Marginal
    from ..questions.regression.answer import Answer
    from ..questions.regression.other_sources import OtherSources
    from ..questions.regression.robustness import Robustness
    from ..questions.regression.run import FactorFit
    from .screen import Screen


#: How rows of a robustness strip that are other sources of distance are named.
SOURCE_ROW = "source:"


def print_fit(found: FactorFit, out: Screen) -> None:
    """Print the answer, the slopes beside it, and what went in; with ``--verbose`` the model and all that was read."""
    print_answer(out, [*(item.sentence for item in found.answers), *([found.survival] if found.survival else [])])
    for strip in found.robustness:
        _print_strip(found, strip, out)
    if found.answers and not found.robustness:
        for pooled in found.naives:
            out.print(f"  {pooled.sentence}")
        _print_sensitivity(found, out)
    _print_sources(found, out)
    if out.verbose or not found.answers:
        _print_model(found, out)
    if found.couplings:
        _print_lines("Regression to the mean", [line for item in found.couplings for line in item.lines()], out)
    if found.checks.sentences:
        _print_lines("Under the same model", found.checks.sentences, out)
    if found.within:
        _print_lines(f"Within and between: {found.within.group.replace('_', ' ')}", found.within.lines(), out)
    if found.related:
        _print_lines("Related languages", found.related.lines(), out)
    print_input(out, found.sources, found.dropped, _facts(found))
    if not out.verbose:
        out.print(f"  model: {found.result.formula}")
    elif found.coverage:
        _print_lines("Typology", found.coverage.lines(), out)
    if found.own:
        _print_lines("Factors", [described.line for described in found.own], out)
    print_remarks(out, found.notices, found.warnings)


def _print_model(found: FactorFit, out: Screen) -> None:
    summary = found.result.summary()
    out.heading("Model")
    out.print(f"  {found.result.formula}\n")
    out.print(summary.fixed_table())
    out.print()
    out.print(summary.variance_table())
    out.print()
    for line in summary.lines():
        out.print(f"  {line}")


def _print_lines(title: str, lines: Iterable[str], out: Screen) -> None:
    out.heading(title)
    for line in lines:
        out.print(f"  {line}")


def _facts(found: FactorFit) -> str:
    """How many rows, languages and so on the model has."""
    used = found.outcome.frame.loc[found.result.design.kept]
    facts = [f"{count(len(used))} {found.request.options.outcome}s in the model"]
    for column, one, many in (
        ("study", "study", "studies"),
        ("language", "language", "languages"),
        ("target_task", "target task", "target tasks"),
        ("model", "model", "models"),
        ("intermediate_task", "intermediate task", "intermediate tasks"),
    ):
        # Scores without an intermediate task have 'none' there.
        levels = int(used.loc[used[column] != "none", column].nunique())
        if levels:
            facts.append(f"{levels} {one if levels == 1 else many}")
    return " · ".join(facts)


def strip_table(found: FactorFit, strip: Robustness) -> Table:
    """The rows of a robustness strip, without other sources of distance, which have a table of their own.

    Where there are too few levels for a verdict, it has no p-values.
    """
    factor = found.factor(strip.factor)
    rows = []
    for row in strip.rows:
        if not row.computed or row.name.startswith(SOURCE_ROW):
            continue
        p = p_value(row.p_value) if isfinite(row.p_value) else ""
        shown = [number(value, 2) for value in (row.estimate, row.conf_low, row.conf_high)]
        rows.append((row.label, *shown, p, str(row.levels)))
    head = (f"points per {factor.words}", "slope", "95% low", "95% high", "p", f"{factor.level_words}s")
    return Table(head, tuple(rows)).without([] if _tested(found, strip.factor) else ["p"])


def _tested(found: FactorFit, factor: str) -> bool:
    """Whether there are enough levels for a verdict on a factor, and so for p-values."""
    from ..questions.regression.verdict import TOO_FEW

    return all(item.verdict != TOO_FEW for item in found.answers if item.factor == factor)


def robustness_frame(found: FactorFit) -> pd.DataFrame:
    """The rows of all robustness strips, those of every level left out among them: one row per factor and model.

    Columns: ``factor``, ``name``, ``label``, ``estimate``, ``conf_low``, ``conf_high``, ``p_value``, ``df``,
    ``levels``, ``n_obs``, ``decisive``, ``reason``.
    """
    import pandas as pd

    rows = []
    for strip in found.robustness:
        shown = {row.name for row in strip.rows}
        every = [*strip.rows, *(row for row in strip.left_out if row.name not in shown)]
        rows += [{"factor": strip.factor, **asdict(row)} for row in every]
    return pd.DataFrame(rows)


def sources_frame(found: FactorFit) -> pd.DataFrame:
    """Slopes under every source of distance, one a row, in points per standard deviation; empty if none were fitted."""
    import pandas as pd

    from ..questions.regression.other_sources import SourceSlope

    rows = found.other_sources.rows if found.other_sources else ()
    return pd.DataFrame([asdict(row) for row in rows], columns=[item.name for item in fields(SourceSlope)])


def _print_strip(found: FactorFit, strip: Robustness, out: Screen) -> None:
    out.print()
    out.print(strip_table(found, strip))
    for line in strip_lines(found, strip):
        if out.verbose or not _is_choice(found, line):
            out.print(f"  {line}")


def _is_choice(found: FactorFit, line: str) -> bool:
    """Whether a line says how the terms of the model were chosen."""
    return found.slopes is not None and line == found.slopes.line()


def strip_lines(found: FactorFit, strip: Robustness) -> list[str]:
    """What stands under a robustness strip: families, what could not be computed, how the model was chosen."""
    lines = [strip.families_line()] if strip.left_out else []
    lines += [f"not computed {row.label}: {row.reason}" for row in strip.rows
              if not row.computed and not row.name.startswith(SOURCE_ROW)]  # fmt: skip
    if found.slopes and found.slopes.line():
        lines.append(found.slopes.line())
    return lines


def sources_table(found: OtherSources) -> Table:
    """Slopes under every source of distance, the answer's own first."""
    rows = []
    for row in found.rows:
        if not row.computed:
            continue
        low, high = number(row.conf_low, 2), number(row.conf_high, 2)
        shared = "" if isnan(row.median_shared) else f"{row.median_shared:.0f}, least {row.least_shared:.0f}"
        same = "" if row.same_rows is None else f"{number(row.same_rows[0], 2)}, {p_words(row.same_rows[3])}"
        rows.append(
            (row.words, number(row.estimate, 2), low, high, p_value(row.p_value), str(row.languages), shared, same)
        )
    first = found.rows[0].words
    heads = ("slope", "95% low", "95% high", "p", "languages", "shared features")
    return Table(("points per standard deviation of distance", *heads, f"{first}, same rows"), tuple(rows))


def sources_lines(found: OtherSources) -> list[str]:
    """What stands under the table of sources: languages that they lack, what could not be computed, which model."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for row in found.others:
        if row.missing and row.computed:
            lacking.setdefault(row.missing, []).append(row.words)
    lines = [f"without a distance by {', '.join(words)}: {', '.join(missing)}" for missing, words in lacking.items()]
    lines += [f"not computed by {row.words}: {row.reason}" for row in found.rows if not row.computed]
    few = [f"{row.words} ({row.languages})" for row in found.others if row.computed and not row.enough]
    if few:
        lines.append(f"too few languages for a verdict by {', '.join(few)}")
    lines += [f"not counted: {row.words}, whose recipe makes poorly documented languages look distant"
              for row in found.others if row.enough and not row.counts]  # fmt: skip
    if found.one_slope:
        lines.append("with one slope for all groups, since the table is large; --sources all fits the answer's model")
    return lines


def _print_sources(found: FactorFit, out: Screen) -> None:
    beside = found.other_sources
    if beside is None:
        return
    out.heading("Other sources of distance")
    if beside.reason:
        out.print(f"  not computed: {beside.reason}")
        return
    table, left = sources_table(beside), []
    left += [] if out.verbose else ["shared features", table.columns[-1]]
    left += [] if _tested(found, "typology") else ["p"]
    out.print(table.without(left))
    for line in sources_lines(beside):
        out.print(f"  {line}")


def _print_sensitivity(found: FactorFit, out: Screen) -> None:
    if found.sensitivity is None:
        return
    item = found.sensitivity.answer
    if item is None:
        out.print(f"  With log corpus size in the model: not computed; {found.sensitivity.reason}")
        return
    out.print(f"  {sensitivity_sentence(found)}")


def sensitivity_sentence(found: FactorFit) -> str:
    """The slope adjusted for corpus size, and what it means for the unadjusted one."""
    assert found.sensitivity is not None
    item = found.sensitivity.answer
    assert item is not None
    alone = next(a for a in found.answers if a.factor == item.factor)
    sentence = (
        f"With log corpus size in the model ({item.levels} languages): {number(item.estimate, 2)} points per "
        f"{found.factor(item.factor).words} (95% interval {number(item.conf_low, 2)} to {number(item.conf_high, 2)})."
    )
    if not (alone.conf_low <= 0.0 <= alone.conf_high) and item.conf_low <= 0.0 <= item.conf_high:
        over = "distance" if item.factor == "typology" else found.factor(item.factor).over
        sentence += f" In these languages {over} cannot be separated from corpus size."
    return sentence


def draw(found: FactorFit) -> Figure:
    """The marginal effect of each factor, and with it what its slope depends on."""
    from ..plots.marginal import label_points, marginal_effect, plot_marginal
    from ..plots.robustness import break_labels, plot_robustness, strip_height
    from ..plots.style import with_strips
    from ..plots.words import caption_below

    frame = found.outcome.frame.reset_index(drop=True)
    strips = {strip.factor: strip for strip in found.robustness}
    heights = [strip_height(strips[a.factor].rows) if a.factor in strips else 0.0 for a in found.answers]
    group = found.within.group if found.within else None
    related = found.related.result if found.related else None
    with with_strips(4.0, heights) as (made, pairs):
        drawn = [(item, *axes, marginal_effect(found.result, found.factor(item.factor), frame, group, related))
                 for item, axes in zip(found.answers, pairs, strict=True)]  # fmt: skip
        # The canvas grows with its caption, and names are placed in the final layout: the order matters.
        words = [line_words(item, data, found.factor(item.factor)) for item, _, _, data in drawn]
        caption_below(pairs[0][0], "\n".join([basis(found), *words]))
        for item, ax, _, data in drawn:
            plot_marginal(data, ax, x_label(found, item.factor), y_label(found), sizes=size_axis(item.factor),
                          within=(group or "").replace("_", " "), named=False)  # fmt: skip
        for item, _, below, _ in drawn:
            if below is not None:
                plot_robustness(strips[item.factor].rows, below, f"points per {found.factor(item.factor).words}")
        for _, ax, below, data in drawn:
            label_points(ax, data.points)
            if below is not None:  # the other panels have moved it since
                break_labels(below)
    return made


def draw_strip(found: FactorFit, factor: str) -> Figure | None:
    """The slope of a factor under every model that was tried; ``None`` if it stands alone."""
    from ..plots.robustness import plot_robustness, strip_height
    from ..plots.style import strip_figure

    strip = next((strip for strip in found.robustness if strip.factor == factor), None)
    if strip is None or sum(row.computed for row in strip.rows) < 2:
        return None
    with strip_figure(strip_height(strip.rows)) as (made, ax):
        plot_robustness(strip.rows, ax, f"points per {found.factor(factor).words}")
    return made


def size_axis(factor: str) -> Axis | None:
    """The size that a factor is the logarithm of; ``None`` for typology."""
    from ..outcomes.axes import AXES

    return AXES.get(factor)


def x_label(found: FactorFit, factor: str) -> str:
    """The axis of a factor, with its unit."""
    from ..outcomes.sources import source_words

    options = found.request.options
    if factor == "typology" and found.coverage:
        covered, source = found.coverage, source_words(found.outcome.frame, options.source)
        title = SOURCES[covered.source_data].short
        return f"{covered.measure} distance from {source} ({title}, {covered.recipe}; 0 to 1)"
    if factor == "size":
        return "model size (parameters, logarithmic)"
    if factor != "corpus":
        return found.factor(factor).over
    unit = CORPORA[options.corpus].unit if options.corpus in CORPORA else "units of each model's own corpus"
    return f"pretraining corpus of the language ({unit}, logarithmic)"


def y_label(found: FactorFit) -> str:
    """The axis of the outcome, with its unit."""
    from ..outcomes.sources import source_words

    source = source_words(found.outcome.frame, found.request.options.source)
    words = {"gain": "gain", "gap": f"gap to {source}", "score": "score"}
    return f"{words[found.request.options.outcome]} (points)"


def basis(found: FactorFit) -> str:
    """Basis of the figure: rows, levels, method and degrees of freedom."""
    from ..mixed.summary import DF_WORDS

    result = found.result
    levels = ", ".join(
        dict.fromkeys(
            f"{item.levels} {found.factor(item.factor).level_words}{'s' if item.levels != 1 else ''}"
            for item in found.answers
        )
    )
    method = f"{'REML' if result.reml else 'ML'}, {DF_WORDS.get(result.df_method, result.df_method)}"
    if result.df_method != "normal":
        degrees = " and ".join(dict.fromkeys(number(item.df, 1) for item in found.answers))
        method += f", {degrees} degrees of freedom"
    return f"{count(result.n_obs)} {found.request.options.outcome}s, {levels}; {method}."


def line_words(item: Answer, data: Marginal, factor: Factor) -> str:
    """What the line of a figure shows, in the numbers of the line that is drawn."""
    line = data.line
    steps = float(line["x"].iloc[-1] - line["x"].iloc[0]) / factor.step
    change = float(line["estimate"].iloc[-1] - line["estimate"].iloc[0])
    moved = f"{'falls' if change < 0 else 'rises'} by {number(abs(change), 1)} points over the range drawn"
    if isclose(change, item.estimate * steps, rel_tol=1e-6, abs_tol=1e-9):
        slope = f"{number(item.estimate, 2)} ({number(item.conf_low, 2)} to {number(item.conf_high, 2)})"
        return (
            f"The line {moved}: {slope} points per {factor.words}. The band closes at the mean; it leaves out a level "
            "line where the interval leaves out zero."
        )
    # With an interaction or a curve the coefficient is not the slope of what is drawn.
    return (
        f"The line, averaged over the other predictors, {moved}. The band closes at the mean. Slopes in numbers are "
        "those of the coefficient, where what it interacts with is zero."
    )
