"""Structures of random effects: special cases that the engine fits too, a likelihood written out, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from analysis.core.errors import CrossliftError
from analysis.meta import StructuredMeta, meta_analyze
from analysis.mixed import fit_mixed

# Two searches for one maximum: likelihoods agree to their stopping rules, estimates to the root of that.
LIKELIHOOD, ESTIMATE, DEGREES = 1e-7, 1e-5, 1e-3


def effects(seed: int = 3, groups: int = 25) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "study": np.repeat([f"s{i:02d}" for i in range(groups)], 3),
            "outcome": np.tile(["a", "b", "c"], groups),
            "time": np.tile([1, 2, 4], groups),
            "dose": rng.normal(size=3 * groups),
            "v": rng.uniform(0.02, 0.1, 3 * groups),
        }
    )
    loadings = np.array([[0.5, 0.0, 0.0], [0.3, 0.3, 0.0], [0.1, 0.2, 0.4]])
    varying = (rng.normal(size=(groups, 3)) @ loadings.T).ravel()
    frame["y"] = 0.3 + 0.2 * frame["dose"] + varying + rng.normal(size=3 * groups) * np.sqrt(frame["v"])
    return frame


def fitted(frame: pd.DataFrame, random: str, struct: str, moderators: str = "dose", **more) -> StructuredMeta:
    found = meta_analyze("y", "v", moderators, random=random, struct=struct, frame=frame, **more)
    assert isinstance(found, StructuredMeta)
    return found


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize(
    ("random", "struct", "engine"),
    [
        ("(outcome|study)", "UN", "(0 + outcome|study)"),
        ("(dose|study)", "UN", "(dose|study)"),
        ("(dose|study)", "DIAG", "(dose||study)"),
        ("(outcome|study)", "ID", "(1|study:outcome)"),
        ("(outcome|study)", "CS", "(1|study) + (1|study:outcome)"),
    ],
)
def test_special_cases_are_those_of_the_engine(random: str, struct: str, engine: str, method: str) -> None:
    frame = effects()
    own = fitted(frame, random, struct, method=method)
    expected = fit_mixed(f"y ~ dose + {engine}", frame, reml=method == "REML", variances="v", residual=False)
    assert own.converged
    assert own.log_likelihood == pytest.approx(expected.log_likelihood, abs=LIKELIHOOD)
    assert own.parameters == expected.parameters
    np.testing.assert_allclose(own.fixed["estimate"], expected.fixed["estimate"], atol=ESTIMATE)
    np.testing.assert_allclose(own.fixed["std_error"], expected.fixed["std_error"], rtol=1e-4)
    np.testing.assert_allclose(own.fixed["df"], expected.fixed["df"], rtol=DEGREES)


@pytest.mark.parametrize(("struct", "variances"), [("AR", 1), ("HAR", 3), ("HCS", 3), ("CS", 1)])
def test_the_likelihood_written_out(struct: str, variances: int) -> None:
    """One study at a time by scipy's normal density: the same value, and no higher one nearby."""
    frame = effects()
    own = fitted(frame, "(time|study)", struct, "1", method="ML")
    lags = np.abs(np.subtract.outer([1, 2, 4], [1, 2, 4]))

    def minus_twice(x: np.ndarray) -> float:
        sizes = np.broadcast_to(x[1 : 1 + variances], 3)
        rho = x[-1]
        if abs(rho) >= 1:
            return np.inf
        ties = rho**lags if "AR" in struct else np.where(np.eye(3) > 0, 1.0, rho)
        total = 0.0
        for _, rows in frame.groupby("study"):
            covariance = ties * np.outer(sizes, sizes) + np.diag(rows["v"])
            total -= 2 * multivariate_normal.logpdf(rows["y"], np.full(3, x[0]), covariance)
        return total

    spread = own.variance["std_dev"].to_numpy()[:variances]
    lag = own.correlations["correlation"].iloc[0]
    start = np.array([own.coefficients[0], *spread, lag])
    assert minus_twice(start) == pytest.approx(-2 * own.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(approx_fprime(start, minus_twice, 1e-6), 0.0, atol=2e-3)
    for step in (0.02, -0.02):
        assert all(minus_twice(start + step * unit) > minus_twice(start) for unit in np.eye(len(start)))


@pytest.mark.parametrize("struct", ["UN", "HCS", "AR"])
@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_the_unit_of_the_effects_does_not_matter(struct: str, unit: float) -> None:
    frame = effects()
    own = fitted(frame, "(time|study)" if struct == "AR" else "(outcome|study)", struct)
    scaled = frame.assign(y=frame["y"] * unit, v=frame["v"] * unit**2)
    other = fitted(scaled, own.random, struct)
    np.testing.assert_allclose(other.variance["std_dev"], own.variance["std_dev"] * unit, rtol=1e-4)
    np.testing.assert_allclose(other.fixed["df"], own.fixed["df"], rtol=1e-4)
    np.testing.assert_allclose(other.fixed["p_value"], own.fixed["p_value"], rtol=1e-4)


def test_a_correlation_below_zero_is_no_variance_of_zero() -> None:
    """Nested variances stop at zero, where compound symmetry goes on to negative correlations."""
    frame = effects(5)
    own = frame.groupby("study")["y"].transform("mean")
    frame["y"] = frame["y"] - own
    found = fitted(frame, "(outcome|study)", "CS", "1")
    assert found.correlations["correlation"].iloc[0] < -0.2
    nested = fit_mixed("y ~ 1 + (1|study) + (1|study:outcome)", frame, variances="v", residual=False)
    assert found.log_likelihood > nested.log_likelihood + 1


def test_rows_that_share_errors_and_other_factors_beside_the_structure() -> None:
    frame = effects()
    frame["lab"] = [f"l{int(study[1:]) % 5}" for study in frame["study"]]
    k = len(frame)
    shared = np.diag(frame["v"]) + 0.01 * (np.equal.outer(frame["study"].to_numpy(), frame["study"].to_numpy()))
    found = meta_analyze("y", shared, "dose", random="(outcome|study) + (1|lab)", struct="UN", frame=frame)
    expected = fit_mixed("y ~ dose + (0 + outcome|study) + (1|lab)", frame, variances=shared, residual=False)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-5)
    assert found.q.df == k - 2


def test_what_a_result_says() -> None:
    frame = effects()
    found = fitted(frame, "(outcome|study)", "HCS", "dose")
    text = str(found.summary())
    assert "HCS" in text
    assert "½ log|X'X| as in lme4 (metafor adds it" in text
    content = json.loads(json.dumps(found.to_json()))
    assert content["structures"] == ["HCS"]
    assert len(content["correlations"]) == 3
    constant = 0.5 * np.linalg.slogdet(found.design.X.T @ found.design.X)[1]
    assert content["log_likelihood_constant"] == pytest.approx(constant)
    assert f"{found.log_likelihood + constant:.3f}".replace("-", "−") in text
    assert found.predict(frame.head(2)).shape == (2, 4)
    assert found.robust(frame["study"])["df"].gt(1).all()
    with pytest.raises(CrossliftError, match="ties effects of different clusters"):
        found.robust(frame["outcome"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"struct": "TOEP", "random": "(outcome|study)"}, "structure 'TOEP'"),
        ({"struct": "UN"}, "no group was given"),
        ({"struct": "UN", "random": "(1|study)"}, "0 terms that a structure could apply to"),
        ({"struct": "AR", "random": "(outcome|study)"}, "whole numbers"),
        ({"struct": "CS", "random": "(1 + dose|study)"}, "not for slopes"),
        ({"struct": "CS", "random": "(outcome|study)", "method": "DL"}, "takes REML or ML"),
        ({"struct": "CS", "random": "(outcome|stdy)"}, "stdy"),
    ],
)
def test_what_is_refused(more: dict[str, str], message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        meta_analyze("y", "v", frame=effects(), **more)
