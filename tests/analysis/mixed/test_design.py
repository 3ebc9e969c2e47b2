"""What a design refuses, and what it counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import DesignError, FormulaError
from analysis.mixed import fit_mixed
from analysis.mixed.model.design import build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.numerics.whitening import orthonormal_basis
from tests.analysis.mixed.test_criterion import make


def fit(formula: str, frame: pd.DataFrame, **options):
    return fit_mixed(formula, frame, **options)


def test_missing_values_are_dropped_and_counted_by_variable() -> None:
    frame = make(0)
    frame.loc[[3, 4], "x"] = np.nan
    frame.loc[[4, 5], "y"] = np.nan
    frame.loc[9, "a"] = None
    result = fit("y ~ x + (1|a)", frame)
    assert result.n_obs == len(frame) - 4
    counts = dict(result.dropped)
    assert sum(counts.values()) == 4
    assert set(counts) == {"no value for 'x'", "no value for 'y'", "no value for 'a'"}


def test_rows_used_are_marked() -> None:
    frame = make(0)
    frame.loc[3, "x"] = np.nan
    kept = build_design(parse_formula("y ~ x + (1|a)"), frame).kept
    assert kept.sum() == len(frame) - 1
    assert not kept[3]


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ xx + (1|a)", "'xx'.*is not a column of the data.*Did you mean 'x'"),
        ("y ~ x + (1|aa)", "'aa'.*is not a column"),
        ("y ~ x", "no random effect"),
        ("y ~ x +* w + (1|a)", "cannot be read"),
        ("a ~ x + (1|b)", "is not one number per row"),
    ],
)
def test_formulas_that_do_not_fit_the_data(formula: str, message: str) -> None:
    with pytest.raises((FormulaError, DesignError), match=message):
        fit(formula, make(0))


def test_collinear_columns_are_named() -> None:
    frame = make(0).assign(z=lambda d: 2 * d["x"] - 1)
    with pytest.raises(DesignError, match=r"'(x|z|Intercept)' follows from .*Leave one of them out"):
        fit("y ~ x + z + (1|a)", frame)


def test_nearly_collinear_columns_are_fitted() -> None:
    rng = np.random.default_rng(0)
    frame = make(0)
    frame["z"] = frame["x"] + 1e-4 * rng.normal(size=len(frame))
    result = fit("y ~ x + z + (1|a)", frame)
    assert result.converged
    shifted = fit("y ~ x + I(z - x) + (1|a)", frame)
    assert shifted.criterion == pytest.approx(result.criterion, abs=1e-5)


def test_a_factor_with_one_level_is_refused() -> None:
    with pytest.raises(DesignError, match="'b' .* has one level, 'same'.*Remove the term with 'b'"):
        fit("y ~ x + (1|a) + (1|b)", make(0).assign(b="same"))


def test_a_level_for_every_row_is_refused() -> None:
    frame = make(0)
    frame["row"] = [f"r{i}" for i in range(len(frame))]
    with pytest.raises(DesignError, match="160 levels and 160 random effects on 160 rows"):
        fit("y ~ x + (1|row)", frame)


def test_a_constant_outcome_is_refused() -> None:
    with pytest.raises(DesignError, match="is 3 in all 160 rows"):
        fit("y ~ x + (1|a)", make(0).assign(y=3.0))


def test_an_outcome_that_is_a_predictor_is_refused() -> None:
    frame = make(0).assign(z=lambda d: d["y"] * 2)
    with pytest.raises(DesignError, match="reproduce 'y' exactly"):
        fit("y ~ z + (1|a)", frame)


def test_infinite_values_are_refused_with_their_row() -> None:
    frame = make(0)
    frame.loc[7, "x"] = np.inf
    with pytest.raises(DesignError, match="'x' is infinite in row 7"):
        fit("y ~ x + (1|a)", frame)


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_weights_have_to_be_positive(weight: float) -> None:
    frame = make(0)
    frame.loc[2, "w"] = weight
    with pytest.raises(DesignError, match="weight 'w' of row 2"):
        fit("y ~ x + (1|a)", frame, weights="w")


def test_the_same_random_column_twice_is_refused() -> None:
    with pytest.raises(DesignError, match="lets 'Intercept' vary by 'a' twice"):
        fit("y ~ x + (1|a) + (1 + x|a)", make(0))


def test_too_few_rows_are_refused() -> None:
    frame = make(0).head(3).assign(z=[1.0, 5.0, 2.0], a=["p", "q", "p"])
    with pytest.raises(DesignError, match=r"rows"):
        fit("y ~ x + z + w + (1|a)", frame)


def test_no_complete_row() -> None:
    with pytest.raises(DesignError, match="none of the 160 rows has a value for every variable"):
        fit("y ~ x + (1|a)", make(0).assign(x=np.nan))


def test_levels_of_an_interaction_are_the_observed_cells() -> None:
    frame = make(0)
    term = build_design(parse_formula("y ~ x + (1|a:b)"), frame).terms[0]
    assert set(term.levels) == set(frame["a"] + ":" + frame["b"])
    assert [term.levels[c] for c in term.codes] == (frame["a"] + ":" + frame["b"]).tolist()


def test_orthonormal_basis_of_an_ill_conditioned_matrix() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    X = np.column_stack([np.ones(500), x + 1e6, x**2, x + 1e-6 * rng.normal(size=500)])
    basis, triangle = orthonormal_basis(X)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(basis @ triangle, X, rtol=1e-10, atol=1e-6)


def test_numbers_beside_none_are_numbers() -> None:
    frame = make(7)
    result = fit_mixed("y ~ x + (1|a)", frame.drop(index=[0, 5]))
    mixed = frame.astype({"y": object, "x": object})
    mixed.loc[0, "x"] = mixed.loc[5, "y"] = None
    found = fit_mixed("y ~ x + (1|a)", mixed)
    assert found.names == ("Intercept", "x")
    assert found.criterion == result.criterion
