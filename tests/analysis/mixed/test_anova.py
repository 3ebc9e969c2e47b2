"""Tests of terms and means of factors: what must hold of them whatever the data; peers are in tests/validation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import studentized_range

from analysis.core.errors import CrossliftError
from analysis.meta import meta_analyze
from analysis.mixed import fit_mixed

# Satterthwaite's df of a joint test depend a little on the rows that state it; the statistics do not.
STATISTIC, DEGREES = 1e-8, 1e-3
FORMULA = "y ~ f * g + x + (1|s)"


def grid(seed: int = 1, missing: int = 0) -> pd.DataFrame:
    """Two factors by subjects, each cell three times; ``missing`` rows are taken out."""
    rng = np.random.default_rng(seed)
    cells = list(product(["a", "b", "c"], ["u", "v"], [f"s{i}" for i in range(8)], range(3)))
    frame = pd.DataFrame(cells, columns=["f", "g", "s", "rep"])
    frame["x"] = np.tile([-1.0, 0.0, 1.0], len(frame) // 3)
    effect = frame["f"].map({"a": 0.0, "b": 1.0, "c": 0.3}) + frame["g"].map({"u": 0.0, "v": 0.5})
    subject = frame["s"].map(dict(zip(frame["s"].unique(), rng.normal(size=8), strict=True)))
    frame["y"] = effect + subject + 0.2 * frame["x"] + rng.normal(size=len(frame))
    return frame.drop(rng.choice(len(frame), missing, replace=False)).reset_index(drop=True)


def test_in_a_balanced_design_all_types_are_one() -> None:
    found = fit_mixed(FORMULA, grid())
    tables = [found.anova(kind).set_index("term") for kind in (1, "II", "3")]
    assert list(tables[0].index) == ["f", "g", "x", "f:g"]
    for other in tables[1:]:
        np.testing.assert_allclose(other.to_numpy(), tables[0].to_numpy(), rtol=1e-6)
    assert tables[0]["num_df"].tolist() == [2, 1, 1, 2]


def test_in_an_unbalanced_one_they_differ_and_the_last_term_is_the_same_in_all() -> None:
    found = fit_mixed(FORMULA, grid(missing=60))
    tables = [found.anova(kind).set_index("term") for kind in (1, 2, 3)]
    for other in tables[1:]:
        last = other.loc["f:g"], tables[0].loc["f:g"]
        assert last[0]["statistic"] == pytest.approx(last[1]["statistic"], rel=STATISTIC)
        np.testing.assert_allclose(last[0], last[1], rtol=DEGREES)
        assert abs(other.loc["f", "statistic"] / tables[0].loc["f", "statistic"] - 1) > 1e-3


def test_type_three_does_not_depend_on_the_coding() -> None:
    frame = grid(missing=60)
    found = fit_mixed(FORMULA, frame).anova(3)
    summed = fit_mixed(FORMULA.replace("f * g", "S(f) * S(g)"), frame).anova(3)
    other = fit_mixed(FORMULA, frame.assign(f=frame["f"].map({"a": "z", "b": "b", "c": "c"}))).anova(3)
    for table in (summed, other):
        np.testing.assert_allclose(table["statistic"], found["statistic"], rtol=STATISTIC)
        columns = ["num_df", "den_df", "p_value"]
        np.testing.assert_allclose(table[columns], found[columns], rtol=DEGREES)


def test_kenward_roger_and_refusals() -> None:
    frame = grid()
    assert fit_mixed(FORMULA, frame, df="kenward-roger").anova().loc[0, "num_df"] == 2
    with pytest.raises(CrossliftError, match="1, 2 or 3, not 'IV'"):
        fit_mixed(FORMULA, frame).anova("IV")
    with pytest.raises(CrossliftError, match="no term to test"):
        fit_mixed("y ~ 1 + (1|s)", frame).anova()


def test_means_over_cells_and_over_rows_are_named_and_differ() -> None:
    frame = grid(missing=60)
    found = fit_mixed("y ~ f + g + x + (1|s)", frame)
    cells, rows = found.means("f"), found.means("f", over="rows")
    assert (cells.over, rows.over) == ("cells", "rows")
    coefficients = found.fixed.set_index("term")["estimate"]
    middle = coefficients["Intercept"] + coefficients["x"] * frame["x"].mean()
    assert cells.table["estimate"].iloc[0] == pytest.approx(middle + 0.5 * coefficients["g[v]"])
    assert rows.table["estimate"].iloc[0] == pytest.approx(middle + (frame["g"] == "v").mean() * coefficients["g[v]"])
    both = found.means(["f", "g"], at={"x": 1.0}).table
    assert both[["f", "g"]].apply(tuple, axis=1).tolist() == list(product("abc", "uv"))
    assert both["estimate"].iloc[0] == pytest.approx(coefficients["Intercept"] + coefficients["x"])


def test_factors_in_calls_and_truth_values_count_as_factors() -> None:
    frame = grid().assign(n=lambda d: d["f"].map({"a": 1, "b": 2, "c": 3}), late=lambda d: d["g"] == "v")
    found = fit_mixed("y ~ factor(n) + late + (1|s)", frame)
    assert found.means("n").table["n"].tolist() == [1, 2, 3]
    assert found.means("late").table["late"].tolist() == [False, True]


@pytest.mark.parametrize("adjustment", ["tukey", "holm", "bh", "none"])
def test_pairs_have_intervals_that_go_with_their_p_values(adjustment: str) -> None:
    means = fit_mixed(FORMULA, grid(3, missing=40)).means(["f", "g"])
    pairs = means.pairs(adjustment)
    assert len(pairs) == 15
    assert pairs["contrast"].iloc[0] == "a u - a v"
    outside = (pairs["conf_low"] > 0) | (pairs["conf_high"] < 0)
    np.testing.assert_array_equal(outside, pairs["p_adjusted"] < 0.05)
    assert (pairs["p_adjusted"] >= pairs["p_value"] - 1e-12).all()
    if adjustment == "tukey":
        row = pairs.iloc[3]
        expected = studentized_range.sf(abs(row["statistic"]) * np.sqrt(2), 6, row["df"])
        assert row["p_adjusted"] == pytest.approx(expected)
        reach = studentized_range.ppf(0.95, 6, row["df"]) / np.sqrt(2)
        assert row["conf_high"] == pytest.approx(row["estimate"] + reach * row["std_error"])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fit: fit.means("x"), "'x' is not a factor"),
        (lambda fit: fit.means("ff"), "'ff' is not a factor.*Did you mean|'ff' is not a factor"),
        (lambda fit: fit.means("f", over="grid"), "way to average"),
        (lambda fit: fit.means("f", over="rows", at={"x": 1.0}), "keep their own numbers"),
        (lambda fit: fit.means("f", at={"g": 1.0}), "number"),
        (lambda fit: fit.means("f").pairs("scheffe"), "adjustment 'scheffe'"),
        (lambda fit: fit.means("f").pairs(level=95), "between 0 and 1"),
    ],
)
def test_what_is_refused(ask, message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        ask(fit_mixed(FORMULA, grid()))


def test_all_three_kinds_of_meta_analysis_answer_alike() -> None:
    frame = grid(5).assign(v=0.4)
    plain = meta_analyze("y", "v", "f + g", frame=frame)
    crossed = meta_analyze("y", "v", "f + g", random="(1|s)", frame=frame)
    structured = meta_analyze("y", "v", "f + g", random="(g|s)", struct="CS", frame=frame)
    for found in (plain, crossed, structured):
        assert found.anova()["term"].tolist() == ["f", "g"]
        assert len(found.means("f").pairs("holm")) == 3
        assert found.means("g", over="rows").table["g"].tolist() == ["u", "v"]
    one = plain.anova().iloc[0]
    two = meta_analyze("y", "v", "f", frame=frame)
    assert meta_analyze("y", "v", "f + g", test="z", frame=frame).anova()["den_df"].eq(np.inf).all()
    assert one["num_df"] == two.moderator_test().loc[0, "num_df"] == 2
    np.testing.assert_allclose(
        two.anova()[["statistic", "p_value"]], two.moderator_test()[["statistic", "p_value"]], rtol=1e-9
    )


def test_a_meta_analysis_without_moderators_has_no_terms() -> None:
    with pytest.raises(CrossliftError, match="no term to test"):
        meta_analyze([0.1, 0.5, 0.3, 0.9], [0.1] * 4).anova()
