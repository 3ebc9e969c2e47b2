"""Nonlinear mixed fits against lme4 with the parameter given, nlme, and least squares."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from analysis.outcomes.axes import find_axis
from analysis.questions.scaling.forms import FORMS
from analysis.questions.scaling.model import CurveModel
from analysis.questions.scaling.nonlinear_fit import fit_form
from tests.conftest import ROOT

FOLDER = ROOT / "validation/scale"
PINNED = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))
NAMES = [case["name"] for case in PINNED["models"]]
# lme4 stops within about 1e-6 of the deviance on these sets; the interval's limits are roots of it, where it rises by
# some units per unit of the logarithm.
LIKELIHOOD, PARAMETER = 1e-5, 1e-3


def case(name: str) -> tuple[dict, pd.DataFrame, CurveModel]:
    pinned = next(item for item in PINNED["models"] if item["name"] == name)
    frame = pd.read_csv(FOLDER / f"data/{pinned['data']}.csv")
    columns = tuple(column for column in frame.columns if column != "log_params")
    return pinned, frame, CurveModel(pinned["formula"], pinned["outcome"], columns, (), ())


@pytest.fixture(scope="module")
def fits():
    return {name: fit_form(*case(name)[1:], FORMS[case(name)[0]["form"]], find_axis("size")) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_maximum_and_interval_are_those_of_lme4(fits, name: str) -> None:
    pinned, fit = case(name)[0], fits[name]
    assert fit.log_likelihood == pytest.approx(pinned["log_likelihood"], abs=LIKELIHOOD)
    assert fit.aic == pytest.approx(pinned["aic"], abs=2 * LIKELIHOOD)
    assert fit.parameter == pytest.approx(pinned["parameter"], rel=PARAMETER)
    for end in ("conf_low", "conf_high"):
        assert getattr(fit, end) == pytest.approx(pinned[end], rel=PARAMETER)
    assert not fit.open_low and not fit.open_high
    np.testing.assert_allclose(fit.result.coefficients, [pinned["intercept"], pinned["slope"]], rtol=PARAMETER)


@pytest.mark.parametrize("name", NAMES)
def test_the_likelihood_of_a_given_parameter_is_that_of_lme4(name: str) -> None:
    pinned, frame, model = case(name)
    for parameter, expected in zip(*pinned["given"].values(), strict=True):
        found = model.fit(frame, FORMS[pinned["form"]], parameter, find_axis("size"))
        assert found.log_likelihood == pytest.approx(expected, abs=LIKELIHOOD)


def test_nlme_estimates_the_exponent_with_the_rest(fits) -> None:
    pinned, fit = PINNED["nlme"][0], fits["power_intercepts"]
    assert fit.log_likelihood == pytest.approx(pinned["log_likelihood"], abs=LIKELIHOOD)
    assert fit.parameter == pytest.approx(pinned["alpha"], rel=PARAMETER)
    np.testing.assert_allclose(fit.result.coefficients, [pinned["intercept"], pinned["slope"]], rtol=PARAMETER)


def test_a_balanced_design_has_the_exponent_of_least_squares(fits) -> None:
    # Every language at every size: what is between languages says nothing about the curve within them.
    _, frame, _ = case("power_intercepts")
    within = frame["score"] - frame.groupby("language")["score"].transform("mean") + frame["score"].mean()

    def curve(z, a, b, alpha):
        return a + b * FORMS["power"].basis(z, alpha, frame["log_params"].min())

    (_, slope, alpha), _ = curve_fit(curve, frame["log_params"], within, p0=(40.0, 5.0, 0.4), xtol=1e-12)
    assert fits["power_intercepts"].parameter == pytest.approx(alpha, rel=PARAMETER)
    assert fits["power_intercepts"].result.coefficients[1] == pytest.approx(slope, rel=PARAMETER)
