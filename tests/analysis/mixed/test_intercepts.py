"""Models with one column a term take a shorter way through the same formulas."""

from __future__ import annotations

import copy
from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.mixed.criterion import Criterion
from analysis.mixed.inference import hessian
from analysis.mixed.point import Point
from analysis.mixed.traces import TraceSums
from tests.analysis.mixed.designs import Case, cases, examples

# Relative to the largest value of a field: what rounding may leave between two orders of the same sums.
CLOSE = 1e-9
#: Sizes of the standard deviations relative to the residual's; the least are under ``intercepts.TINY``.
SIZES = [0.0, 1e-5, 0.1, 1.0, 5.0]
FIVE = st.lists(st.sampled_from(SIZES), min_size=5, max_size=5)


def flattened(value: object) -> np.ndarray:
    return np.concatenate([np.ravel(item) for item in value]) if isinstance(value, tuple) else np.ravel(value)  # type: ignore[arg-type]


def assert_same(short: Point, long: Point, function: Criterion) -> None:
    outcome = np.sqrt(function.data.matrix[-1, -1])
    for item in fields(Point):
        left, right = flattened(getattr(short, item.name)), flattened(getattr(long, item.name))
        # In balanced designs coefficients are rounding error around zero: the outcome is their unit.
        unit = outcome if item.name == "coefficients" else np.abs(right).max(initial=1e-12)
        assert left.shape == right.shape
        assert np.abs(left - right).max(initial=0.0) < CLOSE * unit, item.name


def thetas(function: Criterion, sizes: list[float]) -> np.ndarray:
    return function.scale * np.resize(sizes, len(function.entries))


@examples(80)
@given(
    case=cases(),
    reml=st.booleans(),
    apart=st.booleans(),
    sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5),
)
def test_both_ways_give_the_same(case: Case, reml: bool, apart: bool, sizes: list[float]) -> None:
    function = case.criterion(reml, apart)
    theta = thetas(function, sizes)
    if function.layout is None:
        assert any(k > 1 for _, k in function.data.shapes) or function.size == 0
        return
    for sigma2 in (None, 0.7):
        assert_same(function(theta, sigma2), function.evaluate(theta, sigma2), function)


@examples(40)
@given(
    case=cases(),
    reml=st.booleans(),
    apart=st.booleans(),
    sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5),
)
def test_second_derivatives_are_the_same(case: Case, reml: bool, apart: bool, sizes: list[float]) -> None:
    function = case.criterion(reml, apart)
    theta = thetas(function, sizes)
    if function.layout is None:
        return
    general = copy.copy(function)
    general.layout = None
    point = general(theta)
    for fixed in (True, False):
        units = [(t, np.eye(1)) for t in range(len(theta))]
        short, long = (TraceSums(which, point, fixed).traces(units) for which in (function, general))
        np.testing.assert_allclose(short, long, rtol=CLOSE, atol=CLOSE * np.abs(long).max())
    np.testing.assert_allclose(
        hessian(function, point),
        hessian(general, point),
        rtol=CLOSE,
        atol=CLOSE * np.abs(hessian(general, point)).max(),
    )
