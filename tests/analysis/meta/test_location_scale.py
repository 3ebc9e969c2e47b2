"""Location-scale models: the likelihood written out, special cases, and what is refused. Peers: tests/validation."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.meta import LocationScaleMeta, meta_analyze


def effects(seed: int = 1, k: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=k), "v": rng.uniform(0.02, 0.1, k), "kind": rng.choice(["a", "b"], k)})
    spread = np.where(frame["kind"] == "a", 0.3, 0.9)
    frame["y"] = 0.5 + 0.2 * frame["x"] + rng.normal(size=k) * np.sqrt(spread**2 + frame["v"])
    return frame


def fitted(frame: pd.DataFrame, **more) -> LocationScaleMeta:
    found = meta_analyze("y", "v", "x", frame=frame, **{"scale": "kind", **more})
    assert isinstance(found, LocationScaleMeta)
    return found


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_likelihood_written_out_is_highest_at_the_estimates(method: str) -> None:
    frame = effects()
    found = fitted(frame, method=method)
    X, Z = found.effects.X, found.scale_effects.X

    def value(alpha: np.ndarray) -> float:
        variance = frame["v"].to_numpy() + np.exp(Z @ alpha)
        information = X.T @ (X / variance[:, None])
        beta = np.linalg.solve(information, X.T @ (frame["y"] / variance))
        left = frame["y"] - X @ beta
        total = -0.5 * (np.log(2 * np.pi * variance) + left**2 / variance).sum()
        if method == "REML":
            total += 0.5 * X.shape[1] * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(information)[1]
        return float(total)

    alpha = found.scale_coefficients
    assert value(alpha) == pytest.approx(found.log_likelihood, abs=1e-9)
    for unit in np.eye(2):
        for step in (1e-3, -1e-3):
            assert value(alpha + step * unit) < value(alpha)


def test_a_constant_scale_is_the_ordinary_model() -> None:
    frame = effects()
    constant, plain = fitted(frame, scale="1"), meta_analyze("y", "v", "x", test="t", frame=frame)
    assert constant.tau2[0] == pytest.approx(plain.tau2, rel=1e-6)
    assert constant.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)
    np.testing.assert_allclose(constant.fixed["p_value"], plain.fixed["p_value"], rtol=1e-5)
    with pytest.raises(CrossliftError, match="no moderator to test"):
        constant.scale_test()


def test_unequal_spread_is_found_and_said() -> None:
    found = fitted(effects(2, 200))
    row = found.scale_test().iloc[0]
    assert row["p_value"] < 0.001
    assert row["num_df"] == 1
    by_kind = pd.Series(found.tau2).groupby(found.scale_effects.columns["kind"].to_numpy()).first()
    assert 0.03 < by_kind["a"] < 0.3 < by_kind["b"]
    assert "one variance for all effects: likelihood-ratio chi-square" in str(found.summary())
    assert json.loads(json.dumps(found.to_json()))["scale_test"]["num_df"] == 1


def test_rows_without_a_moderator_of_the_scale_are_counted() -> None:
    frame = effects()
    frame.loc[[1, 5], "kind"] = None
    found = fitted(frame)
    assert found.effects.k == 78
    assert found.effects.dropped == (("no value for a moderator of the scale", 2),)
    assert len(found.tau2) == 78


def test_a_variance_of_zero_is_said() -> None:
    frame = effects()
    frame["y"] = np.where(frame["kind"] == "a", 0.5 + 0.001 * frame["x"], frame["y"])
    found = fitted(frame)
    assert not found.converged
    assert "no maximum inside" in found.warnings[0]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"method": "DL"}, "one variance for all effects"),
        ({"test": "knha"}, "test of a location-scale model"),
        ({"random": "(1|kind)"}, "independent effects"),
        ({"scale": "knd"}, "knd"),
    ],
)
def test_what_is_refused(more: dict[str, str], message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        fitted(effects(), **more)
