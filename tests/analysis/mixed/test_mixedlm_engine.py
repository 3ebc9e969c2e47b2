"""Three engines on the same models: ours, mixedlm where it is installed, and statsmodels."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import MixedResult, fit_mixed
from analysis.mixed.external import mixedlm as mixedlm_engine
from analysis.mixed.external.mixedlm import fit_mixedlm
from analysis.mixed.external.statsmodels import fit_statsmodels
from analysis.outcomes.build import Options
from analysis.questions.regression.run import Request, fit_factors
from tests.analysis.mixed.test_criterion import make
from tests.conftest import skip_or_fail

# Both search with exact gradients to far below this; it is the tolerance of the comparison with lme4 too.
CRITERION = 1e-6
# Near its minimum the criterion is flat: 1e-10 in the criterion is 1e-5 of a standard error or of a variance.
RELATIVE = 3e-5
# statsmodels stops on the gradient of its own scale and differentiates variances numerically.
THEIR_CRITERION = 1e-4
THEIR_VARIANCE = 1e-3
# Its standard errors come from the observed Hessian of coefficients and variances together, which is not zero between
# them away from the true values. Those of lme4, mixedlm and this package condition on the variances.
THEIR_ERROR = 1e-2

INTERCEPTS = (
    "gain ~ typology*log_params + log_corpus + (1|language) + (1|target_task) + (1|intermediate_task) + (1|study) + "
)
MODELS = {
    "sleepstudy": "Reaction ~ Days + (Days|Subject)",
    "penicillin": "diameter ~ 1 + (1|plate) + (1|sample)",
    "pastes": "strength ~ 1 + (1|batch/cask)",
    "synth1k": INTERCEPTS + "(1|model)",
}
MORE = {
    "sleepstudy": "Reaction ~ Days + (Days||Subject)",
    "dyestuff2": "Yield ~ 1 + (1|Batch)",
    "cake": "angle ~ recipe*temp + (1|recipe:replicate)",
    "synth1k": INTERCEPTS + "(1 + typology|model)",
}


@pytest.fixture
def mixedlm() -> None:
    """The extra ``test`` promises it."""
    if importlib.util.find_spec("mixedlm") is None:
        skip_or_fail("mixedlm is not installed")


def same(theirs: MixedResult, ours: MixedResult, criterion: float, relative: float, error: float) -> None:
    assert theirs.converged
    assert theirs.criterion == pytest.approx(ours.criterion, abs=criterion)
    assert ours.criterion <= theirs.criterion + CRITERION  # nobody finds a lower minimum
    assert theirs.names == ours.names and theirs.n_obs == ours.n_obs and theirs.parameters == ours.parameters
    spread = np.sqrt(np.diag(ours.covariance))
    np.testing.assert_allclose(theirs.coefficients, ours.coefficients, atol=relative * spread.max())
    np.testing.assert_allclose(np.sqrt(np.diag(theirs.covariance)), spread, rtol=error)
    pd.testing.assert_frame_equal(theirs.variance[["group", "term"]], ours.variance[["group", "term"]])
    largest = ours.variance["variance"].max()
    np.testing.assert_allclose(theirs.variance["variance"], ours.variance["variance"], atol=relative * largest)


# statsmodels takes seconds for a thousand rows: once is enough there.
OF = ["group", "level", "term"]
THREE = [*((name, True) for name in MODELS), ("sleepstudy", False), ("pastes", False)]


@pytest.mark.parametrize(("name", "reml"), THREE)
def test_three_engines_agree(name: str, reml: bool, lme4_data, mixedlm) -> None:
    frame = lme4_data[name]
    ours = fit_mixed(MODELS[name], frame, reml)
    same(fit_mixedlm(MODELS[name], frame, reml), ours, CRITERION, RELATIVE, RELATIVE)
    same(fit_statsmodels(MODELS[name], frame, reml), ours, THEIR_CRITERION, THEIR_VARIANCE, THEIR_ERROR)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", MORE)
def test_mixedlm_agrees_where_statsmodels_cannot_follow(name: str, reml: bool, lme4_data, mixedlm) -> None:
    ours, theirs = (fit(MORE[name], lme4_data[name], reml) for fit in (fit_mixed, fit_mixedlm))
    same(theirs, ours, CRITERION, RELATIVE, RELATIVE)
    assert theirs.singular == ours.singular
    assert len(theirs.correlations) == len(ours.correlations)
    for a, b in zip(theirs.correlations, ours.correlations, strict=True):
        assert (a.group, a.term, a.other) == (b.group, b.term, b.other)
        assert a.correlation == pytest.approx(b.correlation, abs=1e-4)
    ours_modes, theirs_modes = ours.random_effects(), theirs.random_effects()
    pd.testing.assert_frame_equal(theirs_modes[OF], ours_modes[OF])
    spread = max(1e-6, float(ours_modes["value"].abs().max()))
    np.testing.assert_allclose(theirs_modes["value"], ours_modes["value"], atol=1e-4 * spread)
    np.testing.assert_allclose(theirs.predict(), ours.predict(), atol=1e-4 * spread)


def test_levels_that_come_in_any_order(mixedlm) -> None:
    frame = make(4, n=300).sample(frac=1.0, random_state=1, ignore_index=True)
    formula = "y ~ x + (1 + x|a) + (1|b) + (1|c)"
    ours, theirs = fit_mixed(formula, frame, weights="w"), fit_mixedlm(formula, frame, weights="w")
    same(theirs, ours, CRITERION, RELATIVE, RELATIVE)
    np.testing.assert_allclose(theirs.random_effects()["value"], ours.random_effects()["value"], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["gain", "gap"])
def test_default_model_of_the_bundled_data(outcome: str, mixedlm) -> None:
    options = Options(outcome=outcome)
    ours, theirs = (
        fit_factors(Request(options=options, engine=name, slopes="none", robustness="none"))
        for name in ("crosslift", "mixedlm")
    )
    same(theirs.result, ours.result, CRITERION, RELATIVE, RELATIVE)
    assert any("random intercepts alone" in line for line in fit_factors(Request(engine="mixedlm")).notices)
    assert theirs.result.df_method == "normal"
    assert theirs.to_json()["engine"] == "mixedlm"
    assert theirs.answers[0].estimate == pytest.approx(ours.answers[0].estimate, rel=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_satterthwaite_degrees_of_freedom_agree(name: str, lme4_data, mixedlm) -> None:
    """A second opinion on ours; mixedlm differentiates numerically."""
    from mixedlm.inference.ddf import satterthwaite_df

    from analysis.mixed.model.design import build_design
    from analysis.mixed.model.formula import parse_formula

    design = build_design(parse_formula(MODELS[name]), lme4_data[name])
    theirs, _ = mixedlm_engine._fit(design, True)
    ours = fit_mixed(MODELS[name], lme4_data[name]).fixed["df"]
    np.testing.assert_allclose(satterthwaite_df(theirs).df, ours, rtol=1e-3)


def test_what_is_not_installed_is_said_with_the_command_before_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixedlm_engine, "find_spec", lambda name: None)
    with pytest.raises(CrossliftError, match="needs the package mixedlm, which is not installed.*pip install 'mixedlm"):
        fit_factors(Request(engine="mixedlm", data=("nowhere.csv",)))


def test_its_failures_are_ours_to_word(mixedlm, monkeypatch: pytest.MonkeyPatch) -> None:
    import mixedlm as package

    def fails(*arguments: object, **more: object) -> None:
        raise ValueError("no luck")

    monkeypatch.setattr(package, "lmer", fails)
    with pytest.raises(CrossliftError, match=r"mixedlm cannot fit 'y ~ x \+ \(1\|a\)': no luck. Leave --engine out"):
        fit_mixedlm("y ~ x + (1|a)", make(0))


@pytest.mark.parametrize("engine", ["mixedlm", "statsmodels"])
def test_what_other_engines_do_not_offer(engine: str, mixedlm) -> None:
    with pytest.raises(CrossliftError, match=f"engine '{engine}' does not support a covariance between languages"):
        fit_factors(Request(engine=engine, kernel="genealogy"))
