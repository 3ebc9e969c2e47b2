"""Methods, diagnostics and tables around a fit, in words: every fact is read from the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .. import __version__
from ..core.text import Table, count, number
from ..mixed import MixedResult
from ..outcomes.covariates import Factor
from ..outcomes.sources import source_words
from ..questions.regression.coverage import Coverage
from .numbers import Value

if TYPE_CHECKING:
    from ..outcomes.build import Outcome
    from ..questions.regression.run import FactorFit

_DF = {
    "satterthwaite": "Satterthwaite's degrees of freedom",
    "kenward-roger": "Kenward and Roger's degrees of freedom and standard errors",
    "normal": "the normal distribution",
}
_REFERENCES = {"satterthwaite": "satterthwaite1946", "kenward-roger": "kenward1997"}
_PLURAL = {"language": "languages", "target_task": "target tasks", "model": "models", "study": "studies",
           "intermediate_task": "intermediate tasks"}  # fmt: skip


def model_method(result: MixedResult, rows: str) -> str:
    """How a model was fitted, ready to paste: ``rows`` says what its rows are, such as ``"gains in points"``."""
    counts = [f"{count(n)} {_PLURAL[name]}" for name, n in result.groups.items() if name in _PLURAL]
    criterion = "restricted maximum likelihood" if result.reml else "maximum likelihood"
    return (
        f"We fitted {count(result.n_obs)} {rows} ({', '.join(counts)}) with the linear mixed model "
        f"`{result.formula}` by {criterion} (crosslift {__version__}); fixed effects are tested with t tests and "
        f"{_DF[result.df_method]}."
    )


def model_references(result: MixedResult) -> list[str]:
    """Keys of the methods that a fit used."""
    return ["bates2015", *([_REFERENCES[result.df_method]] if result.df_method in _REFERENCES else [])]


def distance_method(outcome: Outcome) -> str:
    """The source of the rows' distances."""
    options = outcome.options
    recipe = str(outcome.frame["typology_recipe"].iloc[0])
    title = options.kind.source.title
    return f"Typological distance is computed from the features of {title} ({recipe}); it runs from 0 to 1." + (
        "" if options.source == "eng" else f" The source language is {options.source}."
    )


def pairing_method(outcome: Outcome) -> str:
    """What a row is, and how many were left out."""
    source = source_words(outcome.frame, outcome.options.source)
    what = {
        "gain": "A gain is the score with the intermediate stage minus the score without it, in the same study, model, "
        "target task, metric, split, condition, language and seed.",
        "gap": f"A gap is the score in {source} minus the score in the language, within one run.",
        "score": "Scores are in points, larger is better.",
    }[outcome.options.outcome]
    gone = sum(rows for _, rows in outcome.dropped)
    used = f"Of {count(outcome.read)} rows read, {count(gone)} were left out or used up by pairing"
    return f"{what} {used}, each for a counted reason."


def dropped_table(dropped: Sequence[tuple[str, int]], title: str = "Left out or used up by pairing") -> Table:
    """Reasons and rows."""
    return Table(("rows", "reason"), tuple((count(rows), reason) for reason, rows in dropped), title)


def fit_diagnostics(result: MixedResult, words: str) -> list[str]:
    """Diagnostics of a fit in plain language; ``words`` names it."""
    lines = []
    if not result.converged:
        lines.append(f"{words}: the search did not converge; do not interpret its estimates.")
    zero = [f"{c.term} by {c.group.replace('_', ' ')}" for c in result.components if c.variance == 0.0]
    if zero:
        lines.append(
            f"{words}: the fit is singular. The data show no variance of {_and(zero)} beyond the other terms, so the "
            "model treats those levels as identical; their intervals are the narrowest that the data allow."
        )
    elif result.singular:
        lines.append(f"{words}: the fit is singular: a random slope and its intercept are estimated as one.")
    if result.converged and not result.singular:
        lines.append(f"{words}: the fit converged, and no variance is estimated as zero.")
    lines += [f"{words}: {line}" for line in result.warnings if "singular" not in line]
    return lines


def coverage_diagnostics(found: Coverage) -> list[str]:
    """What the distances rest on, a sentence each."""
    return [f"Distances: {line[0].lower()}{line[1:]}." for line in (text.strip().rstrip(".") for text in found.lines())]


def factor_diagnostics(found: FactorFit, words: str) -> list[str]:
    """Everything that ``analyze fit`` would say about the reliability of its answer."""
    lines = fit_diagnostics(found.result, words)
    lines += [f"{words}: {line}" for line in found.warnings if line not in found.result.warnings]
    lines += [f"{words}: {line}" for line in found.checks.sentences]
    lines += [f"{words}: {line}" for line in found.notices if "--" not in line]
    if found.coverage:
        lines += coverage_diagnostics(found.coverage)
    return lines


def language_by_task(result: MixedResult) -> str:
    """Whether a language differs from what its distance predicts on all tasks, or on one and not on another."""
    own = {c.group: c.variance for c in result.components if c.term == "Intercept"}
    both = next((own[name] for name in ("language:target_task", "target_task:language") if name in own), None)
    if both is None or "language" not in own or not own["language"] + both > 0.0:
        return "Means of the cells; how much languages differ beyond their distance is not estimated apart from tasks."
    share = f"{100.0 * both / (own['language'] + both):.0f}%"
    return f"Of what a language differs from its distance's prediction, {share} of the variance is on single tasks."


def influence_line(result: MixedResult, factor: Factor, by: str, words: str) -> str:
    """The level whose absence moves a slope most."""
    table = result.influence(by)
    own = table[(table["term"] == factor.column) & table["estimate"].notna()]
    if own.empty:
        return f"{words}: the slope cannot be estimated without any {by}."
    row = own.iloc[int(own["dfbetas"].abs().to_numpy().argmax())]
    slopes = factor.step * own["estimate"]
    return (
        f"{words}: without one {by} at a time the slope runs from {number(float(slopes.min()), 2)} to "
        f"{number(float(slopes.max()), 2)} points per {factor.words}; {row['level']} moves it most."
    )


def value_table(
    rows: Mapping[str, tuple[Value, str]], unit: str, title: str = "", notes: tuple[str, ...] = ()
) -> Table:
    """Estimates with intervals, one per row; the second of each pair says what it rests on."""
    body = tuple(
        (name, value.part("estimate"), value.part("low"), value.part("high"),
         "–" if value.df is None else value.part("df"), basis)
        for name, (value, basis) in rows.items()
    )  # fmt: skip
    return Table(("", unit, "95% low", "95% high", "df", "rests on"), body, title, notes)


def _and(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
