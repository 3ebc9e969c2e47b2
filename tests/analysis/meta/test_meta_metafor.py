"""Agreement with metafor's ``rma`` and ``rma.mv`` and with what is computed from their fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.meta import meta_analyze
from tests.analysis.meta.reference import PINNED, data, moderators, synth_blocks

# metafor iterates to 1e-14; what is left is rounding, in units of the effects.
EXACT = 1e-8
# metafor's rma.mv and selmodel search numerically; the best of several searches is still this far from the maximum.
SEARCHED = 1e-6
# metafor's trimfill refits at its own looser rule.
REFITTED = 1e-6


def fitted(entry, **more):
    return meta_analyze(
        "yi",
        "vi",
        moderators(entry.get("formula", "~1")),
        entry["method"],
        entry["test"],
        frame=data(entry["data"]),
        **more,
    )


def name(entry) -> str:
    return "-".join(str(entry[key]) for key in ("data", "formula", "method", "test") if key in entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", PINNED["models"], ids=name)
def test_estimates_tests_and_heterogeneity(entry) -> None:
    result = fitted(entry)
    fixed = result.fixed
    assert result.tau2 == pytest.approx(entry["tau2"], abs=EXACT)
    for ours in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
        np.testing.assert_allclose(fixed[ours], np.atleast_1d(entry[ours]), atol=EXACT, rtol=EXACT)
    spread = result.heterogeneity().set_index("measure")
    assert spread.loc["I2", "estimate"] == pytest.approx(entry["I2"], abs=1e-6)
    assert spread.loc["H2", "estimate"] == pytest.approx(entry["H2"], abs=1e-6)
    assert result.q.statistic == pytest.approx(entry["QE"], rel=1e-9)
    assert result.q.p_value == pytest.approx(entry["QEp"], abs=1e-9)
    assert result.log_likelihood == pytest.approx(entry["log_likelihood"], abs=EXACT)
    frame = None if result.effects.intercept_only else data(entry["data"]).head(3)
    predicted = result.predict(frame)
    for ours, theirs in (("estimate", "fitted"), ("std_error", "fitted_se")):
        np.testing.assert_allclose(predicted[ours], np.atleast_1d(entry[theirs]), atol=EXACT)
    if entry["method"] != "FE":  # metafor has none where effects are taken as equal
        np.testing.assert_allclose(predicted["pred_low"], np.atleast_1d(entry["pi_low"]), atol=EXACT)
        np.testing.assert_allclose(predicted["pred_high"], np.atleast_1d(entry["pi_high"]), atol=EXACT)
    if frame is not None:
        joint = result.moderator_test().iloc[0]
        assert joint["statistic"] == pytest.approx(entry["QM"], rel=1e-7)
        assert joint["p_value"] == pytest.approx(entry["QMp"], abs=1e-8)
        if entry["method"] != "FE":
            assert result.r_squared() == pytest.approx(entry["R2"], abs=1e-5)


@pytest.mark.parametrize("entry", [m for m in PINNED["models"] if "q_profile" in m], ids=name)
def test_q_profile_intervals(entry) -> None:
    spread = fitted(entry).heterogeneity().set_index("measure")
    for ours, theirs in (("tau2", "tau2"), ("I2", "I2"), ("H2", "H2")):
        limits = spread.loc[ours, ["conf_low", "conf_high"]].to_numpy(dtype=float)
        np.testing.assert_allclose(limits, entry["q_profile"][theirs], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("entry", PINNED["influence"], ids=name)
def test_influence(entry) -> None:
    found = fitted(entry).influence()
    for ours, theirs in (("rstudent", "rstudent"), ("dffits", "dffits"), ("cook", "cook"), ("cov_ratio", "cov_ratio"),
                         ("tau2", "tau2"), ("Q", "QE"), ("hat", "hat"), ("weight", "weight")):  # fmt: skip
        np.testing.assert_allclose(found[ours], entry[theirs], rtol=1e-6, atol=1e-8, err_msg=theirs)
    steps = found[[column for column in found.columns if column.startswith("dfbetas_")]]
    np.testing.assert_allclose(steps, np.reshape(entry["dfbetas"], steps.shape), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("entry", PINNED["leave_one_out"], ids=name)
def test_leave_one_out(entry) -> None:
    found = fitted(entry).leave_one_out()
    for column in ("estimate", "std_error", "p_value", "conf_low", "conf_high", "Q", "tau2", "I2"):
        np.testing.assert_allclose(found[column], entry[column], rtol=1e-6, atol=1e-8, err_msg=column)


@pytest.mark.parametrize("entry", PINNED["asymmetry"], ids=lambda e: f"{e['data']}-{e['kind']}")
def test_egger(entry) -> None:
    test = "z" if entry["kind"] == "lm" else "knha"
    found = meta_analyze("yi", "vi", test=test, frame=data(entry["data"])).egger(entry["kind"]).set_index("term")
    assert found.loc["slope", "statistic"] == pytest.approx(entry["statistic"], abs=EXACT)
    assert found.loc["slope", "p_value"] == pytest.approx(entry["p_value"], abs=EXACT)
    limit = found.loc["limit", ["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)
    np.testing.assert_allclose(limit, [entry["limit"], entry["limit_low"], entry["limit_high"]], atol=EXACT)


@pytest.mark.parametrize("entry", PINNED["trim_and_fill"], ids=lambda e: f"{e['data']}-{e['estimator']}-{e['side']}")
def test_trim_and_fill(entry) -> None:
    result = meta_analyze("yi", "vi", test="z", frame=data(entry["data"]))
    found = result.trim_and_fill(entry["estimator"], entry["side"])
    assert found.missing == entry["k0"]
    assert found.std_error == pytest.approx(entry["std_error_k0"], abs=EXACT)
    assert found.result.tau2 == pytest.approx(entry["tau2"], abs=REFITTED)
    assert found.result.coefficients[0] == pytest.approx(entry["estimate"], abs=REFITTED)
    assert found.result.fixed["std_error"][0] == pytest.approx(entry["std_error"], abs=REFITTED)
    assert result.trim_and_fill(entry["estimator"]).side == entry["default_side"]


@pytest.mark.slow
@pytest.mark.parametrize("entry", PINNED["selection"], ids=lambda e: f"{e['data']}-{e['alternative']}")
def test_selection_model(entry) -> None:
    found = meta_analyze("yi", "vi", method="ML", frame=data(entry["data"])).selection(entry["alternative"])
    assert found.log_likelihood >= entry["log_likelihood"] - 1e-9
    assert found.log_likelihood == pytest.approx(entry["log_likelihood"], abs=SEARCHED)
    for ours in ("estimate", "std_error", "tau2", "delta"):
        assert getattr(found, ours) == pytest.approx(entry[ours], rel=1e-4, abs=1e-5), ours
    assert found.delta_std_error == pytest.approx(entry["delta_se"], rel=1e-3)
    assert found.statistic == pytest.approx(entry["LRT"], abs=2 * SEARCHED)
    assert found.p_value == pytest.approx(entry["LRTp"], abs=1e-5)


ROBUST = {
    "konstantopoulos_uni": ("konstantopoulos", None, "REML", None, "district"),
    "konstantopoulos_uni_year": ("konstantopoulos", "year", "REML", None, "district"),
    "synth_language": ("synth", "typology + log_params", "REML", None, "language"),
    "synth_language_dl": ("synth", "typology", "DL", None, "language"),
    "konstantopoulos_nested": ("konstantopoulos", None, "REML", "(1|district/school)", "district"),
    "konstantopoulos_nested_year": ("konstantopoulos", "year", "REML", "(1|district/school)", "district"),
}


@pytest.mark.parametrize("entry", PINNED["robust"], ids=lambda e: e["name"])
def test_cr2_and_satterthwaite_df(entry) -> None:
    """clubSandwich's ``coef_test`` and ``conf_int`` with ``CR2``."""
    set_name, formula, method, random, cluster = ROBUST[entry["name"]]
    frame = data(set_name)
    result = meta_analyze("yi", "vi", formula, method, random=random, frame=frame)
    found = result.robust(frame[cluster])
    tolerance = 1e-6 if random is None else 1e-5  # rma.mv's variances, not its robust errors, are the searched part
    for ours in ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high"):
        np.testing.assert_allclose(
            found[ours], np.atleast_1d(entry[ours]), rtol=tolerance, atol=tolerance, err_msg=ours
        )


def multilevel(entry):
    names = {"konstantopoulos_nested": None, "konstantopoulos_nested_year": "year"}
    if entry["name"] in names:
        return meta_analyze("yi", "vi", names[entry["name"]], test="z", random="(1|district/school)",
                            frame=data("konstantopoulos"))  # fmt: skip
    variances = "vi" if entry["name"] == "synth_crossed" else synth_blocks()
    return meta_analyze("yi", variances, "typology" if entry["name"].endswith("typology") else None, test="z",
                        random="(1|language) + (1|target_task)", frame=data("synth"))  # fmt: skip


@pytest.mark.parametrize("entry", PINNED["levels"], ids=lambda e: e["name"])
def test_three_levels_and_crossed(entry) -> None:
    result = multilevel(entry)
    assert result.mixed.log_likelihood >= entry["log_likelihood"] - 1e-9
    assert result.mixed.log_likelihood == pytest.approx(entry["log_likelihood"], abs=SEARCHED)
    np.testing.assert_allclose(result.coefficients, np.atleast_1d(entry["estimate"]), atol=SEARCHED, rtol=SEARCHED)
    np.testing.assert_allclose(
        result.fixed["std_error"], np.atleast_1d(entry["std_error"]), atol=SEARCHED, rtol=SEARCHED
    )
    spread = result.variance.set_index("group")
    np.testing.assert_allclose(spread["variance"].iloc[:-1], entry["sigma2"], atol=1e-5)
    np.testing.assert_allclose(spread["I2"].iloc[:-1], entry["I2"], atol=1e-3)
    assert result.typical_variance() == pytest.approx(entry["typical"], rel=1e-9)
    assert result.q.statistic == pytest.approx(entry["QE"], rel=1e-9)
    if result.intercept_only:
        predicted = result.predict().iloc[0]
        assert predicted["pred_low"] == pytest.approx(entry["pi_low"], abs=1e-5)
        assert predicted["pred_high"] == pytest.approx(entry["pi_high"], abs=1e-5)
        np.testing.assert_allclose(result.weights, entry["weights"], rtol=1e-4)


def test_heterogeneity_has_one_form() -> None:
    """Ordinary and multilevel results answer alike; the variances of the latter are a table of their own."""
    frame = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0, 6.0, 5.0], "v": 0.5, "g": list("aabbcc")})
    ordinary = meta_analyze("y", "v", frame=frame)
    crossed = meta_analyze("y", "v", frame=frame, random="(1|g)")
    assert list(ordinary.heterogeneity().columns) == list(crossed.heterogeneity().columns)
    assert list(ordinary.heterogeneity()["measure"]) == list(crossed.heterogeneity()["measure"])
    assert list(crossed.variance["group"]) == ["g", "Residual", "total"]
    total = crossed.heterogeneity().set_index("measure")["estimate"]
    assert total["tau2"] == pytest.approx(crossed.variance["variance"].iloc[-1])
    assert total["I2"] == pytest.approx(crossed.i2)
    # H² is the spread in units of sampling error, as 1 / (1 - I²).
    assert total["H2"] == pytest.approx(1.0 / (1.0 - total["I2"] / 100.0))
