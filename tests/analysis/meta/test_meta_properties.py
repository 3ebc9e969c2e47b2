"""What must hold for every meta-analysis, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.meta import meta_analyze
from analysis.meta.between import METHODS, log_likelihood

# Rounding, relative to the size of the numbers.
ROUNDING = 1e-7


@st.composite
def effects(draw, least: int = 4, most: int = 12):
    """Effects with sampling variances over three orders of size."""
    k = draw(st.integers(least, most))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    v = np.exp(rng.uniform(-3.0, 3.0, k))
    tau = draw(st.sampled_from([0.0, 0.5, 3.0]))
    return rng.normal(2.0, np.sqrt(v + tau**2)), v


def numbers(result) -> np.ndarray:
    row = result.fixed.iloc[0]
    return np.array([row["estimate"], row["std_error"], row["conf_low"], row["conf_high"], result.tau2])


@given(data=effects(), method=st.sampled_from(METHODS), test=st.sampled_from(["knha", "t", "z"]))
@settings(max_examples=60, deadline=None)
def test_shift_and_scale(data, method, test) -> None:
    y, v = data
    plain = meta_analyze(y, v, method=method, test=test)
    shifted = meta_analyze(y + 100.0, v, method=method, test=test)
    np.testing.assert_allclose(numbers(shifted) - [100.0, 0.0, 100.0, 100.0, 0.0], numbers(plain), atol=1e-6)
    scaled = meta_analyze(10.0 * y, 100.0 * v, method=method, test=test)
    np.testing.assert_allclose(numbers(scaled), numbers(plain) * [10, 10, 10, 10, 100], rtol=1e-6, atol=1e-6)
    mirrored = meta_analyze(-y, v, method=method, test=test)
    np.testing.assert_allclose(numbers(mirrored)[[0, 2, 3]], -numbers(plain)[[0, 3, 2]], rtol=1e-6, atol=1e-6)
    for measure in ("I2", "H2"):
        assert scaled.heterogeneity().set_index("measure").loc[measure, "estimate"] == pytest.approx(
            plain.heterogeneity().set_index("measure").loc[measure, "estimate"], abs=1e-4
        )


@given(data=effects(), method=st.sampled_from(METHODS), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter(data, method, seed) -> None:
    y, v = data
    order = np.random.default_rng(seed).permutation(len(y))
    one, two = meta_analyze(y, v, method=method), meta_analyze(y[order], v[order], method=method)
    np.testing.assert_allclose(numbers(two), numbers(one), rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(two.weights, one.weights[order], rtol=1e-6)
    clusters = np.arange(len(y)) // 2
    if clusters.max() >= 1:
        np.testing.assert_allclose(
            two.robust(clusters[order])[["std_error", "df"]], one.robust(clusters)[["std_error", "df"]], rtol=1e-5
        )


@given(data=effects(), variance=st.floats(0.1, 10.0))
@settings(max_examples=40, deadline=None)
def test_equal_variances_are_the_textbook(data, variance) -> None:
    """With equal sampling variances the pooled effect is the mean, and Knapp–Hartung is Student's t interval."""
    y, _ = data
    v = np.full(len(y), variance)
    expected = max(0.0, float(y.var(ddof=1)) - variance)
    for method in ("REML", "DL", "PM", "EB"):
        assert meta_analyze(y, v, method=method).tau2 == pytest.approx(expected, abs=1e-8)
    likelihood = meta_analyze(y, v, method="ML")
    assert likelihood.tau2 == pytest.approx(max(0.0, float(y.var()) - variance), abs=1e-8)
    row = meta_analyze(y, v).fixed.iloc[0]
    student = stats.ttest_1samp(y, 0.0).confidence_interval()
    assert row["estimate"] == pytest.approx(y.mean())
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((student.low, student.high))


@given(data=effects())
@settings(max_examples=40, deadline=None)
def test_estimates_solve_their_equations(data) -> None:
    y, v = data
    k = len(y)
    paule = meta_analyze(y, v, method="PM")
    if paule.tau2 > 0:
        assert paule.fit.q == pytest.approx(k - 1, rel=1e-8)
    spread = meta_analyze(y, v, method="DL").heterogeneity().set_index("measure").loc["tau2"]
    for limit, share in (("conf_low", 0.975), ("conf_high", 0.025)):
        tau2 = spread[limit]
        w = 1.0 / (v + tau2)
        q = float(w @ (y - (w @ y) / w.sum()) ** 2)
        quantile = stats.chi2.ppf(share, k - 1)
        assert q == pytest.approx(quantile, rel=1e-6) if tau2 > 0 else q <= quantile * (1 + 1e-9)
    best = meta_analyze(y, v)
    for tau2 in (0.0, 0.5 * best.tau2, 2.0 * best.tau2 + 0.01, 50.0):
        assert log_likelihood(best.effects, tau2, restricted=True) <= best.log_likelihood + 1e-10


@given(data=effects(), method=st.sampled_from(["DL", "PM"]), test=st.sampled_from(["knha", "z"]))
@settings(max_examples=30, deadline=None)
def test_statsmodels_agrees(data, method, test) -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    y, v = data
    ours = meta_analyze(y, v, method=method, test=test)
    if ours.tau2 == 0.0:
        return  # statsmodels lets DL's tau2 be negative
    theirs = combine_effects(y, v, method_re={"DL": "dl", "PM": "iterated"}[method], use_t=test == "knha")
    tolerance = 1e-9 if method == "DL" else 1e-4  # its search for PM stops at 1e-5 in Q
    assert ours.tau2 == pytest.approx(theirs.tau2, rel=tolerance, abs=tolerance)
    assert ours.coefficients[0] == pytest.approx(theirs.mean_effect_re, rel=tolerance, abs=tolerance)
    error = theirs.sd_eff_w_re_hksj if test == "knha" else theirs.sd_eff_w_re
    assert ours.fixed["std_error"][0] == pytest.approx(error, rel=tolerance, abs=tolerance)


@given(data=effects(6, 16), size=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_robust_errors_of_single_rows_and_balanced_clusters(data, size) -> None:
    """Balanced clusters with equal variances: CR2 is the t test of the cluster means, with their df."""
    y, _ = data
    clusters = np.arange(len(y)) // size
    whole = clusters < len(y) // size
    y, clusters = y[whole], clusters[whole]
    if len(set(clusters)) < 2:
        return
    found = meta_analyze(y, np.ones(len(y)), method="FE", test="z").robust(clusters).iloc[0]
    means = np.array([y[clusters == c].mean() for c in sorted(set(clusters))])
    assert found["df"] == pytest.approx(len(means) - 1)
    assert found["std_error"] == pytest.approx(means.std(ddof=1) / np.sqrt(len(means)))


@given(data=effects(5, 12))
@settings(max_examples=30, deadline=None)
def test_funnels_and_their_mirror_images(data) -> None:
    y, v = data
    for estimator in ("L0", "R0"):
        one = meta_analyze(y, v, method="DL").trim_and_fill(estimator, "left")
        two = meta_analyze(-y, v, method="DL").trim_and_fill(estimator, "right")
        assert two.missing == one.missing
        assert two.result.coefficients[0] == pytest.approx(-one.result.coefficients[0])
        filled = np.concatenate([y, one.filled[:, 0]])
        np.testing.assert_allclose(np.sort(one.result.effects.y), np.sort(filled))
    both = np.concatenate([y, 4.0 - y])
    result = meta_analyze(both, np.concatenate([v, v]), method="FE")
    assert result.coefficients[0] == pytest.approx(2.0)
    slope = result.egger().set_index("term").loc["slope", "estimate"]
    assert slope == pytest.approx(0.0, abs=1e-7)


@given(data=effects(4, 10), seed=st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_a_multilevel_model_with_one_level_a_row_is_the_ordinary_one(data, seed) -> None:
    y, v = data
    frame = pd.DataFrame({"y": y, "v": v, "row": [f"r{i}" for i in range(len(y))]})
    ordinary = meta_analyze("y", "v", test="z", frame=frame)
    multilevel = meta_analyze("y", "v", test="z", random="(1|row)", frame=frame)
    assert multilevel.mixed.log_likelihood == pytest.approx(ordinary.log_likelihood, abs=1e-7)
    assert multilevel.fixed["estimate"][0] == pytest.approx(ordinary.fixed["estimate"][0], abs=1e-3)
    assert multilevel.q.statistic == pytest.approx(ordinary.q.statistic)
    w = 1.0 / v
    assert multilevel.typical_variance() == pytest.approx((len(y) - 1) / (w.sum() - (w**2).sum() / w.sum()))
    assert multilevel.weights.sum() == pytest.approx(100.0)
