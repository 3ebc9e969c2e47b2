"""Degrees of freedom and tests against exact results."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed

# The search stops when the criterion would fall by less than 1e-10; degrees of freedom of a balanced design follow the
# variance parameters with about the square root of that.
EXACT = 1e-4


def language_design(languages: int, tasks: int, seed: int = 0) -> pd.DataFrame:
    """Balanced: every language in every task, a factor that varies by language only."""
    rng = np.random.default_rng(seed)
    distance = rng.uniform(size=languages)
    own = rng.normal(size=languages)
    rows = [
        (f"l{i:02d}", f"t{j}", distance[i], 3 * distance[i] + own[i] + rng.normal())
        for i in range(languages)
        for j in range(tasks)
    ]
    return pd.DataFrame(rows, columns=["language", "task", "distance", "gain"])


@pytest.mark.parametrize("languages", [8, 20, 40])
def test_a_language_level_factor_has_two_fewer_df_than_languages(languages: int) -> None:
    result = fit_mixed("gain ~ distance + (1|language)", language_design(languages, 5))
    slope = result.fixed.set_index("term").loc["distance"]
    assert slope["df"] == pytest.approx(languages - 2, abs=EXACT * languages)


def test_balanced_slope_equals_the_regression_of_language_means() -> None:
    """In a balanced design the mixed model's test of a language-level factor is least squares on the means."""
    frame = language_design(25, 4, seed=1)
    slope = fit_mixed("gain ~ distance + (1|language)", frame).fixed.set_index("term").loc["distance"]
    means = frame.groupby("language")[["distance", "gain"]].mean()
    exact = stats.linregress(means["distance"], means["gain"])
    assert slope["estimate"] == pytest.approx(exact.slope, rel=1e-8)
    assert slope["std_error"] == pytest.approx(exact.stderr, rel=1e-5)
    assert slope["p_value"] == pytest.approx(exact.pvalue, rel=1e-4)


def test_paired_design_equals_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    block = rng.normal(size=12) * 2
    frame = pd.DataFrame(
        {
            "y": np.concatenate([block + rng.normal(size=12), block + 0.8 + rng.normal(size=12)]),
            "treated": np.repeat([0.0, 1.0], 12),
            "block": [f"b{i}" for i in range(12)] * 2,
        }
    )
    effect = fit_mixed("y ~ treated + (1|block)", frame).fixed.set_index("term").loc["treated"]
    exact = stats.ttest_rel(frame["y"][12:].to_numpy(), frame["y"][:12].to_numpy())
    assert effect["statistic"] == pytest.approx(exact.statistic, rel=1e-5)
    assert effect["df"] == pytest.approx(11, abs=EXACT * 11)
    assert effect["p_value"] == pytest.approx(exact.pvalue, rel=1e-4)


def test_normal_reference_has_infinite_df_and_narrower_intervals() -> None:
    frame = language_design(12, 4)
    t = fit_mixed("gain ~ distance + (1|language)", frame).fixed.loc[1]
    z = fit_mixed("gain ~ distance + (1|language)", frame, df="normal").fixed.loc[1]
    assert np.isinf(z["df"])
    assert z["conf_high"] - z["conf_low"] < t["conf_high"] - t["conf_low"]
    assert z["conf_high"] - z["estimate"] == pytest.approx(stats.norm.ppf(0.975) * z["std_error"], rel=1e-9)


def test_unknown_df_method_names_the_nearest() -> None:
    with pytest.raises(CrossliftError, match="Did you mean 'satterthwaite'"):
        fit_mixed("gain ~ distance + (1|language)", language_design(8, 3), df="satterthwait")


def test_contrast_of_the_wrong_width_is_refused() -> None:
    result = fit_mixed("gain ~ distance + (1|language)", language_design(8, 3))
    with pytest.raises(CrossliftError, match="needs 2 weights"):
        result.contrast(np.ones((1, 3)))


def test_conf_int_level() -> None:
    result = fit_mixed("gain ~ distance + (1|language)", language_design(10, 3))
    wide, narrow = result.conf_int(0.99), result.conf_int(0.5)
    assert (wide["conf_low"] < narrow["conf_low"]).all()
    assert (wide["conf_high"] > narrow["conf_high"]).all()


def blocks(blocks: int, treatments: int, seed: int = 5) -> pd.DataFrame:
    """Randomised blocks: every treatment once in every block."""
    rng = np.random.default_rng(seed)
    block, treatment = np.divmod(np.arange(blocks * treatments), treatments)
    y = 2.0 * rng.normal(size=blocks)[block] + 0.4 * treatment + rng.normal(size=len(block))
    frame = pd.DataFrame({"y": y, "block": block, "treatment": [f"t{i}" for i in treatment]})
    return frame.astype({"block": "str"})


@pytest.mark.parametrize("df", ["satterthwaite", "kenward-roger"])
def test_the_joint_test_of_a_balanced_design_is_the_anova_f_test(df: str) -> None:
    frame = blocks(10, 4)
    result = fit_mixed("y ~ treatment + (1|block)", frame, df=df)
    found = result.test(np.eye(4)[1:]).iloc[0]
    table = frame["y"].to_numpy().reshape(10, 4)
    means = table.mean()
    between = 10 * ((table.mean(axis=0) - means) ** 2).sum() / 3
    left = table - table.mean(axis=0) - table.mean(axis=1)[:, None] + means
    assert found["num_df"] == 3
    assert found["den_df"] == pytest.approx(27, abs=27 * EXACT)
    assert found["statistic"] == pytest.approx(between / ((left**2).sum() / 27), rel=1e-4)
    assert found["p_value"] == pytest.approx(stats.f.sf(found["statistic"], 3, found["den_df"]), rel=1e-9)


@pytest.mark.parametrize("df", ["satterthwaite", "kenward-roger", "normal"])
def test_the_joint_test_of_one_contrast_is_its_t_test(df: str) -> None:
    result = fit_mixed("gain ~ distance + (1|language) + (1|task)", language_design(12, 5, seed=2), df=df)
    slope = result.fixed.set_index("term").loc["distance"]
    found = result.test([[0.0, 3.0], [0.0, -1.0]]).iloc[0]  # one hypothesis, stated twice
    assert found["num_df"] == 1
    assert found["statistic"] == pytest.approx(slope["statistic"] ** 2, rel=1e-9)
    assert found["p_value"] == pytest.approx(slope["p_value"], rel=1e-7)


def test_kenward_roger_is_refused_for_maximum_likelihood() -> None:
    with pytest.raises(CrossliftError, match="defined for REML"):
        fit_mixed("gain ~ distance + (1|language)", language_design(8, 3), reml=False, df="kenward-roger")


def test_a_joint_test_of_nothing_is_refused() -> None:
    result = fit_mixed("gain ~ distance + (1|language)", language_design(8, 3))
    with pytest.raises(CrossliftError, match="not all of them zero"):
        result.test([[0.0, 0.0]])
