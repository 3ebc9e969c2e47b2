"""The criterion's derivatives, its elimination path, and properties that hold for any data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.mixed import fit_mixed
from analysis.mixed.model.design import build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import form_crossproducts
from analysis.mixed.numerics.curvature import hessian
from tests.analysis.mixed.borders import WAYS, force

CROSSED = "y ~ x + (1 + x|a) + (1|b) + (1|c)"


def make(seed: int, n: int = 160, a: int = 9, b: int = 6, c: int = 4) -> pd.DataFrame:
    """Crossed rows with a slope that varies, all factors used."""
    rng = np.random.default_rng(seed)
    codes = {
        name: np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
        for name, k in zip("abc", (a, b, c), strict=True)
    }
    x = rng.normal(size=n)
    effects = {name: rng.normal(size=k) for name, k in zip("abc", (a, b, c), strict=True)}
    y = 1 + 0.5 * x + rng.normal(size=n) + 0.4 * rng.normal(size=a)[codes["a"]] * x
    for name, scale in zip("abc", (1.0, 0.7, 0.3), strict=True):
        y = y + scale * effects[name][codes[name]]
    frame = pd.DataFrame({"y": y, "x": x, "w": rng.uniform(0.5, 2.0, n)})
    for name in "abc":
        frame[name] = [f"{name}{code:02d}" for code in codes[name]]
    return frame


def criterion(
    frame: pd.DataFrame, reml: bool = True, eliminate: bool | None = None, formula: str = CROSSED
) -> Criterion:
    return Criterion(form_crossproducts(build_design(parse_formula(formula), frame, "w"), eliminate), reml)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("eliminate", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradient_and_curvature_equal_finite_differences(seed: int, eliminate: bool, reml: bool) -> None:
    function = criterion(make(seed), reml, eliminate)
    theta = function.start() + np.random.default_rng(seed).normal(size=len(function.start())) * 0.3
    if seed == 2:
        theta[0] = 0.0  # a variance at its boundary
    point = function(theta)
    step = 1e-5 * np.eye(len(theta))
    numeric = [(function(theta + d).value - function(theta - d).value) / 2e-5 for d in step]
    np.testing.assert_allclose(point.gradient, numeric, rtol=1e-6, atol=1e-6)
    joint, m = hessian(function, point), len(theta)
    exact = joint[:m, :m] - np.outer(joint[:m, m], joint[m, :m]) / joint[m, m]
    second = [(function(theta + d).gradient - function(theta - d).gradient) / 2e-5 for d in step]
    np.testing.assert_allclose(exact, second, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("formula", [CROSSED, "y ~ x + (1 + x|a)", "y ~ x + (1|a) + (1 + x|b)"])
def test_eliminating_a_term_changes_nothing(formula: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    force(way, monkeypatch)
    frame = make(3)
    whole, apart = (criterion(frame, eliminate=flag, formula=formula) for flag in (False, True))
    theta = whole.start() * 0.7 + 0.1
    one, two = whole(theta), apart(theta)
    assert one.value == pytest.approx(two.value, abs=1e-10)
    np.testing.assert_allclose(one.gradient, two.gradient, atol=1e-9)
    np.testing.assert_allclose(one.curvature, two.curvature, atol=1e-8)
    np.testing.assert_allclose(hessian(whole, one), hessian(apart, two), atol=1e-8)
    for left, right in zip(one.projected, two.projected, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_row_order_and_names_of_levels_do_not_matter(seed: int) -> None:
    frame = make(seed)
    base = fit_mixed(CROSSED, frame)
    mixed = frame.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    mixed["a"] = "z" + mixed["a"].str[::-1]
    again = fit_mixed(CROSSED, mixed)
    assert again.criterion == pytest.approx(base.criterion, abs=1e-7)
    np.testing.assert_allclose(again.coefficients, base.coefficients, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e3))
def test_shifting_and_scaling_the_outcome(seed: int, shift: float, scale: float) -> None:
    frame = make(seed)
    base = fit_mixed("y ~ x + (1|a) + (1|b)", frame)
    moved = fit_mixed("y ~ x + (1|a) + (1|b)", frame.assign(y=frame["y"] * scale + shift))
    spread = np.sqrt(np.diag(base.covariance))
    expected = base.coefficients * scale + np.array([shift, 0.0])
    np.testing.assert_allclose(moved.coefficients, expected, atol=1e-4 * scale * spread.max() + 1e-9 * abs(shift))
    np.testing.assert_allclose(np.sqrt(np.diag(moved.covariance)), scale * spread, rtol=1e-3)
    degrees = base.n_obs - len(base.names)
    assert moved.criterion == pytest.approx(base.criterion + 2 * degrees * np.log(scale), abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-1e4, 1e4))
def test_shifting_a_predictor_moves_only_the_intercept(seed: int, shift: float) -> None:
    frame = make(seed)
    base = fit_mixed("y ~ x + (1|a) + (1|b)", frame)
    moved = fit_mixed("y ~ x + (1|a) + (1|b)", frame.assign(x=frame["x"] + shift))
    assert moved.criterion == pytest.approx(base.criterion, abs=1e-6)
    assert moved.coefficients[1] == pytest.approx(base.coefficients[1], abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_fit_is_never_above_any_other_point(seed: int) -> None:
    frame = make(seed)
    result = fit_mixed(CROSSED, frame, reml=False)
    function = Criterion(form_crossproducts(build_design(parse_formula(CROSSED), frame)), reml=False)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        theta = np.abs(rng.normal(size=len(function.entries)))
        assert result.criterion <= function(theta).value + 1e-7


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_weight_two_is_a_row_twice_up_to_the_likelihood_of_a_row(seed: int) -> None:
    """With the random effects held, doubling every weight doubles every cross-product."""
    frame = make(seed)
    double = pd.concat([frame, frame], ignore_index=True)
    once = form_crossproducts(build_design(parse_formula("y ~ x + (1|a)"), frame.assign(w=2.0), "w"))
    twice = form_crossproducts(build_design(parse_formula("y ~ x + (1|a)"), double))
    np.testing.assert_allclose(once.matrix, twice.matrix, atol=1e-8)


def test_the_search_ends_and_says_so_when_it_may_not_go_on() -> None:
    result = fit_mixed(CROSSED, make(0), evaluations=2)
    assert not result.converged
    assert any("stopped after 2 evaluations" in warning for warning in result.warnings)


def test_a_variance_at_zero_is_left_when_the_data_want_it() -> None:
    """Starting on the boundary, where the gradient in theta vanishes, must not end there."""
    from analysis.mixed.numerics.optimize import minimize

    function = criterion(make(1), formula="y ~ x + (1|a) + (1|b)")
    inside = minimize(function, function.start())
    assert inside.point.theta[0] > 0.1
    outside = minimize(function, np.zeros(2))
    assert outside.point.value == pytest.approx(inside.point.value, abs=1e-7)
