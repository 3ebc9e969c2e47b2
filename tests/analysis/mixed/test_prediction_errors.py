"""Errors of predictions: how they follow the variance parameters, and the degrees of freedom that come of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.mixed import fit_mixed
from analysis.mixed.inference.average_predictions import average_predictions
from analysis.mixed.inference.prediction_errors import PredictionErrors
from tests.analysis.mixed.designs import Case, cases, examples

STEP, DIFFERENCE = 1e-4, 1e-5


@examples(60)
@given(case=cases(), reml=st.booleans(), apart=st.booleans(), seed=st.integers(0, 1000), zero=st.booleans())
def test_slopes_are_derivatives(case: Case, reml: bool, apart: bool, seed: int, zero: bool) -> None:
    """Of the variance of any prediction, with known sampling variances, kernels and random slopes too."""
    function = case.criterion(reml, apart)
    rng = np.random.default_rng(seed)
    theta = function.scale * rng.uniform(0.2, 1.5, len(function.entries))
    if zero:
        theta[seed % len(theta)] = 0.0
    shapes = function.data.shapes[: len(case.terms)]  # a residual on top of known variances comes after them
    size = sum(levels * k for levels, k in shapes)
    X, Z = rng.normal(size=(4, function.data.p)), rng.normal(size=(4, size))
    Z[0] = 0.0  # the fixed part alone

    def variance(at: np.ndarray) -> np.ndarray:
        return PredictionErrors(function, function(at, 0.7), size).variance(X, Z, {})[0]

    _, slopes = PredictionErrors(function, function(theta, 0.7), size).variance(X, Z, {})
    steps = STEP * function.scale * np.eye(len(theta))
    expected = np.stack([(variance(theta + step) - variance(theta - step)) for step in steps], axis=1)
    scale = np.abs(variance(theta)).max() / function.scale
    np.testing.assert_allclose(slopes, expected / (2 * STEP * function.scale), atol=DIFFERENCE * scale, rtol=1e-4)


def balanced(groups: int, each: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    effect = rng.normal(0.0, 2.0, groups)
    table = [(f"g{g}", effect[g] + rng.normal()) for g in range(groups) for _ in range(each)]
    return pd.DataFrame(table, columns=["group", "y"])


@pytest.mark.parametrize(("groups", "each"), [(4, 3), (8, 5), (20, 2)])
def test_a_new_outcome_of_a_new_group_has_satterthwaites_own_df(groups: int, each: int) -> None:
    """Its variance is a sum of two mean squares, for which Satterthwaite (1946) gave the formula."""
    frame = balanced(groups, each, groups)
    means = frame.groupby("group")["y"].mean()
    between = each * means.var(ddof=1)
    within = ((frame["y"] - frame["group"].map(means)) ** 2).sum() / (groups * (each - 1))
    first, second = (1 + 1 / groups) / each * between, (1 - 1 / each) * within
    df = (first + second) ** 2 / (first**2 / (groups - 1) + second**2 / (groups * (each - 1)))
    result = fit_mixed("y ~ 1 + (1|group)", frame)
    rows = pd.DataFrame({"group": ["new"]})
    found = result.predictions(rows, new_levels="average", outcome=True).iloc[0]
    assert found["std_error"] ** 2 == pytest.approx(first + second, rel=1e-6)
    assert found["df"] == pytest.approx(df, rel=1e-5)
    # Of the expectation there is the variance between groups, its own and the mean's, less what rows add to it.
    average = average_predictions(result, rows, np.ones((1, 1))).iloc[0]
    expected = (first - within / each) ** 2 / (first**2 / (groups - 1) + (within / each) ** 2 / (groups * (each - 1)))
    assert average["df"] == pytest.approx(expected, rel=1e-5)


def test_without_random_effects_the_df_are_those_of_the_tests() -> None:
    frame = balanced(6, 4, 3).assign(x=np.tile(np.arange(4.0), 6))
    result = fit_mixed("y ~ x + (1|group)", frame)
    X = np.array([[1.0, 2.0], [0.0, 1.0]])
    state = result.engine_state()
    errors = PredictionErrors(state.criterion, state.point, 6)
    variance, slopes = errors.variance(X, np.zeros((2, 6)), {})
    np.testing.assert_allclose(errors.degrees(result.reference, variance, slopes, X), result.reference.degrees(X))
    normal = fit_mixed("y ~ x + (1|group)", frame, df="normal").predictions()
    assert np.isinf(normal["df"]).all()
