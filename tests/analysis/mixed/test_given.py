"""Weights and variances: as columns, arrays and Series alike; what is not understood is refused in plain words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.meta import meta_analyze
from analysis.mixed import fit_mixed
from tests.analysis.mixed.test_criterion import make

FORMULA = "y ~ x + (1|a)"


def frame() -> pd.DataFrame:
    made = make(21)
    made["w"] = np.random.default_rng(2).uniform(0.5, 2.0, len(made))
    return made


@pytest.mark.parametrize("argument", ["weights", "variances"])
def test_a_column_an_array_and_a_series_are_the_same(argument: str) -> None:
    data = frame()
    expected = fit_mixed(FORMULA, data, **{argument: "w"})
    shuffled = data["w"].sample(frac=1.0, random_state=1)
    for given in (data["w"].to_numpy(), data["w"].tolist(), data["w"], shuffled):
        assert fit_mixed(FORMULA, data, **{argument: given}).criterion == expected.criterion


def test_weights_given_beside_a_column_of_that_name_leave_the_column_alone() -> None:
    data = frame().rename(columns={"x": "weights"})
    found = fit_mixed("y ~ weights + (1|a)", data, weights=data["w"].to_numpy())
    assert found.criterion == fit_mixed(FORMULA, frame(), weights="w").criterion


def test_a_missing_weight_is_a_row_left_out_and_counted() -> None:
    data = frame()
    weights = data["w"].to_numpy().copy()
    weights[3] = np.nan
    assert fit_mixed(FORMULA, data, weights=weights).dropped == (("no value for 'weights'", 1),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0, 2.0], "2 .* were given for"),
        (pd.Series([1.0, 2.0]), "2 .* were given for"),
        (np.ones(3), "3 .* were given for"),
        ("all", "is not a column|not a column"),
        (3.0, "have shape"),
    ],
)
@pytest.mark.parametrize("argument", ["weights", "variances"])
def test_what_is_not_one_number_per_row(argument: str, given: object, message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        fit_mixed(FORMULA, frame(), **{argument: given})


def test_words_and_foreign_indexes_are_refused() -> None:
    data = frame()
    with pytest.raises(CrossliftError, match="weights are not numbers"):
        fit_mixed(FORMULA, data, weights=["heavy"] * len(data))
    foreign = pd.Series(data["w"].to_numpy(), index=[f"r{i}" for i in range(len(data))])
    with pytest.raises(CrossliftError, match="another index than the frame.*array in the order of its rows"):
        fit_mixed(FORMULA, data, weights=foreign)


def test_a_kind_of_interval_in_the_place_of_its_level() -> None:
    draws = fit_mixed(FORMULA, frame()).bootstrap(20, rng=1)
    with pytest.raises(
        CrossliftError, match=r"number between 0 and 1, not 'percentile'.*conf_int\(kind='percentile'\)"
    ):
        draws.conf_int("percentile")
    with pytest.raises(CrossliftError, match="number between 0 and 1, not 'wide'"):
        draws.conf_int("wide")


def test_a_list_of_steps_is_not_one_step() -> None:
    found = meta_analyze([0.1, 0.5, 0.9, 0.2], [0.02, 0.04, 0.1, 0.03])
    with pytest.raises(CrossliftError, match=r"one step, a p-value such as 0.025; \[0.025, 0.5\] was given"):
        found.selection(step=[0.025, 0.5])
    with pytest.raises(CrossliftError, match="one step"):
        found.selection(step="0.05")
