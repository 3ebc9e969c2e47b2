"""Agreement with lme4, lmerTest and pbkrtest on every pinned set."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.mixed import fit_mixed
from tests.analysis.mixed.lme4_names import our_column, our_group, our_levels, our_order
from tests.conftest import ROOT

# lme4 was run to 1e-12 on the criterion; what is left is the optimiser's own last step.
CRITERION = 1e-6
# Near its minimum the criterion is flat: 1e-10 in the criterion is 1e-5 of a standard error, and a decade to spare.
ESTIMATE = 1e-4
# lmerTest differentiates numerically (Richardson), which costs digits that exact derivatives keep.
DEGREES = 1e-3
# pbkrtest's formulas are exact like ours; what differs is where the two searches stopped.
KENWARD_ROGER = 1e-5
# Conditional modes follow the variance parameters, relative to the spread of the modes.
MODE = 1e-4

MODELS = json.loads((ROOT / "validation/lme4/reference.json").read_text(encoding="utf-8"))["models"]
IDS = [f"{model['name']}-{'REML' if model['reml'] else 'ML'}" for model in MODELS]


def test_the_grid_has_not_shrunk() -> None:
    assert len(MODELS) == 24
    assert {model["data"] for model in MODELS} == {
        "sleepstudy", "penicillin", "cake", "dyestuff", "dyestuff2", "pastes", "synth1k", "synth5k",
    }  # fmt: skip
    assert sum("satterthwaite" in model for model in MODELS) == 12
    assert sum("kenward_roger" in model for model in MODELS) == 7


def _fit(model, lme4_data):
    return fit_mixed(model["formula"], lme4_data[model["data"]], reml=model["reml"], weights=model.get("weights"))


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_criterion_and_estimates(model, lme4_data) -> None:
    result = _fit(model, lme4_data)
    ours = our_order(result.names, model["terms"])
    assert result.converged
    assert result.n_obs == model["n"]
    assert result.criterion == pytest.approx(model["criterion"], abs=CRITERION)
    assert result.log_likelihood == pytest.approx(model["log_likelihood"], abs=CRITERION)
    assert result.singular == model["singular"]
    np.testing.assert_allclose(result.coefficients[ours], np.atleast_1d(model["estimate"]), rtol=ESTIMATE)
    std_error = np.sqrt(np.diag(result.covariance))
    np.testing.assert_allclose(std_error[ours], np.atleast_1d(model["std_error"]), rtol=ESTIMATE)


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_variance_components(model, lme4_data) -> None:
    result = _fit(model, lme4_data)
    ours = {(c.group, c.term): c.variance for c in result.components}
    for row in model["variance"]:
        if row.get("var2"):
            continue
        value = ours[our_group(row["grp"], {name for name, _ in ours}), our_column(row["var1"])]
        assert value == pytest.approx(row["vcov"], rel=10 * ESTIMATE, abs=1e-8)


@pytest.mark.parametrize("model", [m for m in MODELS if "satterthwaite" in m], ids=lambda m: m["name"])
def test_satterthwaite_degrees_of_freedom(model, lme4_data) -> None:
    result = _fit(model, lme4_data)
    ours = our_order(result.names, model["terms"])
    fixed = result.fixed.iloc[ours]
    np.testing.assert_allclose(fixed["df"], np.atleast_1d(model["satterthwaite"]), rtol=DEGREES)
    np.testing.assert_allclose(fixed["p_value"], np.atleast_1d(model["p_value"]), rtol=20 * DEGREES)


@pytest.mark.parametrize("model", [m for m in MODELS if "kenward_roger" in m], ids=lambda m: m["name"])
def test_kenward_roger(model, lme4_data) -> None:
    result = fit_mixed(model["formula"], lme4_data[model["data"]], df="kenward-roger")
    fixed = result.fixed.iloc[our_order(result.names, model["terms"])]
    np.testing.assert_allclose(fixed["df"], np.atleast_1d(model["kenward_roger"]["df"]), rtol=KENWARD_ROGER)
    np.testing.assert_allclose(fixed["std_error"], np.atleast_1d(model["kenward_roger"]["std_error"]), rtol=ESTIMATE)


@pytest.mark.parametrize("model", [m for m in MODELS if "modes" in m], ids=lambda m: m["name"])
def test_conditional_modes(model, lme4_data) -> None:
    result = _fit(model, lme4_data)
    modes = result.random_effects()
    for name, expected in model["modes"].items():
        group = our_group(name, set(modes["group"]))
        values = np.asarray(expected["value"], dtype=float).reshape(len(expected["level"]), -1)
        for j, term in enumerate(np.atleast_1d(expected["term"])):
            own = modes[(modes["group"] == group) & (modes["term"] == our_column(term))]
            by_level = own.set_index("level")["value"]
            levels = our_levels(expected["level"], by_level.index)
            scale = max(np.abs(values[:, j]).max(), 1e-6)
            np.testing.assert_allclose(by_level.loc[levels], values[:, j], atol=MODE * scale)
