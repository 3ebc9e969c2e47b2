"""What the reports compute, against planted truths and exact designs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import analysis
from analysis.core.errors import CrossliftError
from analysis.outcomes.chance import add_floor
from analysis.reports.averages import average_gains
from analysis.reports.compare import against_direct, mean_value
from analysis.reports.growth import between_models, floor_table, growth, paired_growth, size_rows
from analysis.reports.mixture_arms import arm_rows, arms_at, between_sizes

LANGUAGES = ["deu", "fra", "spa", "rus", "hin", "urd", "tur", "tha", "vie", "zho", "swa", "tam"]
SIZES = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 7.0])


def planted(slope: float = 2.0, bend: float = -3.0, noise: float = 0.3, seed: int = 1) -> pd.DataFrame:
    """Gains of six sizes in twelve languages and four tasks: ``slope`` per doubling, ``bend`` more per distance."""
    rng = np.random.default_rng(seed)
    rows = [
        {"language": language, "typology": 0.3 + 0.04 * i, "target_task": task, "model": f"m{k}", "log_params": size,
         "condition": "c", "family": "BLOOM", "intermediate_task": mixture, "intermediate_language": words,
         "score_without": 40.0, "n_items": 1000.0,
         "gain": 5.0 + extra * size + slope * size + bend * size * (0.3 + 0.04 * i)
         + noise * float(rng.standard_normal())}
        for i, language in enumerate(LANGUAGES) for task in ("xnli", "xcopa", "pawsx", "xwinograd")
        for k, size in enumerate(SIZES) for mixture, words, extra in (("xP3", "mul", 0.5), ("P3", "eng", 0.0))
        if mixture == "xP3" or k in (3, 5)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_models_counted_once_are_least_squares_of_their_means() -> None:
    rows = planted()
    rows = rows[rows["intermediate_task"] == "xP3"]
    found = between_models(rows)
    means = rows.groupby("log_params")["gain"].mean()
    reference = sm.OLS(means.to_numpy(), sm.add_constant(means.index.to_numpy())).fit()
    low, high = reference.conf_int()[1]
    assert found.df == len(SIZES) - 2
    np.testing.assert_allclose(
        [found.estimate, found.low, found.high, found.p],
        [reference.params[1], low, high, reference.pvalues[1]],
        rtol=1e-9,
    )


def test_growth_finds_what_was_planted() -> None:
    frame, notes = size_rows(planted())
    assert notes.mixture == "xP3"
    found = growth(frame[frame["intermediate_task"] == "xP3"])
    assert found.interaction.low < -0.3 < found.interaction.high
    for value, distance in zip((found.near, found.far), found.distances, strict=True):
        assert value.low < 2.5 - 3.0 * distance < value.high


def test_paired_growth_is_per_doubling() -> None:
    found = paired_growth(planted(noise=0.01), "eng")
    assert found is not None and found.models == ("m3", "m5")
    mean = 2.0 - 3.0 * (0.3 + 0.04 * 5.5)
    np.testing.assert_allclose(found.mean.estimate, mean, atol=0.01)
    np.testing.assert_allclose(found.slope.estimate, -0.3, atol=0.01)
    assert paired_growth(planted().query("intermediate_task == 'xP3'"), "eng") is None


def test_too_few_sizes_are_refused() -> None:
    with pytest.raises(CrossliftError, match="no intermediate stage was used at 3 model sizes or more"):
        size_rows(planted().query("log_params > 2"))


def test_two_mixtures_cell_by_cell() -> None:
    cells, pair = arm_rows(planted(noise=0.01), "P3", "xP3")
    assert pair.models == ("m3", "m5") and pair.sizes == (2.0, 7.0)
    found = arms_at(cells, pair)
    np.testing.assert_allclose([found.small.estimate, found.large.estimate], [1.0, 3.5], atol=0.01)
    np.testing.assert_allclose(
        found.between(16_000.0).estimate, 2.0, atol=0.01
    )  # log2 of 16 is 4: two fifths of the way
    change = between_sizes(cells, pair, "P3", 8_000.0, 32_000.0)
    np.testing.assert_allclose(change.value.estimate, 2 * (2.0 - 3.0 * 0.52), atol=0.02)
    with pytest.raises(CrossliftError, match="no model was tuned on both 'P3' and 'Other'"):
        arm_rows(planted(), "P3", "Other")


def test_arms_count_every_row_that_is_left_out() -> None:
    gains = planted()
    cells, pair = arm_rows(gains, "P3", "xP3")
    assert 2 * len(cells) + sum(rows for _, rows in pair.dropped) == len(gains)


def test_mean_is_the_one_sample_t() -> None:
    values = [1.1, 0.8, -1.4, 10.9, 2.3]
    reference = sm.stats.DescrStatsW(values)
    found = mean_value(values, "points")
    np.testing.assert_allclose([found.low, found.high], reference.tconfint_mean(), rtol=1e-9)
    assert found.df == 4.0
    with pytest.raises(CrossliftError, match="1 value does not give an interval"):
        mean_value([1.0], "points")


def test_intermediate_is_held_against_direct_in_the_same_cell() -> None:
    base = analysis.read_inputs(["devlin2019_mbert"]).records.iloc[0]
    noise = np.random.default_rng(1).standard_normal((12, 3, 3))
    rows = [
        base.to_dict() | {"language": language, "model": model, "target_task": task, "method": method, "gain": np.nan,
                          "score": 60.0 + i + (2.0 + float(noise[i, j, k]) if method == "intermediate" else 0.0)}
        for i, language in enumerate(LANGUAGES) for j, model in enumerate("abc")
        for k, task in enumerate(("xnli", "pawsx", "tydiqa")) for method in ("direct", "intermediate")
    ]  # fmt: skip
    records = pd.DataFrame(rows).astype(analysis.read_inputs(["devlin2019_mbert"]).records.dtypes.to_dict())
    found = against_direct(records)
    assert found is not None and found.cells == 12 * 9 and found.languages == 12
    np.testing.assert_allclose(found.value.estimate, 2.0 + noise.mean(), atol=1e-6)  # a balanced design: the mean
    assert against_direct(records[records["method"] == "direct"]) is None


def test_average_gains_pair_published_rows() -> None:
    records = analysis.read_inputs(["chung2021_rembert", "xue2021_mt5"]).records
    found = average_gains(records, "f1").set_index(["study", "target_task"])["gain"]
    assert found["Chung2021_RemBERT", "tydiqa"] == pytest.approx(76.0 - 65.1)
    assert found["Xue2021_mT5", "panx"] == pytest.approx(64.7 - 65.4)
    assert len(found) == 9


def test_luck_among_baselines_above_chance_is_said() -> None:
    rows = add_floor(planted().query("intermediate_task == 'xP3'"))
    rows["score_with"] = rows["score_without"] + rows["gain"]
    _, words = floor_table(rows.assign(floor="at chance"))
    assert "0 of 288 cells have a baseline above chance, where guessing alone would give 14" in words
    assert "Too few baselines are above chance" in words
    _, words = floor_table(rows.assign(floor="above chance"))
    assert "so that most of them are not chance" in words


def test_floor_marks_most_baselines_of_the_bundled_gains() -> None:
    gains = analysis.build_outcome(analysis.read_inputs(["muennighoff2022_xmtf"]).records, analysis.Options()).frame
    counts = add_floor(gains)["floor"].value_counts()
    assert counts["at chance"] > 9 * counts["above chance"]
    assert counts["unknown"] == int((gains["target_task"] == "xwinograd").sum())
