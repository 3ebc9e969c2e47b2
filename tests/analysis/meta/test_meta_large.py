"""Multilevel meta-analysis from sparse sums: as from dense covariances, and with more effects than these allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import block_diag, csr_array

from analysis.core.errors import DesignError
from analysis.meta import meta_analyze
from analysis.meta.heterogeneity import q_of
from analysis.meta.multilevel import MultilevelMeta
from analysis.meta.robust import cluster_codes, cluster_robust
from analysis.mixed.numerics.sampling import known_variance
from analysis.questions.pooling.effects import MANY, grouping, inner_groups


def effects(languages: int, tasks: int, seed: int = 1) -> tuple[pd.DataFrame, csr_array]:
    """Two gains over each baseline, which share its sampling error; some baselines have one or three."""
    rng = np.random.default_rng(seed)
    language, task, _again = (part.ravel() for part in np.indices((languages, tasks, 2)))
    frame = pd.DataFrame({"language": [f"l{i:03d}" for i in language], "target_task": [f"t{i:02d}" for i in task]})
    frame["x"] = rng.normal(size=languages)[language]
    cell = language * tasks + task
    cell[::7] = cell.max() + 1 + np.arange(len(cell[::7]))  # alone
    order = np.argsort(cell, kind="stable")
    frame = frame.iloc[order].reset_index(drop=True)
    blocks = []
    for size in np.unique(cell[order], return_counts=True)[1]:
        blocks.append(np.full((size, size), 0.3) + np.diag(rng.uniform(0.2, 1.0, size)))
    sampling = csr_array(block_diag(blocks, format="csr"))
    roots = known_variance(sampling, frame, np.ones(len(frame), dtype=bool))
    noise = rng.normal(size=len(frame)) * np.sqrt(roots.variance)
    frame["gain"] = 1.0 + rng.normal(size=languages)[[int(name[1:]) for name in frame["language"]]]
    frame["gain"] += rng.normal(0, 0.5, tasks)[[int(name[1:]) for name in frame["target_task"]]]
    frame["gain"] += noise if roots.rotation is None else roots.rotation @ noise
    shuffled = rng.permutation(len(frame))
    return frame.iloc[shuffled].reset_index(drop=True), sampling[shuffled][:, shuffled]


RANDOM = "(1|language) + (1|target_task)"


@pytest.mark.parametrize("moderators", [None, "x"])
@pytest.mark.parametrize("tied", [True, False])
def test_sparse_sums_give_what_dense_covariances_give(moderators: str | None, tied: bool) -> None:
    frame, sampling = effects(12, 5)
    given = sampling if tied else sampling.diagonal()
    found = meta_analyze("gain", given, moderators=moderators, random=RANDOM, frame=frame)
    assert isinstance(found, MultilevelMeta)
    dense, X, y = found.sampling, found.mixed.design.X, found.mixed.design.y
    np.testing.assert_allclose(dense, sampling.toarray() if tied else np.diag(sampling.diagonal()))
    expected = q_of(y, X, dense)
    assert found.q.statistic == pytest.approx(expected.statistic, rel=1e-10) and found.q.df == expected.df
    inverse = np.linalg.inv(dense)
    weighted = inverse @ X
    trace = np.trace(inverse) - np.trace(np.linalg.solve(X.T @ weighted, weighted.T @ weighted))
    assert found.typical_variance() == pytest.approx((len(y) - X.shape[1]) / trace, rel=1e-10)
    np.testing.assert_allclose(
        found._solved(), np.linalg.solve(found.marginal(), X), atol=1e-9 * np.abs(weighted).max()
    )
    if moderators is None:
        weights = np.linalg.solve(found.marginal(), np.ones(len(y)))
        np.testing.assert_allclose(found.weights, 100.0 * weights / weights.sum(), atol=1e-8)


def test_robust_errors_take_the_blocks_of_their_clusters_alone() -> None:
    frame, sampling = effects(12, 5)
    frame["cell"] = frame["language"] + frame["target_task"]
    found = meta_analyze("gain", sampling.diagonal(), random="(1|language/target_task)", frame=frame)
    assert isinstance(found, MultilevelMeta)
    codes = cluster_codes(list(frame["language"]))
    total, residuals = found.marginal(), found.mixed.design.y - found.coefficients[0]
    blocks = [total[np.ix_(codes == j, codes == j)] for j in range(12)]
    expected = cluster_robust(found.mixed.design.X, found.coefficients, residuals, blocks, codes, found.names)
    pd.testing.assert_frame_equal(found.robust(frame["language"]), expected)
    with pytest.raises(DesignError, match="'language' spans several clusters"):
        found.robust(frame["target_task"])
    tied = meta_analyze("gain", sampling, random="(1|target_task)", frame=frame)
    assert isinstance(tied, MultilevelMeta)
    with pytest.raises(DesignError, match="'target_task' spans several clusters"):
        tied.robust(np.arange(len(frame)))


def test_more_effects_than_a_dense_covariance_has_room_for() -> None:
    frame, sampling = effects(260, 20)
    found = meta_analyze("gain", sampling, random=f"{RANDOM} + (1|language:target_task)", frame=frame)
    assert isinstance(found, MultilevelMeta)
    assert found.k == 10_400 and found.mixed.converged
    assert found.weights.sum() == pytest.approx(100.0)
    assert found.coefficients[0] == pytest.approx(found.weights @ frame["gain"] / 100.0, abs=1e-8)
    assert abs(found.coefficients[0] - 1.0) < 4 * found.fixed["std_error"][0]
    assert 0 < found.i2 < 100 and found.q.df == found.k - 1


def test_languages_within_tasks_are_pooled_on_request_where_they_are_many() -> None:
    frame, _ = effects(60, 20)
    assert MANY < 60 * 20
    assert grouping(frame, None) == ("target_task",)
    (said,) = inner_groups(frame, None)
    assert said.startswith("1,200 groups of target_task and language are not pooled one by one")
    both = ("target_task", "language")
    assert grouping(frame, both) == both and inner_groups(frame, both) == []
    few, _ = effects(12, 5)
    assert grouping(few, None) == both and inner_groups(few, None) == []
