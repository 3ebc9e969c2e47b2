"""The forms' own properties, sizes as users write them, and mixtures of predictions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.outcomes.axes import find_axis
from analysis.questions.scaling.forms import FORMS
from analysis.questions.scaling.mixture_curves import Mixture

SIZES = np.log2([0.56, 1.1, 1.7, 3.0, 7.1, 176.0])


@given(st.floats(0.01, 3.0))
def test_a_power_law_rises_and_saturates(alpha: float) -> None:
    z = np.linspace(-2, 12, 50)
    y = FORMS["power"].basis(z, alpha, -2.0)
    steps = np.diff(y)
    assert y[0] == 0.0
    assert (steps >= 0).all() and (np.diff(steps) <= 1e-12).all()
    assert y[-1] <= 1.0 / (alpha * np.log(2.0))
    # c - d x^-alpha with c, d as the module's first lines have them
    c = 1.0 / (alpha * np.log(2.0))
    np.testing.assert_allclose(y, c - c * 2.0 ** (-2.0 * alpha) * (2.0**z) ** -alpha, atol=1e-9)


def test_a_power_law_of_no_exponent_is_the_straight_line() -> None:
    np.testing.assert_allclose(FORMS["power"].basis(SIZES, 1e-9, SIZES[0]), SIZES - SIZES[0], rtol=1e-7)


def test_a_threshold_below_the_smallest_size_is_the_straight_line() -> None:
    starts = FORMS["threshold"].search(SIZES)
    assert starts[0] == SIZES[0] and starts[-1] == SIZES[-2]
    np.testing.assert_allclose(FORMS["threshold"].basis(SIZES, SIZES[0], SIZES[0]), SIZES - SIZES[0])
    assert (FORMS["threshold"].basis(SIZES, 2.0, SIZES[0])[:4] == 0).all()


@pytest.mark.parametrize(
    ("axis", "text", "value"),
    [("size", "7B", np.log2(7)), ("size", "560m", np.log2(0.56)), ("examples", "20K", np.log2(20)),
     ("examples", "500", -1.0), ("corpus", "8", 3.0)],
)  # fmt: skip
def test_sizes_as_they_are_written(axis: str, text: str, value: float) -> None:
    assert find_axis(axis).parse(text) == pytest.approx(value)


def test_sizes_as_they_are_printed() -> None:
    assert [find_axis("size").label(z) for z in SIZES[[0, 4, 5]]] == ["560M", "7.1B", "176B"]
    assert find_axis("examples").label(np.log2(20)) == "20K"
    assert find_axis("corpus").label(3.0) == "8.0"


@pytest.mark.parametrize(("axis", "text"), [("size", "7"), ("size", "-7B"), ("size", "big"), ("corpus", "7B")])
def test_what_is_no_size_is_refused(axis: str, text: str) -> None:
    with pytest.raises(CrossliftError, match=f"'{text}' is not .*Write it like"):
        find_axis(axis).parse(text)


def test_an_unknown_factor_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown factor 'sise'. Did you mean 'size'"):
        find_axis("sise")


def test_one_component_is_its_t_interval() -> None:
    mixture = Mixture(np.array([[3.0]]), np.array([[2.0]]), np.array([[5.0]]), np.ones(1))
    low, high = mixture.interval(0.9)
    assert (low[0], high[0]) == pytest.approx(stats.t.interval(0.9, 5, 3, 2))
    assert mixture.mean[0] == 3.0 and mixture.std_dev[0] == 2.0


def test_components_apart_are_covered_by_their_shares() -> None:
    mixture = Mixture(np.array([[0.0], [100.0]]), np.ones((2, 1)), np.full((2, 1), np.inf), np.array([0.3, 0.7]))
    assert mixture.quantile(0.15)[0] == pytest.approx(0.0, abs=1e-6)
    assert mixture.quantile(0.65)[0] == pytest.approx(100.0, abs=1e-6)
    assert mixture.mean[0] == pytest.approx(70.0)
