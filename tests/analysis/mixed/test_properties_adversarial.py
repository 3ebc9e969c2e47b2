"""Hostile data: every fit ends, with finite numbers and a word about what is wrong, or with an error that says what is.

Warnings of numpy count as failures here (``filterwarnings = error``): whatever they announce, a user should have been
told in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.mixed.numerics.optimize import EVALUATIONS
from analysis.mixed.result import MixedResult
from tests.analysis.mixed.designs import Case, cases, examples

Spoil = Callable[[Case, np.random.Generator], Case]


def assert_sane(result: MixedResult) -> None:
    """Finite, non-negative where it has to be, and printed."""
    assert result.evaluations <= EVALUATIONS
    assert result.converged or any("do not use the estimates" in warning for warning in result.warnings)
    assert np.isfinite(result.coefficients).all()
    assert np.isfinite(result.criterion)
    assert np.isfinite(result.predict()).all()
    fixed = result.fixed
    assert (fixed["std_error"] > 0).all() and np.isfinite(fixed["std_error"]).all()
    assert (fixed["df"] > 0).all()  # infinite is allowed, NaN is not
    assert fixed["p_value"].between(0, 1).all()
    assert (result.variance["variance"] >= 0).all() and np.isfinite(result.variance["variance"]).all()
    assert str(result.summary())


def ends(case: Case, reml: bool) -> None:
    try:
        result = case.fit(reml)
    except CrossliftError as error:
        assert str(error).strip()
    else:
        assert_sane(result)


def set_y(change: Callable[[pd.DataFrame, np.random.Generator], object]) -> Spoil:
    return lambda case, rng: case.assign(y=change(case.frame, rng))


def set_x(change: Callable[[pd.DataFrame, np.random.Generator], object]) -> Spoil:
    return lambda case, rng: case.assign(x=change(case.frame, rng))


def only(case: Case, rng: np.random.Generator, rows: int) -> Case:
    return case.take(rng.permutation(len(case.frame))[:rows])


def lone_level(case: Case, rng: np.random.Generator) -> Case:
    """All rows in one level but one."""
    kept = case.frame["a"].to_numpy() == case.frame["a"].iloc[0]
    kept[-1] = True
    return case.take(np.flatnonzero(kept))


def variances_times(factor: float) -> Spoil:
    def spoil(case: Case, rng: np.random.Generator) -> Case:
        if case.variances is not None:
            return replace(case, variances=case.variances * factor)
        return case.assign(w=case.frame["w"] * factor) if case.weights else case

    return spoil


def one_precise_row(case: Case, rng: np.random.Generator) -> Case:
    """A row with 1e12 times the precision of the others."""
    if case.variances is not None and case.variances.ndim == 1:
        return replace(case, variances=np.concatenate([case.variances[:1] * 1e-12, case.variances[1:]]))
    return case.assign(w=np.where(case.frame.index == 0, 1e12, 1.0)) if case.weights else case


SPOILS: dict[str, Spoil] = {
    "outcome times 1e12": set_y(lambda d, rng: d["y"] * 1e12),
    "outcome times 1e-12": set_y(lambda d, rng: d["y"] * 1e-12),
    "outcome times 1e60": set_y(lambda d, rng: d["y"] * 1e60),
    "outcome times 1e-60": set_y(lambda d, rng: d["y"] * 1e-60),
    "outcome offset 1e9": set_y(lambda d, rng: d["y"] + 1e9),
    "outcome offset 1e15": set_y(lambda d, rng: d["y"] + 1e15),
    "two values of the outcome": set_y(lambda d, rng: (d["y"] > d["y"].median()).astype(int)),
    "one outcome differs": set_y(lambda d, rng: (d.index == 3).astype(float)),
    "one outcome is 1e12": set_y(lambda d, rng: np.where(d.index == 3, 1e12, d["y"])),
    "levels of a perfectly separated": set_y(lambda d, rng: d["a"].str[1:].astype(float)),
    "levels of a nearly separated": set_y(lambda d, rng: d["a"].str[1:].astype(float) + 1e-9 * d["y"]),
    "outcome is the predictor": set_y(lambda d, rng: 3 * d["x"] - 1),
    "outcome is nearly the predictor": set_y(lambda d, rng: 3 * d["x"] + 1e-9 * d["y"]),
    "a line of its own in every level": set_y(lambda d, rng: d["x"] * d["a"].str[1:].astype(float)),
    "predictor times 1e12": set_x(lambda d, rng: d["x"] * 1e12),
    "predictor times 1e-12": set_x(lambda d, rng: d["x"] * 1e-12),
    "predictor offset 2000": set_x(lambda d, rng: d["x"] + 2000),
    "predictor offset 1e5": set_x(lambda d, rng: d["x"] + 1e5),
    "predictor offset 1e8": set_x(lambda d, rng: d["x"] + 1e8),
    "predictor constant": set_x(lambda d, rng: 2.0),
    "predictor zero": set_x(lambda d, rng: 0.0),
    "predictor constant within levels": set_x(lambda d, rng: d["a"].str[1:].astype(float)),
    "predictor one row": set_x(lambda d, rng: (d.index == 2).astype(float)),
    "predictors duplicated": set_x(lambda d, rng: d["z"]),
    "predictors nearly duplicated": set_x(lambda d, rng: d["z"] + 1e-6 * d["x"]),
    "predictors duplicated to rounding": set_x(lambda d, rng: d["z"] * (1 + 1e-15 * d["x"])),
    "predictor infinite": set_x(lambda d, rng: np.where(d.index == 1, np.inf, d["x"])),
    "predictor missing": set_x(lambda d, rng: np.nan),
    "two rows": lambda case, rng: only(case, rng, 2),
    "three rows": lambda case, rng: only(case, rng, 3),
    "five rows": lambda case, rng: only(case, rng, 5),
    "eight rows": lambda case, rng: only(case, rng, 8),
    "one level of a": lambda case, rng: case.assign(a="a0"),
    "a second level of one row": lone_level,
    "every row its own level": lambda case, rng: case.assign(a=[f"a{i}" for i in range(len(case.frame))]),
    "factors b and a alike": lambda case, rng: case.assign(b=case.frame["a"]),
    "every row three times": lambda case, rng: case.take(np.repeat(np.arange(len(case.frame)), 3)),
    "precision times 1e-12": variances_times(1e12),
    "precision times 1e12": variances_times(1e-12),
    "one row 1e12 times as precise": one_precise_row,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPOILS)
@examples(6)
@given(case=cases(), reml=st.booleans(), seed=st.integers(0, 1000))
def test_every_fit_ends(name: str, case: Case, reml: bool, seed: int) -> None:
    ends(SPOILS[name](case, np.random.default_rng(seed)), reml)


@examples(40)
@given(case=cases(), reml=st.booleans(), names=st.lists(st.sampled_from(sorted(SPOILS)), min_size=2, max_size=3))
def test_every_fit_ends_with_several_things_wrong(case: Case, reml: bool, names: list[str]) -> None:
    rng = np.random.default_rng(0)
    for name in names:
        case = SPOILS[name](case, rng)
    ends(case, reml)


values = st.sampled_from([0.0, 1.0, -1.0, 2.5, 1e-9, 1e9]) | st.floats(-100, 100)


@examples(100)
@given(
    rows=st.lists(st.tuples(values, values, st.sampled_from("pqr"), st.sampled_from("st")), min_size=1, max_size=9),
    formula=st.sampled_from(["y ~ 1 + (1|a)", "y ~ x + (1|a) + (1|b)", "y ~ x + (1 + x|a)", "y ~ x + (x||a)"]),
    reml=st.booleans(),
)
def test_tables_of_a_few_rows(rows: list[tuple[float, float, str, str]], formula: str, reml: bool) -> None:
    """Numbers from a handful: ties, copies, exact fits and empty cells by the dozen."""
    case = Case(formula, pd.DataFrame(rows, columns=["y", "x", "a", "b"]), (), ())
    ends(case, reml)


def test_a_search_cut_short_is_not_passed_off_as_an_estimate() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=40), "a": np.repeat(list("pqrst"), 8)})
    frame["y"] = rng.normal(size=40) + rng.normal(size=5).repeat(8)
    result = fit_mixed("y ~ x + (1 + x|a)", frame, evaluations=1)
    assert not result.converged
    assert_sane(result)
