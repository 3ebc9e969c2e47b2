"""The permutation test equals refits of rows, and holds its level."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.mixed.numerics import crossproducts
from tests.analysis.mixed.test_criterion import make
from tests.analysis.mixed.test_inference import language_design

FORMULA = "gain ~ distance + (1|language) + (1|task)"
# Refits stop at a predicted decrease of 1e-4, which moves a Wald statistic by about its square root times its size.
REFIT = 0.02


@pytest.mark.parametrize("eliminate", [150, 1], ids=["dense", "eliminated"])
def test_each_arrangement_is_a_fit_of_moved_values(eliminate: int, monkeypatch) -> None:
    monkeypatch.setattr(crossproducts, "ELIMINATE", eliminate)
    frame = language_design(14, 5, seed=4)
    found = fit_mixed(FORMULA, frame).permutation_test("distance", draws=5, rng=6)
    values = frame.groupby("language")["distance"].first()
    generator = np.random.default_rng(6)
    for draw in found.draws:
        moved = dict(zip(values.index, values.to_numpy()[generator.permutation(14)], strict=True))
        refit = fit_mixed(FORMULA, frame.assign(distance=frame["language"].map(moved)), df="normal")
        assert draw == pytest.approx(refit.fixed["statistic"].iloc[1] ** 2, rel=REFIT, abs=1e-3)
    beyond = (found.draws >= found.statistic).sum()
    assert found.p_value == (1 + beyond) / 6


def test_an_interaction_is_tested_with_its_main_effect() -> None:
    frame = language_design(14, 5, seed=5)
    frame["size"] = frame["task"].map({f"t{i}": float(i) for i in range(5)})
    found = fit_mixed("gain ~ distance*size + (1|language)", frame).permutation_test("distance", draws=10, rng=0)
    assert found.terms == ("distance", "distance:size")


def test_one_seed_one_p_value_and_a_strong_effect_is_found() -> None:
    frame = language_design(20, 5, seed=7)
    frame["gain"] += 5 * frame["distance"]
    result = fit_mixed(FORMULA, frame)
    first, second = (result.permutation_test("distance", draws=99, rng=1) for _ in range(2))
    assert first.p_value == second.p_value == 0.01
    np.testing.assert_array_equal(first.draws, second.draws)


def test_what_cannot_be_moved() -> None:
    frame = make(51)
    result = fit_mixed("y ~ x + (1|a)", frame)
    with pytest.raises(CrossliftError, match="'x' has several values in 'a0"):
        result.permutation_test("x", by="a")
    with pytest.raises(CrossliftError, match="'language' is not a grouping factor"):
        result.permutation_test("x")
    with pytest.raises(CrossliftError, match="'w' is not in the fixed part"):
        result.permutation_test("w", by="a")
    languages = language_design(14, 5)
    varying = fit_mixed("gain ~ distance + (1|language) + (1 + distance|task)", languages)
    with pytest.raises(CrossliftError, match="varies at random by 'task'"):
        varying.permutation_test("distance")
