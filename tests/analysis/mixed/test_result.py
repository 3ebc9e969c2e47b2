"""Predictions, random effects, JSON and the printed form."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.core.errors import CrossliftError, DesignError
from analysis.mixed import fit_mixed
from tests.analysis.mixed.test_criterion import CROSSED, make


@pytest.fixture(scope="module")
def fitted():
    frame = make(0)
    return frame, fit_mixed(CROSSED, frame)


def test_prediction_of_the_same_rows_from_a_frame(fitted) -> None:
    frame, result = fitted
    np.testing.assert_allclose(result.predict(frame), result.predict(), atol=1e-10)
    fixed = result.predict(frame, random=False)
    np.testing.assert_allclose(fixed, result.coefficients[0] + result.coefficients[1] * frame["x"], atol=1e-10)


def test_prediction_is_fixed_part_plus_modes(fitted) -> None:
    frame, result = fitted
    row = frame.iloc[[5]]
    modes = result.random_effects().set_index(["group", "level", "term"])["value"]
    a, b, c, x = (row[name].iloc[0] for name in ("a", "b", "c", "x"))
    expected = result.coefficients @ [1, x] + modes["a", a, "Intercept"] + x * modes["a", a, "x"]
    expected += modes["b", b, "Intercept"] + modes["c", c, "Intercept"]
    assert result.predict(row)[0] == pytest.approx(expected, abs=1e-10)


def test_new_levels_are_refused_or_average(fitted) -> None:
    frame, result = fitted
    row = frame.iloc[[0]].assign(a="a99")
    with pytest.raises(DesignError, match=r"'a99' is not a level of 'a'.*Use new_levels='average'"):
        result.predict(row)
    average = result.predict(row, new_levels="average")
    known = result.predict(frame.iloc[[0]])
    assert average[0] != pytest.approx(known[0])
    with pytest.raises(CrossliftError, match="'error' or 'average'"):
        result.predict(row, new_levels="zero")


def test_modes_of_each_term_average_to_about_zero(fitted) -> None:
    _, result = fitted
    for _, own in result.random_effects().groupby(["group", "term"]):
        assert abs(own["value"].mean()) < 0.5 * own["value"].std()


def test_json_contract(fitted) -> None:
    _, result = fitted
    content = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert content["command"] == "fit"
    assert set(content) >= {
        "command", "formula", "outcome", "engine", "df_method", "n_obs", "groups", "dropped", "fixed", "variance",
        "log_likelihood", "criterion", "reml", "singular", "converged", "warnings",
    }  # fmt: skip
    assert set(content["fixed"][0]) == {
        "term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
    }  # fmt: skip
    assert set(content["variance"][0]) == {"group", "term", "variance", "std_dev"}
    assert content["variance"][-1]["group"] == "Residual"
    assert content["groups"] == {"a": 9, "b": 6, "c": 4}
    assert content["log_likelihood"] == pytest.approx(-content["criterion"] / 2)


def test_infinite_df_is_null_in_json() -> None:
    content = fit_mixed(CROSSED, make(0), df="normal").to_json()
    assert content["fixed"][0]["df"] is None


def test_one_summary_in_three_forms(fitted) -> None:
    _, result = fitted
    summary = result.summary()
    for form in (str(summary), summary.markdown(), summary.html(), result._repr_html_()):
        assert "Satterthwaite" in form
        assert "correlation of Intercept and x over a" in form
        assert "rows left out: none" in form
    assert repr(result) == f"<MixedResult {result.formula}: 160 rows, reml, satterthwaite>"


def test_a_zero_variance_is_exactly_zero_and_said() -> None:
    frame = make(0)
    rng = np.random.default_rng(0)
    frame["noise"] = rng.normal(size=len(frame))
    frame["noise"] -= frame.groupby("c")["noise"].transform("mean")
    result = fit_mixed("noise ~ 1 + (1|c)", frame)
    assert result.singular
    assert result.variance.set_index("group").loc["c", "variance"] == 0.0
    assert any("the variance of 'Intercept' by 'c' is estimated as zero" in w for w in result.warnings)


def test_the_same_call_gives_the_same_bytes(fitted) -> None:
    frame, result = fitted
    assert json.dumps(fit_mixed(CROSSED, frame).to_json()) == json.dumps(result.to_json())
