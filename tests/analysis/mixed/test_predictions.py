"""Predictions and what they rest on: Henderson's equations, variances averaged over rows, averages of contrasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag

from analysis.core.errors import CrossliftError, DesignError
from analysis.mixed import LevelCovariance, fit_mixed
from analysis.mixed.numerics import crossproducts
from tests.analysis.mixed.test_bootstrap import _design
from tests.analysis.mixed.test_criterion import CROSSED, make

# Inverses of Henderson's matrix lose digits where a variance is small.
HENDERSON = 1e-6


@pytest.mark.parametrize("eliminate", [150, 1], ids=["dense", "eliminated"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_standard_errors_are_those_of_hendersons_equations(eliminate: int, weights, monkeypatch) -> None:
    monkeypatch.setattr(crossproducts, "ELIMINATE", eliminate)
    result = fit_mixed(CROSSED, make(41), weights=weights)
    state = result.engine_state()
    A, p = _design(result), result.design.p
    W = np.ones(result.design.n) if weights is None else result.design.weights
    lambdas = state.criterion.loadings(state.point.theta)
    G = block_diag(
        *(np.kron(np.eye(len(t.levels)), m @ m.T) for t, m in zip(result.design.terms, lambdas, strict=True))
    )
    penalty = block_diag(np.linalg.inv(G), np.zeros((p, p)))
    inverse = state.point.sigma2 * np.linalg.inv(A.T @ (W[:, None] * A) + penalty)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", A, inverse, A))
    found = result.predictions()
    np.testing.assert_allclose(found["std_error"], expected, rtol=HENDERSON)
    np.testing.assert_allclose(found["estimate"], result.predict(), rtol=1e-12)
    # Given the fixed effects, lme4's convention for conditional modes.
    q = A.shape[1] - p
    Z = A[:, :q]
    given = state.point.sigma2 * np.linalg.inv(Z.T @ (W[:, None] * Z) + np.linalg.inv(G))
    np.testing.assert_allclose(result.random_effects()["std_dev"], np.sqrt(np.diag(given)), rtol=HENDERSON)


def test_modes_of_a_kernel_have_the_same_spread_as_those_of_its_square_root() -> None:
    """A kernel of the identity is no kernel: variances of modes agree."""
    frame = make(42)
    names = sorted(frame["a"].unique())
    identity = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    plain = fit_mixed("y ~ x + (1|a) + (1|b)", frame)
    kernel = fit_mixed("y ~ x + (1|a) + (1|b)", frame, covariance={"a": LevelCovariance(identity, independent=False)})
    np.testing.assert_allclose(kernel.random_effects()["std_dev"], plain.random_effects()["std_dev"], rtol=1e-4)
    np.testing.assert_allclose(kernel.predictions()["std_error"], plain.predictions()["std_error"], rtol=1e-4)
    assert kernel.r_squared().conditional == pytest.approx(plain.r_squared().conditional, rel=1e-4)
    with pytest.raises(DesignError, match="no known covariance"):
        kernel.predictions(frame.head(2).assign(a="new"), new_levels="average")


def test_a_new_level_widens_the_interval_by_its_variance() -> None:
    frame = make(43)
    result = fit_mixed("y ~ x + (1|a)", frame)
    new = frame.head(3).assign(a="never seen")
    with pytest.raises(DesignError, match="'never seen' is not a level of 'a'"):
        result.predictions(new)
    found = result.predictions(new, new_levels="average")
    average = result.predictions(new, random=False)
    variance = result.variance.set_index("group").loc["a", "variance"]
    np.testing.assert_allclose(found["std_error"] ** 2, average["std_error"] ** 2 + variance, rtol=1e-10)
    np.testing.assert_allclose(found["estimate"], average["estimate"])
    outcome = result.predictions(new, new_levels="average", outcome=True)
    residual = result.variance.set_index("group").loc["Residual", "variance"]
    np.testing.assert_allclose(outcome["std_error"] ** 2, found["std_error"] ** 2 + residual, rtol=1e-10)
    assert found.index.tolist() == new.index.tolist()


def test_explained_variance_adds_up() -> None:
    result = fit_mixed(CROSSED, make(44))
    found, shares = result.r_squared(), result.icc()
    assert 0 < found.marginal < found.conditional < 1
    assert shares["icc"].sum() == pytest.approx(1)
    fixed = np.var(result.design.X @ result.coefficients)
    total = fixed + shares["variance"].sum()
    assert found.marginal == pytest.approx(fixed / total)
    assert 1 - found.conditional == pytest.approx(shares["variance"].iloc[-1] / total)
    # Intercepts alone: the terms are the variance components themselves.
    plain = fit_mixed("y ~ x + (1|a) + (1|b)", make(44))
    np.testing.assert_allclose(plain.icc()["variance"], plain.variance["variance"])


def test_marginal_effects_of_an_interaction() -> None:
    frame = make(45)
    frame["size"] = np.where(frame["b"] < "b03", 0.0, 2.0)
    result = fit_mixed("y ~ x*size + (1|a)", frame)
    slope = dict(zip(result.names, result.coefficients, strict=True))
    by_size = result.marginal_effect("x", by="size").set_index("size")["estimate"]
    assert by_size[0.0] == pytest.approx(slope["x"], rel=1e-6)
    assert by_size[2.0] == pytest.approx(slope["x"] + 2 * slope["x:size"], rel=1e-6)
    overall = result.marginal_effect("x").iloc[0]
    assert overall["estimate"] == pytest.approx(slope["x"] + frame["size"].mean() * slope["x:size"], rel=1e-6)
    means = result.marginal_means("x", [0.0, 1.0])
    assert means["estimate"].diff().iloc[1] == pytest.approx(overall["estimate"], rel=1e-6)
    assert {"std_error", "df", "conf_low", "conf_high"} <= set(means)
    curved = fit_mixed("y ~ x + I(x**2) + (1|a)", frame)
    slope = dict(zip(curved.names, curved.coefficients, strict=True))
    square = next(name for name in curved.names if "^" in name)
    expected = slope["x"] + 2 * slope[square] * frame["x"].mean()
    assert curved.marginal_effect("x").loc[0, "estimate"] == pytest.approx(expected, rel=1e-6)


def test_marginal_effects_of_what_is_not_there() -> None:
    result = fit_mixed("y ~ x + (1|a)", make(46))
    with pytest.raises(CrossliftError, match="'w' is not in the fixed part"):
        result.marginal_effect("w")
    with pytest.raises(CrossliftError, match="'group' is not among the variables"):
        result.marginal_effect("x", by="group")
    frame = make(46)
    frame["kind"] = np.where(frame["b"] < "b03", "p", "q")
    result = fit_mixed("y ~ kind + (1|a)", frame)
    with pytest.raises(CrossliftError, match="not numeric"):
        result.marginal_effect("kind")
    assert result.marginal_means("kind", ["p", "q"])["estimate"].diff().iloc[1] == pytest.approx(result.coefficients[1])
