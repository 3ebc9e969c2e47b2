"""Printed output and figure of a regression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from math import isfinite, isnan
from textwrap import wrap
from typing import TYPE_CHECKING

from ..core.text import Table, count, number, p_value, p_words
from ..languages.feature_sources import SOURCES
from ..outcomes.factors import CORPORA
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

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
    print_input(out, found.sources, found.outcome.dropped, _facts(found))
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
    lines += [f"too few languages for a verdict by {row.words}: {row.languages}"
              for row in found.others if row.computed and not row.enough]  # fmt: skip
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
    """The marginal effect of the first factor, and under it what its slope depends on."""
    from ..plots.marginal import marginal_effect, plot_marginal
    from ..plots.robustness import ROW, plot_robustness
    from ..plots.style import figure, with_strip

    factor = found.factors[0]
    data = marginal_effect(found.result, factor, found.outcome.frame.reset_index(drop=True))
    labels = (x_label(found, factor.name), y_label(found))
    if not found.robustness:
        with figure() as (made, ax):
            plot_marginal(data, ax, *labels, caption=caption(found))
        return made
    strip = found.robustness[0]
    rows = sum(row.computed for row in strip.rows)
    with with_strip(4.4, 0.8 + ROW * rows) as (made, above, below):
        plot_robustness(strip.rows, below, f"points per {factor.words}")
        plot_marginal(data, above, *labels, caption=caption(found))
    return made


def x_label(found: FactorFit, factor: str) -> str:
    """The axis of a factor, with its unit."""
    from ..outcomes.sources import source_words

    options = found.request.options
    if factor == "typology" and found.coverage:
        covered, source = found.coverage, source_words(found.outcome.frame, options.source)
        title = SOURCES[covered.source_data].short
        return f"{covered.measure} distance from {source} ({title}, {covered.recipe}; 0 to 1)"
    if factor == "size":
        return "model size (log₂ of billion parameters)"
    if factor != "corpus":
        return found.factor(factor).over
    unit = CORPORA[options.corpus].unit if options.corpus in CORPORA else "each model's own corpus"
    return f"pretraining corpus of the language (log₂ of {unit})"


def y_label(found: FactorFit) -> str:
    """The axis of the outcome, with its unit."""
    from ..outcomes.sources import source_words

    source = source_words(found.outcome.frame, found.request.options.source)
    words = {"gain": "gain", "gap": f"gap to {source}", "score": "score"}
    return f"{words[found.request.options.outcome]} (points)"


def caption(found: FactorFit) -> str:
    """Basis of the figure: rows, levels, method and degrees of freedom."""
    from ..mixed.summary import DF_WORDS

    result, item = found.result, found.answers[0]
    level = found.factors[0].level_words
    method = f"{'REML' if result.reml else 'ML'}, {DF_WORDS.get(result.df_method, result.df_method)}"
    if result.df_method != "normal":
        method += f", {number(item.df, 1)} degrees of freedom"
    rows = f"{count(result.n_obs)} {found.request.options.outcome}s, {item.levels} {level}s; {method}"
    return "\n".join(wrap(f"{rows}. {item.sentence.split(' (')[0]}.", 98))
