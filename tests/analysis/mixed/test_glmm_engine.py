"""A third engine on the models that it can express: glmm, where it is installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import MixedResult, fit_mixed
from analysis.mixed.external import glmm as glmm_engine
from analysis.mixed.external.glmm import fit_glmm
from analysis.questions.regression.run import Request, fit_factors
from tests.analysis.mixed.test_criterion import make
from tests.analysis.mixed.test_mixedlm_engine import CRITERION, INTERCEPTS, MODELS, OF
from tests.conftest import skip_or_fail

# It stops at a larger gradient than ours: 1e-9 in the criterion is 1e-4 of a standard error or of a variance.
RELATIVE = 2e-4
MORE = {**MODELS, "dyestuff2": "Yield ~ 1 + (1|Batch)", "synth1k": INTERCEPTS + "(1 + typology|model)"}


@pytest.fixture
def glmm() -> None:
    """The extra ``test`` promises it."""
    if importlib.util.find_spec("glmm") is None:
        skip_or_fail("glmm is not installed")


def same(theirs: MixedResult, ours: MixedResult) -> None:
    assert theirs.converged and theirs.engine == "glmm" and theirs.df_method == "normal"
    assert theirs.criterion == pytest.approx(ours.criterion, abs=CRITERION)
    assert theirs.names == ours.names and theirs.n_obs == ours.n_obs and theirs.parameters == ours.parameters
    assert theirs.singular == ours.singular
    spread = np.sqrt(np.diag(ours.covariance))
    np.testing.assert_allclose(theirs.coefficients, ours.coefficients, atol=RELATIVE * spread.max())
    np.testing.assert_allclose(np.sqrt(np.diag(theirs.covariance)), spread, rtol=RELATIVE)
    pd.testing.assert_frame_equal(theirs.variance[["group", "term"]], ours.variance[["group", "term"]])
    largest = ours.variance["variance"].max()
    np.testing.assert_allclose(theirs.variance["variance"], ours.variance["variance"], atol=RELATIVE * largest)
    for a, b in zip(theirs.correlations, ours.correlations, strict=True):
        assert (a.group, a.term, a.other) == (b.group, b.term, b.other)
        np.testing.assert_allclose(a.correlation, b.correlation, atol=1e-3)
    modes, ours_modes = theirs.random_effects(), ours.random_effects()
    pd.testing.assert_frame_equal(modes[OF], ours_modes[OF])
    size = max(1e-6, float(ours_modes["value"].abs().max()))
    np.testing.assert_allclose(modes["value"], ours_modes["value"], atol=1e-3 * size)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", MORE)
def test_it_agrees(name: str, reml: bool, lme4_data, glmm) -> None:
    same(fit_glmm(MORE[name], lme4_data[name], reml), fit_mixed(MORE[name], lme4_data[name], reml))


def test_three_correlated_effects_weights_and_levels_in_any_order(glmm) -> None:
    frame = make(4, n=300).sample(frac=1.0, random_state=1, ignore_index=True)
    frame["z"] = np.random.default_rng(0).normal(size=len(frame))
    formula = "y ~ x + z + (1 + x + z|a) + (1|b)"
    same(fit_glmm(formula, frame, weights="w"), fit_mixed(formula, frame, weights="w"))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ x + (1 + x||a)", "'a' has several terms"),
        ("y ~ x + (0 + x|a)", "the effects by 'a' have no intercept"),
        ("y ~ 1 + (1 + x|a)", "'x' varies by 'a' and is no fixed effect"),
    ],
)
def test_what_it_cannot_express_is_said(formula: str, words: str, glmm) -> None:
    with pytest.raises(CrossliftError, match=words):
        fit_glmm(formula, make(0))


def test_the_default_model_of_the_bundled_data(glmm) -> None:
    ours, theirs = (
        fit_factors(Request(engine=name, slopes="none", robustness="none")) for name in ("crosslift", "glmm")
    )
    assert theirs.to_json()["engine"] == "glmm"
    assert theirs.result.criterion == pytest.approx(ours.result.criterion, abs=CRITERION)
    assert theirs.answers[0].estimate == pytest.approx(ours.answers[0].estimate, rel=1e-3)


def test_its_failures_are_ours_to_word(glmm, monkeypatch: pytest.MonkeyPatch) -> None:
    import glmm as package

    def fails(*arguments: object, **more: object) -> None:
        raise ValueError("no luck")

    monkeypatch.setattr(package, "fit", fails)
    with pytest.raises(CrossliftError, match=r"glmm cannot fit 'y ~ x \+ \(1\|a\)': no luck. Leave --engine out"):
        fit_glmm("y ~ x + (1|a)", make(0))


def test_what_is_not_installed_is_said_with_the_command_before_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glmm_engine, "find_spec", lambda name: None)
    with pytest.raises(CrossliftError, match="needs the package glmm, which is not installed.*pip install 'glmm"):
        fit_factors(Request(engine="glmm", data=("nowhere.csv",)))
