"""Draws of the parametric bootstrap against the model's own covariance, and refits against fits of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.mixed.inference.refit import Outcome, Refitter
from analysis.mixed.inference.simulate import Simulator
from analysis.mixed.numerics import crossproducts
from tests.analysis.mixed.test_criterion import CROSSED, make

# Entries of a covariance estimated from as many draws have standard errors of about sqrt(2 / DRAWS); five of them.
DRAWS = 4000
MONTE_CARLO = 5 * np.sqrt(2 / DRAWS)
# A refit stops at a predicted decrease of this much.
REFIT = 1e-4


@pytest.fixture(params=[150, 1], ids=["dense", "eliminated"])
def path(request, monkeypatch) -> None:
    monkeypatch.setattr(crossproducts, "ELIMINATE", request.param)


def _design(result) -> np.ndarray:
    """``[Z X]`` as a dense matrix in the order of the formula, for small data."""
    blocks = []
    for term in result.design.terms:
        values = np.ones((result.design.n, 1)) if term.values is None else term.values
        block = np.zeros((result.design.n, len(term.levels), term.width))
        block[np.arange(result.design.n), term.codes] = values
        blocks.append(block.reshape(result.design.n, -1))
    return np.hstack([*blocks, result.design.X])


def _standard(result) -> np.ndarray:
    """``Z`` as the criterion has it: columns standardised over the rows."""
    blocks, start = [], 0
    for term, basis in zip(result.design.terms, result.engine_state().criterion.data.bases, strict=False):
        block = _design(result)[:, start : start + term.size].reshape(result.design.n, len(term.levels), term.width)
        blocks.append((block @ np.linalg.inv(basis)).reshape(result.design.n, -1))
        start += term.size
    return np.hstack(blocks)


def _covariance(result) -> np.ndarray:
    """Covariance of the outcome under the fitted model, from its definition."""
    state = result.engine_state()
    total = np.diag(1.0 / (np.ones(result.design.n) if result.design.weights is None else result.design.weights))
    for term, triangle in zip(result.design.terms, state.criterion.loadings(state.point.theta), strict=True):
        values = np.ones((result.design.n, 1)) if term.values is None else term.values
        same = term.codes[:, None] == term.codes
        total += same * (values @ triangle @ triangle.T @ values.T)
    return state.point.sigma2 * total


@pytest.mark.parametrize("weights", [None, "w"])
def test_drawn_cross_products_have_the_covariance_of_the_model(path, weights) -> None:
    result = fit_mixed(CROSSED, make(3, n=90), weights=weights)
    state = result.engine_state()
    data = state.criterion.data
    draws = list(Simulator(state.criterion, state.point).draw(DRAWS, np.random.default_rng(0)))
    basis = np.array([draw.basis for draw in draws])
    kept = np.array([draw.kept for draw in draws])
    root = np.ones(90) if weights is None else np.sqrt(result.design.weights)
    Z = _standard(result) * root[:, None]
    Q = (result.design.X * root[:, None]) @ np.linalg.inv(data.triangle)
    V = root[:, None] * _covariance(result) * root
    parts = [Z[:, start:stop] for start, stop in _columns(result, data.kept)]
    together = np.hstack([*parts, Q])
    expected = together.T @ V @ together
    found = np.cov(np.hstack([kept, basis]), rowvar=False)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((found - expected) / scale).max() < MONTE_CARLO
    total = np.array([draw.total for draw in draws])
    spread = np.sqrt(2 * np.trace(V @ V) / DRAWS)
    assert abs(total.mean() - np.trace(V)) < 4 * spread


def _columns(result, kept) -> list[tuple[int, int]]:
    stops = np.cumsum([term.size for term in result.design.terms])
    return [(int(stops[t]) - result.design.terms[t].size, int(stops[t])) for t in kept]


def test_a_refit_equals_a_fit_of_the_rows(path) -> None:
    first, second = make(4), make(4)
    second["y"] = make(5)["y"].to_numpy()
    result, expected = fit_mixed(CROSSED, first), fit_mixed(CROSSED, second, df="normal")
    state = result.engine_state()
    data = state.criterion.data
    Z, y = _standard(result), second["y"].to_numpy()
    Q = result.design.X @ np.linalg.inv(data.triangle)
    kept = np.concatenate([Z[:, start:stop].T @ y for start, stop in _columns(result, data.kept)])
    gone = [] if data.eliminated is None else [data.eliminated.term]
    apart = np.concatenate([np.zeros(0), *(Z[:, start:stop].T @ y for start, stop in _columns(result, gone))])
    refitter = Refitter(state.criterion, state.point)
    search = refitter.fit(Outcome(kept, apart, Q.T @ y, float(y @ y)))
    assert search.converged
    assert search.point.value == pytest.approx(expected.criterion, abs=REFIT)


def test_one_seed_gives_the_same_draws_and_more_draws_begin_with_them(path) -> None:
    result = fit_mixed(CROSSED, make(1))
    few, many = result.bootstrap(10, rng=7), result.bootstrap(100, rng=7)
    pd.testing.assert_frame_equal(few.draws, many.draws.head(10), check_exact=True)
    assert not few.draws.equals(result.bootstrap(10, rng=8).draws)


def test_a_refit_of_the_fitted_outcome_moves_nothing() -> None:
    """With one outcome drawn, its own fit of rows has the same estimates: draws are on the scale of the estimates."""
    result = fit_mixed(CROSSED, make(2))
    found = result.bootstrap(400, rng=1)
    spread = found.draws.std() / np.sqrt(400)
    fixed = [name for name in found.draws if name.startswith("fixed:")]
    assert (np.abs(found.draws[fixed].mean() - found.estimates[fixed]) < 4 * spread[fixed]).all()


def test_intervals_and_p_values() -> None:
    result = fit_mixed(CROSSED, make(6))
    found = result.bootstrap(300, rng=2)
    studentized = found.conf_int()
    assert studentized["term"].tolist() == ["fixed:Intercept", "fixed:x"]
    percentile = found.conf_int(kind="percentile").set_index("term")
    basic = found.conf_int(kind="basic").set_index("term")
    assert percentile.loc["std_dev:a:Intercept", "conf_low"] >= 0
    np.testing.assert_allclose(
        basic["conf_low"] + percentile["conf_high"], 2 * basic["estimate"], rtol=1e-12, atol=1e-12
    )
    t = result.fixed.set_index("term")
    ours = studentized.set_index("term").loc["fixed:x"]
    # Nine levels: the bootstrap's interval and that of t with Satterthwaite's df are about equally wide.
    width = t.loc["x", "conf_high"] - t.loc["x", "conf_low"]
    assert ours["conf_high"] - ours["conf_low"] == pytest.approx(width, rel=0.25)
    assert 1 / 301 <= found.p_value("x") <= 1
    with pytest.raises(CrossliftError, match="Did you mean 'Intercept'"):
        found.p_value("Intercep")
    with pytest.raises(CrossliftError, match="studentised"):
        found.conf_int(kind="studentised")
    with pytest.raises(CrossliftError, match="at least one draw"):
        result.bootstrap(0)


def test_known_sampling_variances_are_drawn_too() -> None:
    frame = make(8)
    frame["v"] = np.random.default_rng(0).uniform(0.5, 1.5, len(frame))
    result = fit_mixed("y ~ x + (1|a) + (1|b)", frame, variances="v")
    found = result.bootstrap(200, rng=3)
    error = result.fixed.set_index("term")["std_error"]
    assert found.draws["fixed:x"].std() == pytest.approx(error["x"], rel=0.25)
    assert "std_dev:Residual" in found.draws
