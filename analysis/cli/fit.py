"""Regress gains, gaps or scores on typological distance, model size or corpus size.

The default model has crossed random effects for languages, target tasks, models, intermediate tasks and studies, for
repeated cells, and for scores that several differences share; tests use Satterthwaite degrees of freedom. Without
--data it uses the bundled results. Factors are typology, size, corpus and any column of numbers, of the rows or of a
table of values by language (--distances, whose columns are the factors where none is named). Columns for formulas and
--where: typology (0 to 1), log_params (base 2, zero at 1 billion parameters), log_corpus (base 2), language_family,
observed_share, and the fields of the record.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.options import DF_METHODS
from ..core.output import OutputFile
from ..outcomes.factors import FACTORS
from ..present.deliver import deliver
from ..present.regression import draw, print_fit
from ..present.terminal import progress
from .selection import add_files, add_outcome, add_rows, read_look, read_options
from .validate import parse_map

if TYPE_CHECKING:
    pass

SUMMARY = "what gains, gaps or scores depend on"
EXAMPLES = """examples:
  analyze fit --factor typology
  analyze fit --factor typology --factor size --plot effect.png --json effect.json
  analyze fit --factor typology --outcome gap --measure featural
  analyze fit --factor typology --source grambank
  analyze fit --factor typology --outcome gap --slopes none --sources all
  analyze fit --factor typology --where "intermediate_language == 'eng'"
  analyze fit --factor typology --data scores.csv --map lang=language
  analyze fit --factor typology --outcome score --data devries2022_xpos
  analyze fit --distances distances.csv
  analyze fit --factor fertility --factor typology --data scores.csv
  analyze fit --factor typology --formula 'gain ~ typology*log_params + (1|language) + (1|target_task) + (1|model)'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze fit``."""
    what = parser.add_argument_group("question")
    what.add_argument(
        "--factor",
        action="append",
        metavar="FACTOR",
        help=f"{', '.join(FACTORS)}, or any column of numbers, of the rows or of --distances; may be repeated",
    )
    what.add_argument("--formula", metavar="FORMULA", help="an lme4 formula in place of the default model")
    add_outcome(what)
    rows = parser.add_argument_group("rows")
    add_rows(rows)
    how = parser.add_argument_group("method")
    how.add_argument("--ml", action="store_true", help="maximum likelihood instead of REML")
    how.add_argument(
        "--df", default="satterthwaite", metavar="METHOD", help=f"{' or '.join(DF_METHODS)} (default: satterthwaite)"
    )
    how.add_argument(
        "--kernel",
        metavar="KERNEL[:SCALE]",
        help="also fit with related languages (phylogenetic kernel): genealogy, geography, a measure such as "
        "genetic:0.3, grambank, urielplus, or several joined by +",
    )
    how.add_argument(
        "--within",
        metavar="GROUP",
        help="split the factors into slopes within and between groups, such as model or language, and report signs "
        "that change",
    )
    how.add_argument("--bootstrap", type=int, metavar="DRAWS", help="parametric-bootstrap interval of each slope")
    how.add_argument(
        "--permute", type=int, metavar="DRAWS", help="permutation test: shuffle each factor between whole languages"
    )
    how.add_argument(
        "--leave-out",
        metavar="GROUP",
        help="slopes without each level in turn: language, language_family, study, model or another column",
    )
    how.add_argument(
        "--slopes",
        default="auto",
        metavar="POLICY",
        help="slopes of the factor by models, tasks and so on, and interactions that repeat: auto (those that the data "
        "ask for), none or all",
    )
    how.add_argument(
        "--robustness",
        default="auto",
        metavar="POLICY",
        help="slopes under other models beside the answer: auto (without what takes many refits of a large table), "
        "none or all",
    )
    how.add_argument(
        "--sources",
        default="auto",
        metavar="POLICY",
        help="slopes under other sources of distance beside the answer: auto (one slope for all groups above 5,000 "
        "rows, none above 20,000), none or all",
    )
    how.add_argument(
        "--dispersion",
        metavar="COVARIATES",
        help="what the residual standard deviation follows, such as log_params or study",
    )
    how.add_argument("--seed", type=int, default=1, help="random seed of --bootstrap and --permute (default: 1)")
    how.add_argument("--engine", default="crosslift", metavar="ENGINE", help="crosslift, statsmodels, mixedlm or glmm")
    files = parser.add_argument_group("files")
    add_files(files, "the fixed effects", "the marginal effect of each factor")
    files.add_argument("--rows", metavar="FILE", type=OutputFile, help="write the rows that entered the model as CSV")


def run(options: argparse.Namespace) -> int:
    """Fit and print."""
    from ..questions.regression.run import Request, fit_factors

    if not (options.factor or options.formula or options.distances):
        from ..core.errors import CrossliftError

        raise CrossliftError(
            "what should the outcome be regressed on?", "Give --factor typology, --distances FILE, or a --formula."
        )
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
        slopes=options.slopes,
        robustness=options.robustness,
        dispersion=options.dispersion,
        sources=options.sources,
    )
    with progress("reading") as say:
        found = fit_factors(request, say)
    deliver(
        lambda out: print_fit(found, out),
        found.to_json,
        options.json,
        tables=[
            (options.csv, lambda: found.result.fixed),
            (options.rows, lambda: found.outcome.frame.loc[found.result.design.kept]),
        ],
        figures=[(options.plot, lambda: draw(found))],
        look=read_look(options),
        verbose=options.verbose,
    )
    return 0


def _check_plot(options: argparse.Namespace) -> None:
    from ..core.errors import CrossliftError

    if not (options.factor or options.distances):
        raise CrossliftError("--plot draws the effect of a factor.", "Give --factor together with --formula.")
