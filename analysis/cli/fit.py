"""Regress gains, gaps or scores on typological distance, model size or corpus size.

The default model has crossed random effects for languages, target tasks, models, intermediate tasks and studies, for
cells that repeat, and for scores that several differences share; tests use Satterthwaite degrees of freedom. Without
--data it uses the bundled results. Columns for formulas and --where: typology (0 to 1), log_params (base 2, zero at 1
billion parameters), log_corpus (base 2), language_family, observed_share, and the fields of the record.
"""

from __future__ import annotations

import argparse
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..core.options import DF_METHODS
from ..core.text import count, number
from ..outcomes.covariates import CORPORA, FACTORS
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
from .selection import add_files, add_outcome, add_rows, check_figure, read_options
from .validate import parse_map

if TYPE_CHECKING:
    from ..questions.regression.run import FactorFit

SUMMARY = "what gains, gaps or scores depend on"
EXAMPLES = """examples:
  analyze fit --factor typology
  analyze fit --factor typology --factor size --plot effect.png --json effect.json
  analyze fit --factor typology --outcome gap --measure featural
  analyze fit --factor typology --where "intermediate_language == 'eng'"
  analyze fit --factor typology --data scores.csv --map lang=language
  analyze fit --factor typology --formula 'gain ~ typology*log_params + (1|language) + (1|target_task) + (1|model)'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze fit``."""
    what = parser.add_argument_group("what is asked")
    what.add_argument("--factor", action="append", metavar="FACTOR", help=f"{', '.join(FACTORS)}; may be repeated")
    what.add_argument("--formula", metavar="FORMULA", help="an lme4 formula in place of the default model")
    add_outcome(what)
    rows = parser.add_argument_group("which rows")
    add_rows(rows)
    how = parser.add_argument_group("how")
    how.add_argument("--ml", action="store_true", help="maximum likelihood instead of REML")
    how.add_argument(
        "--df", default="satterthwaite", metavar="METHOD", help=f"{' or '.join(DF_METHODS)} (default: satterthwaite)"
    )
    how.add_argument(
        "--kernel",
        metavar="KERNEL[:SCALE]",
        help="beside the fit with independent languages, one with related ones: genealogy, geography, a measure such "
        "as genetic:0.3, or several joined by +",
    )
    how.add_argument(
        "--within",
        metavar="GROUP",
        help="split the factors into slopes within and between groups, such as model or language, and report signs "
        "that flip",
    )
    how.add_argument(
        "--bootstrap", type=int, metavar="DRAWS", help="parametric-bootstrap interval of each slope beside that of t"
    )
    how.add_argument(
        "--permute", type=int, metavar="DRAWS", help="permutation test: shuffle each factor between whole languages"
    )
    how.add_argument(
        "--leave-out",
        metavar="GROUP",
        help="slopes without each level in turn: language, language_family, study, model or another column",
    )
    how.add_argument("--seed", type=int, default=1, help="of --bootstrap and --permute (default: 1)")
    how.add_argument("--engine", default="crosslift", metavar="ENGINE", help="crosslift, statsmodels or mixedlm")
    files = parser.add_argument_group("files")
    add_files(files, "the fixed effects", "the marginal effect of the first factor")
    files.add_argument("--rows", metavar="FILE", help="write the rows that entered the model as CSV")


def run(options: argparse.Namespace) -> int:
    """Fit and print."""
    from ..questions.regression.run import Request, fit_factors

    if not options.factor and not options.formula:
        from ..core.errors import CrossliftError

        raise CrossliftError("what should the outcome be regressed on?", "Give --factor typology, or a --formula.")
    if options.plot:
        _check_plot(options)
    request = Request(
        factors=tuple(dict.fromkeys(options.factor or ())),
        data=tuple(options.data),
        mapping=parse_map(options.map),
        options=read_options(options),
        formula=options.formula,
        reml=not options.ml,
        df=options.df,
        engine=options.engine,
        kernel=options.kernel,
        within=options.within,
        bootstrap=options.bootstrap,
        permute=options.permute,
        leave_out=options.leave_out,
        seed=options.seed,
    )
    out = console()
    with progress("reading") as say:
        found = fit_factors(request, say)
    if options.json != "-":
        print_fit(found, out)
    if options.csv:
        write_csv(options.csv, found.result.fixed)
    if options.rows:
        write_csv(options.rows, found.outcome.frame.loc[found.result.design.kept])
    write_figure(options.plot, lambda path: draw(found, path), out, options.json)
    if options.json:
        write_json(options.json, found.to_json(), out)
    return 0


def print_fit(found: FactorFit, out: Any) -> None:
    """The whole printed answer."""
    _print_input(found, out)
    if found.coverage:
        heading(out, "Typology")
        for line in found.coverage.lines():
            out.print(f"  {line}")
    summary = found.result.summary()
    heading(out, "Model")
    out.print(f"  {found.result.formula}\n")
    out.print(summary.fixed_table().text() + "\n")
    out.print(summary.variance_table().text() + "\n")
    for line in summary.lines():
        out.print(f"  {line}")
    if found.answers:
        heading(out, "Answer")
        for item in found.answers:
            out.print(f"  {item.sentence}", style="bold")
        for pooled in found.naives:
            out.print(f"  {pooled.sentence}")
        _print_sensitivity(found, out)
    if found.checks.sentences:
        heading(out, "What it withstands")
        for line in found.checks.sentences:
            out.print(f"  {line}")
    if found.within:
        group = found.within.group.replace("_", " ")
        heading(out, f"Within and between: {group}")
        for line in found.within.lines():
            out.print(f"  {line}")
    if found.related:
        heading(out, "Related languages")
        for line in found.related.lines():
            out.print(f"  {line}")
    print_remarks(out, found.notices, found.warnings)


def _print_input(found: FactorFit, out: Any) -> None:
    print_input(out, found.sources, found.outcome.dropped)
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
    out.print(f"\n  {' · '.join(facts)}")


def _print_sensitivity(found: FactorFit, out: Any) -> None:
    if found.sensitivity is None:
        return
    item = found.sensitivity.answer
    if item is None:
        out.print(f"  With log corpus size beside it: not computed; {found.sensitivity.reason}")
        return
    out.print(f"  {sensitivity_sentence(found)}")


def sensitivity_sentence(found: FactorFit) -> str:
    """The slope beside corpus size, and what it means for the one without."""
    assert found.sensitivity is not None
    item = found.sensitivity.answer
    assert item is not None
    alone = next(a for a in found.answers if a.factor == "typology")
    sentence = (
        f"With log corpus size in the model ({item.levels} languages): {number(item.estimate, 2)} points per "
        f"{FACTORS['typology'].words} (95% interval {number(item.conf_low, 2)} to {number(item.conf_high, 2)})."
    )
    if not (alone.conf_low <= 0.0 <= alone.conf_high) and item.conf_low <= 0.0 <= item.conf_high:
        sentence += " These languages do not tell distance from the size of their corpora."
    return sentence


def draw(found: FactorFit, path: str) -> None:
    """The marginal effect of the first factor."""
    from ..plots.marginal import marginal_effect, plot_marginal
    from ..plots.style import figure, save

    factor = FACTORS[found.answers[0].factor]
    data = marginal_effect(found.result, factor, found.outcome.frame.reset_index(drop=True))
    with figure() as (made, ax):
        plot_marginal(data, ax, x_label(found, factor.name), y_label(found), caption=caption(found))
        save(made, path)


def x_label(found: FactorFit, factor: str) -> str:
    """The axis of a factor, with its unit."""
    from ..languages.codes import resolve

    options = found.request.options
    if factor == "typology" and found.coverage:
        covered, source = found.coverage, resolve(options.source).name
        return f"{covered.measure} distance from {source} (URIEL, {covered.recipe}; 0 to 1)"
    if factor == "size":
        return "model size (log₂ of billion parameters)"
    unit = CORPORA[options.corpus].unit if options.corpus in CORPORA else "each model's own corpus"
    return f"pretraining corpus of the language (log₂ of {unit})"


def y_label(found: FactorFit) -> str:
    """The axis of the outcome, with its unit."""
    from ..languages.codes import resolve

    source = resolve(found.request.options.source).name
    words = {"gain": "gain", "gap": f"gap to {source}", "score": "score"}
    return f"{words[found.request.options.outcome]} (points)"


def caption(found: FactorFit) -> str:
    """What the figure rests on: rows, levels, method and degrees of freedom."""
    from ..mixed.summary import DF_WORDS

    result, item = found.result, found.answers[0]
    level = FACTORS[item.factor].level
    method = f"{'REML' if result.reml else 'ML'}, {DF_WORDS.get(result.df_method, result.df_method)}"
    if result.df_method != "normal":
        method += f", {number(item.df, 1)} degrees of freedom"
    rows = f"{count(result.n_obs)} {found.request.options.outcome}s, {item.levels} {level}s; {method}"
    return "\n".join(wrap(f"{rows}. {item.sentence.split(' (')[0]}.", 110))


def _check_plot(options: argparse.Namespace) -> None:
    from ..core.errors import CrossliftError

    if not options.factor:
        raise CrossliftError("--plot draws the effect of a factor.", "Give --factor beside --formula.")
    check_figure(options.plot)
