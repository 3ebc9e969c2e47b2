"""From data to a pooled gain: each part is the library's own answer on the right rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.core.multiplicity import adjust
from analysis.meta import MetaResult, MultilevelMeta, meta_analyze
from analysis.outcomes.build import Options
from analysis.questions.pooling import Pooled, Request, pool
from analysis.questions.pooling.effects import sampling_covariance
from analysis.questions.pooling.groups import PoolingModel, pool_groups, random_terms
from tests.analysis.test_outcomes import grid


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two intermediate tasks over each baseline, seven languages, three tasks and models, 400 items."""
    rng = np.random.default_rng(5)
    one = grid(n_items=400)
    two = one[one["method"] == "intermediate"].assign(intermediate_task="mnli")
    frame = pd.concat([one, two], ignore_index=True)
    frame["score"] += rng.normal(0.0, 2.0, size=len(frame)).round(2)
    path = tmp_path_factory.mktemp("pooled") / "scores.csv"
    frame.drop(columns=["gain", "flags"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def found(table: Path) -> Pooled:
    return pool(Request(data=(str(table),), moderators=("typology",), robust="language", leave_out="target_task"))


def test_gains_over_one_baseline_share_its_variance(found: Pooled) -> None:
    assert isinstance(found.result, MultilevelMeta)
    sampling, rows = found.result.sampling, found.rows
    np.testing.assert_allclose(np.diag(sampling), rows["variance"])
    same = rows["baseline"].to_numpy()[:, None] == rows["baseline"].to_numpy()
    np.fill_diagonal(same, False)
    assert same.sum() == len(rows)  # two intermediate tasks each
    assert (sampling[~same & ~np.eye(len(rows), dtype=bool)] == 0).all()
    pairs = np.argwhere(same)
    np.testing.assert_allclose(sampling[same], rows["baseline_variance"].to_numpy()[pairs[:, 0]])


def test_the_whole_is_the_librarys_answer(found: Pooled) -> None:
    rows = found.rows
    random = random_terms(rows, "gain")
    assert "(1|baseline)" in random
    own = meta_analyze("gain", sampling_covariance(rows), random=random, frame=rows)
    pd.testing.assert_frame_equal(own.fixed, found.result.fixed)


def test_a_group_is_pooled_from_its_own_rows(found: Pooled) -> None:
    assert found.groups is not None
    at = np.flatnonzero(found.rows["target_task"] == "xnli")
    own = found.rows.iloc[at].reset_index(drop=True)
    shared = sampling_covariance(own)
    direct = meta_analyze("gain", shared, random=random_terms(own, "gain"), frame=own)
    line = found.groups[(found.groups["group"] == "xnli") & (found.groups["subgroup"] == "")].iloc[0]
    assert line["estimate"] == pytest.approx(direct.coefficients[0])
    assert line["k"] == len(own)
    assert line["weight"] == pytest.approx(found.result.weights[at].sum())


def test_p_values_are_adjusted_by_level(found: Pooled) -> None:
    assert found.groups is not None
    for whole in (True, False):
        own = found.groups[(found.groups["subgroup"] == "") == whole]
        np.testing.assert_allclose(own["p_adjusted"], adjust(own["p_value"].to_numpy(dtype=float), "holm"))


def test_the_difference_of_groups_is_a_moderator_test(table: Path) -> None:
    simple = pool(Request(data=(str(table),), by=("target_task",), random="none"))
    assert isinstance(simple.result, MetaResult)
    own = meta_analyze("gain", "variance", "target_task", frame=simple.rows).moderator_test()
    assert simple.difference is not None
    pd.testing.assert_frame_equal(simple.difference, own)


def test_moderators_and_the_share_they_account_for(found: Pooled) -> None:
    assert found.moderated is not None
    assert found.moderated.table["term"].tolist() == ["Intercept", "typology"]
    share = 100 * (found.result.tau2 - found.moderated.result.tau2) / found.result.tau2
    assert found.moderated.explained == pytest.approx(max(share, 0.0))
    assert np.isnan(found.moderated.table["p_adjusted"][0])
    slope = found.moderated.table.iloc[1]["estimate"]
    assert f"{abs(0.1 * slope):.2f} points per 0.1 of typological distance" in found.moderated.sentences[0]


def test_robust_tests_of_crossed_factors_say_what_they_miss(found: Pooled) -> None:
    assert found.robust is not None
    assert found.robust.crossed
    assert found.robust.clusters == 7
    assert any("but not within a task or model" in line for line in found.warnings)
    alone = meta_analyze("gain", "variance", "typology", frame=found.rows).robust(found.rows["language"])
    pd.testing.assert_frame_equal(found.robust.table, alone)


def test_leaving_out_a_task_is_fitting_without_it(found: Pooled) -> None:
    assert found.left_out is not None
    rows = found.rows[found.rows["target_task"] != "xnli"].reset_index(drop=True)
    own = meta_analyze("gain", sampling_covariance(rows), random=found.result.random, frame=rows)  # type: ignore[union-attr]
    line = found.left_out.set_index("left_out").loc["xnli"]
    assert line["estimate"] == pytest.approx(own.coefficients[0], abs=1e-5)


def test_single_effects_and_equal_ones() -> None:
    from scipy.sparse import csr_array, diags_array

    frame = pd.DataFrame({"gain": [1.0, 2.0, 2.0, 5.0, 3.0, 4.5], "variance": [0.5, 1.0, 1.0, 2.0, 1.0, 0.7],
                          "task": ["a", "b", "b", "c", "c", "c"], "language": ["x", "y", "z", "x", "y", "z"],
                          "target_task": "t", "model": "m", "intermediate_task": "i", "study": "s",
                          "baseline": [f"b{i}" for i in range(6)]})  # fmt: skip
    how = PoolingModel("gain", "REML", None, independent=False)
    found = pool_groups(frame, csr_array(diags_array(frame["variance"].to_numpy())), how, ["task"]).set_index("group")
    one = found.loc["a"]
    assert (one["estimate"], one["std_error"]) == (1.0, pytest.approx(np.sqrt(0.5)))
    assert one["note"] == "one effect: sampling error only"
    assert np.isnan(one["pred_low"])
    # Two equal gains cannot show a variance: said, not guessed.
    assert found.loc["b", "note"] == "the effects do not differ: sampling errors only"
    assert (found.loc["b", "estimate"], found.loc["b", "std_error"]) == (2.0, pytest.approx(np.sqrt(0.5)))
    assert found.loc["c", "k"] == 3
    assert np.isfinite(found.loc["c", "estimate"])


def test_a_sweep_is_pooled_over_its_training_runs() -> None:
    """Five arms and five seeds in eleven languages: 25 training runs, and a mean that cannot be surer than they are."""
    found = pool(Request(data=("crosslift_mini",), options=Options(where="target_task == 'nusax'")))
    assert isinstance(found.result, MultilevelMeta)
    assert found.result.random.endswith("(1|run) + (1|baseline_run)")
    row = found.result.fixed.iloc[0]
    by_run = found.rows.groupby("run")["gain"].mean()
    assert len(by_run) == 25
    assert row["df"] < 25
    assert row["std_error"] > by_run.std() / np.sqrt(len(by_run))
