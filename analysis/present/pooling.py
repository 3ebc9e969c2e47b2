"""Printed output and figures of a meta-analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number, p_value, p_words
from .terminal import print_answer, print_input, print_remarks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..questions.pooling import Pooled
    from .screen import Screen


#: How many influential effects are printed.
SHOWN = 15
#: Sentences that the answer opens with; others follow its table.
OPENING = 3


def print_pooled(found: Pooled, out: Screen) -> None:
    """Print the answer, the groups, what was asked beside it, and what went in; with ``--verbose`` the whole model."""
    lines = _sentences(found)
    print_answer(out, lines[:OPENING])
    if found.groups is not None:
        _print_groups(found, out)
    for line in lines[OPENING:]:
        out.print(f"  {line}")
    if out.verbose:
        out.heading("Model")
        _print_summary(found.result.summary(), out)
    if found.moderated:
        out.heading("Moderators")
        _print_summary(found.moderated.result.summary(), out)
        if found.moderated.explained == found.moderated.explained:
            share = number(found.moderated.explained, 1)
            out.print(f"  variance between effects: {share}% less than without moderators")
    if found.robust:
        from ..meta.summary import fixed_table

        out.heading(f"Robust to dependence within {found.robust.cluster.replace('_', ' ')}")
        out.print(fixed_table(found.robust.table))
        out.print(f"  CR2 over {found.robust.clusters} clusters, Satterthwaite df; starts from {found.robust.working}")
    if found.bias:
        _print_bias(found, out)
    if found.left_out is not None:
        _print_left_out(found, out)
    if found.influence is not None:
        _print_influence(found, out)
    print_input(out, found.sources, found.dropped, _facts(found))
    print_remarks(out, found.notices, found.warnings)


def _sentences(found: Pooled) -> list[str]:
    """What was asked beside the pooled effect first; of the pooled one the mean, a new language, the heterogeneity."""
    asked = [line for part in (found.moderated, found.robust) if part for line in part.sentences]
    own = list(found.sentences)
    if len(own) > OPENING:
        own = [*own[: OPENING - 1], own[-1], *own[OPENING - 1 : -1]]
    return [*asked, *own]


def _facts(found: Pooled) -> str:
    noun = found.request.options.outcome
    variances = ", ".join(f"{count(rows)} {source}" for source, rows in found.sources_of_variance)
    return f"{count(len(found.rows))} {noun}s with a sampling variance · source: {variances}"


def _print_summary(summary: Any, out: Screen) -> None:
    for line in summary.head.splitlines():
        out.print(f"  {line}")
    out.print()
    for table in summary.tables:
        out.print(table)
        out.print()
    for line in summary.lines:
        out.print(f"  {line}")


def _print_groups(found: Pooled, out: Screen) -> None:
    assert found.groups is not None
    by = found.by
    # Subgroups that nobody asked for are many rows: they wait for --verbose.
    inner = out.verbose or found.request.by is not None
    shown = found.groups if inner else found.groups[found.groups["subgroup"] == ""]
    out.heading(f"By {' and '.join(name.replace('_', ' ') for name in (by if inner else by[:1]))}")
    rows = tuple(
        (
            f"  {row['subgroup']}" if row["subgroup"] else str(row["group"]),
            count(row["k"]),
            number(row["estimate"], 2),
            number(row["adjusted_low"], 2),
            number(row["adjusted_high"], 2),
            number(row["df"], 1),
            p_value(row["p_adjusted"]),
            number(row["pred_low"], 2),
            number(row["pred_high"], 2),
            number(row["weight"], 1),
            row["note"],
        )
        for row in shown.to_dict("records")
    )
    low, high = ("95% low", "95% high") if found.request.adjust == "none" else ("adj. low", "adj. high")
    columns = ("group", "k", "pooled", low, high, "df", "p", "pred. low", "pred. high", "weight %", "note")
    out.print(Table(columns, rows).without_empty())
    out.print(f"  {_adjustment(found)}; each group is pooled from its own rows; pred.: 95% prediction interval")
    if found.difference is not None:
        row = found.difference.iloc[0]
        out.print(f"  difference between groups of {by[0]}: {_joint(row)}")
    elif found.difference_reason:
        out.print(f"  difference between groups of {by[0]}: not tested; {found.difference_reason}")


def _joint(row: Any) -> str:
    if row["den_df"] == float("inf"):
        return f"chi-square {number(row['statistic'], 2)} on {row['num_df']:.0f}, {p_words(row['p_value'])}"
    return (
        f"F {number(row['statistic'], 2)} on {row['num_df']:.0f} and {number(row['den_df'], 1)} degrees of freedom, "
        f"{p_words(row['p_value'])}"
    )


def _adjustment(found: Pooled) -> str:
    if found.request.adjust == "none":
        return "p and intervals: not adjusted"
    name = {"holm": "Holm", "bh": "Benjamini and Hochberg"}[found.request.adjust]
    inner = found.groups is not None and (found.groups["subgroup"] != "").any()
    return (
        f"p and intervals: adjusted over groups{', and over subgroups,' if inner else ''} ({name}), an interval leaves "
        "out zero where p < 0.05"
    )


def _print_bias(found: Pooled, out: Screen) -> None:
    assert found.bias is not None
    out.heading("Small-study effects")
    tests = tuple(
        (row["method"], number(row["estimate"], 2), number(row["statistic"], 2), number(row["df"], 1),
         p_value(row["p_value"]))
        for row in found.bias.tests.to_dict("records")
    )  # fmt: skip
    out.print(Table(("test of asymmetry", "slope or ratio", "statistic", "df", "p"), tests))
    out.print()
    corrected = tuple(
        (
            row["method"],
            number(row["estimate"], 2),
            number(row["conf_low"], 2),
            number(row["conf_high"], 2),
            row["note"],
        )
        for row in found.bias.corrected.to_dict("records")
    )
    out.print(Table(("correction", "corrected", "95% low", "95% high", "how"), corrected))
    for method, reason in found.bias.failed:
        out.print(f"  {method}: not computed; {reason}")


def _print_left_out(found: Pooled, out: Screen) -> None:
    assert found.left_out is not None
    group = str(found.request.leave_out).replace("_", " ")
    out.heading(f"Without each {group}")
    rows = tuple(
        (str(row["left_out"]), count(row["rows"]), number(row["estimate"], 2), number(row["conf_low"], 2),
         number(row["conf_high"], 2), number(row["tau2"], 2), row["reason"])
        for row in found.left_out.sort_values("estimate").to_dict("records")
    )  # fmt: skip
    out.print(Table(("without", "effects", "pooled", "95% low", "95% high", "τ²", "not pooled"), rows))


def _print_influence(found: Pooled, out: Screen) -> None:
    assert found.influence is not None
    out.heading("Influence")
    marked = found.influence[found.influence["influential"]]
    out.print(
        f"  {count(len(marked))} of {count(len(found.influence))} effects are influential (as independent effects)"
    )
    shown = marked.loc[marked["cook"].sort_values(ascending=False).index[:SHOWN]]
    rows = tuple(
        (str(row["label"]), number(row["rstudent"], 2), number(row["dffits"], 2), number(row["cook"], 3),
         number(row["hat"], 3), number(row["tau2"], 2))
        for row in shown.to_dict("records")
    )  # fmt: skip
    if rows:
        columns = ("effect", "student. residual", "DFFITS", "Cook's distance", "hat", "τ² without it")
        out.print()
        out.print(Table(columns, rows))
    if len(marked) > len(shown):
        out.print(f"  the {len(shown)} with the largest Cook's distance; --json has all")


def draw_forest(found: Pooled) -> Figure:
    """The pooled groups and the pooled effect; with a moderator that is a number, the effects against it."""
    from ..plots.bubble import numeric_moderator
    from ..plots.forest import forest_height, forest_rows, plot_forest
    from ..plots.style import rows_figure

    if found.moderated and numeric_moderator(found):
        return draw_bubbles(found)
    data = forest_rows(found)
    with rows_figure(forest_height(data)) as (made, ax):
        plot_forest(data, ax, _axis(found), _caption(found), _favours(found))
    return made


def draw_bubbles(found: Pooled) -> Figure:
    """Effects against the first moderator that is a number."""
    from ..outcomes.axes import AXES
    from ..plots.bubble import bubbles, plot_bubbles
    from ..plots.style import figure

    data = bubbles(found)
    assert found.moderated is not None
    about = [row for row in found.moderated.table.to_dict("records") if data.moderator in str(row["term"])]
    slope = ""
    if len(about) == 1 and about[0]["term"] == data.moderator:  # no interaction, no curve
        (row,) = about
        ends = " to ".join(number(row[name], 2) for name in ("conf_low", "conf_high"))
        slope = f" Slope: {number(row['estimate'], 2)} ({ends}; {p_words(row['p_value'])}) per unit of the x axis."
    sizes = next((axis for axis in AXES.values() if axis.column == data.moderator), None)
    words = f"{sizes.words} ({sizes.printed_unit}, logarithmic)" if sizes else _moderator_words(found, data.moderator)
    rest = len(found.rows) - len(data.points)
    left = f" {count(rest)} effects lack a moderator." if rest else ""
    with figure() as (made, ax):
        plot_bubbles(data, ax, words, _axis(found), f"{_pooled_words(found, len(data.points))}.{slope}{left}", sizes)
    return made


def _moderator_words(found: Pooled, column: str) -> str:
    from ..outcomes.sources import source_words

    if column != "typology":
        return column.replace("_", " ")
    options = found.request.options
    return f"{options.measure} distance from {source_words(found.rows, options.source)} (0 to 1)"


def draw_funnel(found: Pooled) -> Figure:
    """Effects against their standard errors."""
    from ..plots.funnel import funnel_points, plot_funnel
    from ..plots.style import figure

    data = funnel_points(found)
    with figure() as (made, ax):
        plot_funnel(data, ax, _axis(found), caption=_caption(found))
    return made


def _favours(found: Pooled) -> tuple[str, str]:
    """What a value below and above zero speaks for."""
    from ..outcomes.sources import source_words

    options = found.request.options
    if options.outcome == "gain":
        return "the baseline", "the intermediate stage"
    return "the other language", source_words(found.rows, options.source)


def _axis(found: Pooled) -> str:
    from ..outcomes.sources import source_words

    if found.request.options.outcome == "gain":
        return "gain (points)"
    return f"gap to {source_words(found.rows, found.request.options.source)} (points)"


def _caption(found: Pooled) -> str:

    tests = {"knha": "Knapp–Hartung", "satterthwaite": "Satterthwaite", "kenward-roger": "Kenward–Roger"}
    row = found.result.fixed.iloc[0]
    degrees = "normal distribution" if row["df"] == float("inf") else f"{number(row['df'], 1)} degrees of freedom"
    return (
        f"{_pooled_words(found, len(found.rows))}, {degrees} ({tests.get(found.result.test, found.result.test)}); "
        f"I² = {number(found.result.i2, 0)}%"
    )


def _pooled_words(found: Pooled, effects: int) -> str:
    """How many effects were pooled, and how."""
    from ..meta.summary import METHOD_WORDS

    alone = found.result.to_json()["model"] == "independent effects"
    kind = "independent effects" if alone else "crossed random effects"
    return f"{count(effects)} {found.request.options.outcome}s; {kind}, {METHOD_WORDS[found.request.method]}"
