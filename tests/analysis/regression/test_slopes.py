"""Random slopes and interactions that the data ask of the default model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.outcomes.covariates import FACTORS
from analysis.outcomes.default_model import DefaultModel, default_model
from analysis.questions.regression import slopes
from analysis.questions.regression.run import Request, fit_factors
from analysis.questions.regression.slopes import Candidate, candidates, choose_slopes

FACTOR = [FACTORS["typology"]]


def rows(slope_sd: float, cell_sd: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Gains of 20 languages, 6 tasks and 5 models, two of each cell; slopes over distance vary between models."""
    rng = np.random.default_rng(seed)
    language, task, model, again = (part.ravel() for part in np.indices((20, 6, 5, 2)))
    distance = rng.uniform(0.2, 0.8, 20)
    gain = rng.normal(0, 1, 20)[language] + rng.normal(0, 1, 6)[task] + rng.normal(0, 1, 5)[model]
    gain += rng.normal(0, slope_sd, 5)[model] * (distance - 0.5)[language]
    gain += rng.normal(0, cell_sd, (20, 5))[language, model] + rng.normal(0, 1, len(language))
    return pd.DataFrame(
        {
            "gain": gain,
            "typology": distance[language],
            "language": [f"l{i:02d}" for i in language],
            "target_task": [f"t{i}" for i in task],
            "model": [f"m{i}" for i in model],
            "intermediate_task": "mnli",
            "study": "s",
            "baseline": [f"b{i}" for i in range(len(again))],
        }
    )


def choose(frame: pd.DataFrame, policy: str = "auto") -> Any:
    model = default_model(frame, "gain", ["typology"])
    return choose_slopes(model, frame, FACTOR, policy, lambda formula: fit_mixed(formula, frame, df="normal"))


def test_candidates_are_slopes_within_groups_and_cells_that_repeat() -> None:
    frame = rows(0.0)
    found = candidates(default_model(frame, "gain", ["typology"]), frame, FACTOR)
    assert found == (
        Candidate("target_task", "typology"),
        Candidate("model", "typology"),
        Candidate("language:model"),
    )  # fmt: skip
    # Size is one number per model: it varies within tasks and languages.
    sized = frame.assign(log_params=frame["model"].str[1:].astype(float))
    by_size = candidates(default_model(sized, "gain", ["log_params"]), sized, [FACTORS["size"]])
    assert [item.group for item in by_size if item.predictor] == ["language", "target_task"]


def test_a_slope_that_differs_between_models_is_kept_and_one_that_does_not_is_dropped() -> None:
    varied = choose(rows(12.0))
    assert "(1 + typology|model)" in varied.model.formula
    assert {item.group for item in varied.kept} >= {"model"}
    assert "kept slope of typology by model (p < 0.001)" in varied.line()
    even = choose(rows(0.0, seed=1))
    assert not even.kept
    assert even.model.formula == default_model(rows(0.0, seed=1), "gain", ["typology"]).formula
    assert even.line().startswith("tried by likelihood ratio, kept below p = 0.50: dropped")


def test_a_cell_that_repeats_is_kept() -> None:
    found = choose(rows(0.0, cell_sd=1.5))
    assert "(1|language:model)" in found.model.formula


def test_cells_wait_on_large_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows(12.0, cell_sd=1.5)
    monkeypatch.setattr(slopes, "CELLS_UP_TO", len(frame) - 1)
    found = choose(frame)
    assert not [item for item in found.tried if not item.predictor]
    assert "(1 + typology|model)" in found.model.formula
    assert "(--slopes all adds them)" in found.line()
    assert [item for item in choose(frame, "all").tried if not item.predictor]


def test_policies() -> None:
    frame = rows(12.0)
    assert choose(frame, "none").model.formula == default_model(frame, "gain", ["typology"]).formula
    everything = choose(frame, "all")
    assert all(term in everything.model.formula for term in ("typology|model)", "typology|target_task)"))
    assert everything.line().startswith("added to the default model, as asked")
    with pytest.raises(CrossliftError, match="'most'.*auto"):
        choose(frame, "most")


def test_likelihood_ratio_of_a_variance_halves_on_its_boundary() -> None:
    model = DefaultModel("gain", ("typology",), (), ("language", "model"))
    # Half of one, half of two degrees of freedom (Stram & Lee 1994, case of one slope beside an intercept).
    assert Candidate("model", "typology").p_value(5.14, model) == pytest.approx(0.05, abs=0.0005)
    assert Candidate("language:model").p_value(2.705543, model) == pytest.approx(0.05, abs=1e-6)
    assert Candidate("language:model").p_value(0.0, model) == 1.0


def test_a_candidate_that_cannot_be_fitted_is_dropped() -> None:
    frame = rows(0.0)

    def fit(formula: str) -> Any:
        if "typology|model" in formula:
            raise CrossliftError("no")
        return fit_mixed(formula, frame, df="normal")

    found = choose_slopes(default_model(frame, "gain", ["typology"]), frame, FACTOR, "auto", fit)
    tried = {item.group: item for item in found.tried}
    assert tried["model"].p_value is None and not tried["model"].kept
    assert "slope of typology by model (no minimum)" in found.line()


def test_the_headline_has_the_slopes_its_own_data_ask_for() -> None:
    """Criteria from an outside audit with lme4: 5413.98, and 30.65 lower with slopes by model."""
    found = fit_factors(Request(robustness="none"))
    assert found.slopes is not None
    kept = {item.group: item for item in found.slopes.kept}
    assert kept["model"].fall == pytest.approx(30.65, abs=0.01)
    assert {"model", "target_task", "language:model"} <= set(kept)
    item = found.answers[0]
    assert item.conf_low < 0 < item.conf_high
    plain = fit_factors(Request(robustness="none", slopes="none"))
    assert plain.result.criterion == pytest.approx(5413.98, abs=0.005)
    assert plain.answers[0].estimate == pytest.approx(-1.63, abs=0.005)


def test_a_formula_is_taken_as_it_is() -> None:
    formula = "gain ~ typology + (1|language) + (1|target_task)"
    assert fit_factors(Request(formula=formula, robustness="none")).result.formula == formula
    with pytest.raises(CrossliftError, match="--slopes all adds to the default model"):
        fit_factors(Request(formula=formula, slopes="all"))
