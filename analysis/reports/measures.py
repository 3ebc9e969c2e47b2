"""One model under every measure of distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.multiplicity import adjust
from ..core.text import Table, number, p_value
from ..languages.distances import MEASURES
from ..mixed import fit_mixed
from ..outcomes.covariates import FACTORS, add_factors
from ..questions.regression.answer import Answer, answer

if TYPE_CHECKING:
    from ..questions.regression.run import FactorFit

_JOINED = (
    "typology",
    "observed_share",
    "shared_features",
    "typology_flag",
    "features_code",
    "typology_recipe",
    "typology_data",
)


def by_measure(found: FactorFit) -> dict[str, Answer]:
    """The slope of ``found`` over typology under each of ``MEASURES``: the same rows and formula, other distances.

    Rows of languages that a measure does not cover are left out of that fit; the answer says how many remain.
    """
    outcome, own = found.outcome, found.request.options.measure
    bare = outcome.frame.drop(columns=list(_JOINED))
    answers = {}
    for measure in MEASURES:
        if measure == own:
            answers[measure] = found.answers[0]
            continue
        frame = add_factors(bare, outcome.options.source, measure, None, outcome.options.corpus)
        result = fit_mixed(found.result.formula, frame, found.result.reml, df=found.result.df_method)
        answers[measure] = answer(result, FACTORS["typology"], frame)
    return answers


def measure_table(answers: dict[str, dict[str, Answer]]) -> Table:
    """Slopes by outcome and measure; p values adjusted by Holm's procedure over the measures of each outcome."""
    body = []
    for outcome, found in answers.items():
        adjusted = adjust([item.p_value for item in found.values()], "holm")
        body += [
            (outcome, measure, number(item.estimate, 2), number(item.conf_low, 2), number(item.conf_high, 2),
             number(item.df, 1), p_value(item.p_value), p_value(float(p)), str(item.levels))
            for (measure, item), p in zip(found.items(), adjusted, strict=True)
        ]  # fmt: skip
    heads = ("outcome", "measure", "points per 0.1", "95% low", "95% high", "df", "p", "adjusted p", "languages")
    return Table(heads, tuple(body))
