"""The answer of a pooled effect, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.text import count, number, p_words
from ...meta.multilevel import MultilevelMeta
from ...meta.result import MetaResult
from ...outcomes.covariates import FACTORS

if TYPE_CHECKING:
    import pandas as pd

#: I², in percent, from which effects are called heterogeneous.
UNLIKE = 50.0
#: Factors of which a new study would have new levels, in this order.
NEW = {"language": "language", "target_task": "task", "model": "model", "study": "study"}


def pooled_sentences(
    result: MetaResult | MultilevelMeta, outcome: str, rows: pd.DataFrame, source: str
) -> tuple[str, ...]:
    """The pooled effect, its prediction intervals, and the share of variance beyond sampling error."""
    row = result.fixed.iloc[0]
    noun = "gain" if outcome == "gain" else f"gap to {source}"
    degrees = "normal distribution" if np.isinf(row["df"]) else f"{number(row['df'], 1)} degrees of freedom"
    k = len(rows)
    lines = [
        f"The pooled {noun} is {number(row['estimate'], 2)} points (95% interval {number(row['conf_low'], 2)} to "
        f"{number(row['conf_high'], 2)}; {p_words(row['p_value'])}, {degrees}, {count(k)} {outcome}s)."
    ]
    whole = result.predict().iloc[0]
    if isinstance(result, MetaResult):
        if result.method != "FE":
            lines.append(f"The true {noun} of a new case of this kind would lie between {_interval(whole)}.")
    else:
        factors = [name for name in NEW if name in result.mixed.groups]
        for name, line in result.new_levels(groups=factors).set_index("group").iterrows():
            if name == "language":
                lines.append(
                    f"In a new language, averaged over tasks and models like these, it would lie between "
                    f"{_interval(line)}."
                )
        new = _listed([NEW[name] for name in factors])
        lines.append(f"A single true {noun}{f' with a new {new}' if new else ''} would lie between {_interval(whole)}.")
    if result.i2 == result.i2:
        lines.append(
            f"{number(result.i2, 0)}% of the variance of the {count(k)} {outcome}s is more than sampling error (I²)"
            + (": the pooled one is an average over heterogeneous cases." if result.i2 >= UNLIKE else ".")
        )
    return tuple(lines)


def moderator_sentences(result: Any, table: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    """One sentence per coefficient."""
    steps = {factor.column: factor for factor in FACTORS.values()}
    lines = []
    for row in table.to_dict("records"):
        term = str(row["term"])
        if term == "Intercept":
            continue
        factor = steps.get(term)
        step, words = (factor.step, f"per {factor.words}") if factor else (1.0, _words(term))
        size, low, high = (number(step * row[name], 2) for name in ("estimate", "conf_low", "conf_high"))
        basis = f"95% interval {low} to {high}; {p_words(row['p_value'])}"
        if len(table) > 2:
            basis += f", adjusted {p_words(row['p_adjusted'])}"
        if row["conf_low"] <= 0.0 <= row["conf_high"]:
            lines.append(f"The data do not settle whether the {outcome} changes: {size} points {words} ({basis}).")
        else:
            verb = "rises" if row["estimate"] > 0 else "falls"
            lines.append(f"The {outcome} {verb} by {size.lstrip('−')} points {words} ({basis}).")
    return tuple(lines)


def robust_sentences(table: pd.DataFrame, cluster: str, clusters: int, outcome: str) -> tuple[str, ...]:
    """One sentence per coefficient of the cluster-robust tests."""
    steps = {factor.column: factor for factor in FACTORS.values()}
    lines = []
    for row in table.to_dict("records"):
        term = str(row["term"])
        if term == "Intercept" and len(table) > 1:
            continue
        factor = steps.get(term)
        step, words = (factor.step, f" per {factor.words}") if factor else (1.0, f" {_words(term)}")
        if term == "Intercept":
            words = f" (pooled {outcome})"
        size, low, high = (number(step * row[name], 2) for name in ("estimate", "conf_low", "conf_high"))
        lines.append(
            f"Robust to dependence within a {cluster.replace('_', ' ')}: {size} points{words} (95% interval {low} to "
            f"{high}; {p_words(row['p_value'])}, {number(row['df'], 1)} degrees of freedom, {clusters} clusters)."
        )
    return tuple(lines)


def _words(term: str) -> str:
    """``task[xnli]`` is a level against the reference; any other term has its own unit."""
    return f"for {term} compared with the reference level" if "[" in term else f"per unit of {term}"


def _interval(row: Any) -> str:
    return f"{number(row['pred_low'], 2)} and {number(row['pred_high'], 2)} points with 95% probability"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
