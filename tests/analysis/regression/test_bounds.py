"""Degrees of freedom of a slope over languages never exceed what languages carry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import DesignError
from analysis.mixed import fit_mixed
from analysis.mixed.reference import moment_degrees
from analysis.outcomes.covariates import FACTORS
from analysis.questions.regression.bounds import bounded

FACTOR = [FACTORS["typology"]]


def rows(language_sd: float, n: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    language, task, _ = (part.ravel() for part in np.indices((n, 5, 8)))
    gain = rng.normal(0, 1.0, len(language)) + rng.normal(0, 1, 5)[task] + rng.normal(0, language_sd, n)[language]
    if not language_sd:  # the languages' means equal: no variance between them is left to find
        gain -= pd.Series(gain).groupby(language).transform("mean").to_numpy()
    frame = pd.DataFrame({"gain": gain, "language": language.astype(str), "target_task": task.astype(str)})
    return frame.assign(typology=rng.uniform(0, 1, n)[language])


def test_where_the_variance_is_zero_the_bound_holds() -> None:
    frame = rows(0.0)
    found = fit_mixed("gain ~ typology + (1|language) + (1|target_task)", frame)
    free = found.fixed.set_index("term").loc["typology", "df"]
    assert free > 400  # rows
    held = bounded(found, frame, FACTOR)
    assert held.fixed.set_index("term").loc["typology", "df"] == 10.0  # 12 languages, intercept and slope
    assert held.fixed.set_index("term").loc["Intercept", "df"] == found.fixed["df"][0]
    assert held.df_method == "satterthwaite"
    both = held.test(np.array([[0.0, 1.0]]))
    assert both["den_df"][0] == 10.0


def test_where_satterthwaite_is_below_the_bound_nothing_changes() -> None:
    frame = rows(3.0)
    found = fit_mixed("gain ~ typology + (1|language) + (1|target_task)", frame)
    pd.testing.assert_frame_equal(bounded(found, frame, FACTOR).fixed, found.fixed)


def test_a_predictor_that_varies_within_languages_has_no_bound() -> None:
    frame = rows(0.0)
    frame["typology"] = np.random.default_rng(0).normal(size=len(frame))
    found = fit_mixed("gain ~ typology + (1|language) + (1|target_task)", frame)
    assert bounded(found, frame, FACTOR) is found


def test_the_normal_distribution_stays() -> None:
    frame = rows(0.0)
    found = fit_mixed("gain ~ typology + (1|language)", frame, df="normal")
    assert bounded(found, frame, FACTOR) is found


def test_degrees_of_freedom_are_at_least_one() -> None:
    tiny = moment_degrees(np.array([1e-9]), np.array([[1.0]]), np.array([[1.0]]))
    assert list(tiny) == [1.0]


@pytest.mark.parametrize(
    "formula",
    ["gain ~ target_task + (1|target_task)", "gain ~ typology + language + (1|language)",
     "gain ~ language:target_task + (1|language:target_task)"],
)  # fmt: skip
def test_a_factor_that_is_both_fixed_and_random_is_refused(formula: str) -> None:
    with pytest.raises(DesignError, match="both a fixed effect and a grouping factor|not independent"):
        fit_mixed(formula, rows(1.0))
    # A number with a line over it and an intercept per value is another model.
    numbers = rows(1.0).assign(step=lambda frame: frame["target_task"].astype(int))
    assert fit_mixed("gain ~ step + (1|step)", numbers).converged
