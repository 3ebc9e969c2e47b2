"""The permutation null and the decomposition of the spread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import analysis
from analysis.questions.multiverse.explained_spread import decompose
from analysis.questions.multiverse.fits import Skeleton
from analysis.questions.multiverse.joint_test import arrange, joint_tests, shuffle_keys
from analysis.questions.multiverse.run import MultiverseRequest, run_multiverse
from analysis.questions.multiverse.specification_rows import Table
from analysis.questions.multiverse.workers import fit_all

LANGUAGES = ["deu", "fra", "zho", "swa", "hin", "tur", "fin", "jpn", "tam", "vie", "ara", "rus"]


def simulated(seed: int, slope: float = 0.0) -> pd.DataFrame:
    """Gains of twelve languages on three tasks by two models, with language effects that distance does not explain."""
    rng = np.random.default_rng(seed)
    rows = [{"language": code, "target_task": f"t{t}", "model": f"m{m}"}
            for code in LANGUAGES for t in range(3) for m in range(2)]  # fmt: skip
    frame = pd.DataFrame(rows).assign(study="s", intermediate_task="i")
    distance = dict(zip(LANGUAGES, analysis.languages.distances.frame(LANGUAGES)["distance"], strict=True))
    effect = dict(zip(LANGUAGES, rng.normal(0, 2, len(LANGUAGES)), strict=True))
    frame["gain"] = (
        frame["language"].map(effect) + slope * frame["language"].map(distance) + rng.normal(0, 1, len(frame))
    )
    frame["baseline"] = [f"b{i}" for i in range(len(frame))]
    frame["score_without"] = 50.0
    frame["score_with"] = 50.0 + frame["gain"]
    return frame


def specs() -> list[dict[str, str]]:
    return [
        {"measure": m, "outcome": o} for m in ("syntactic", "featural", "genetic") for o in ("points", "standardized")
    ]


def joint_p(frame: pd.DataFrame, draws: int, seed: int) -> dict[str, float]:
    table = Table(frame, "gain")
    keys = shuffle_keys(draws, len(table.languages), seed)
    done = fit_all(table, specs(), keys, frozenset(range(len(specs()))))
    found = joint_tests([item.arrangements for item in done if item.arrangements], draws, seed)
    assert found.specifications == len(specs())
    return {test.statistic: test.p_value for test in found.tests}


@pytest.mark.slow
def test_p_values_hold_their_level_without_an_effect() -> None:
    """One in five p-values lies at 0.2 or below; with ties of a discrete statistic fewer may."""
    runs = [joint_p(simulated(seed), 49, seed) for seed in range(60)]
    for name in ("median", "significant", "mean_t"):
        hits = sum(run[name] <= 0.2 for run in runs)
        assert binomtest(hits, len(runs), 0.2, alternative="greater").pvalue > 0.005, (name, hits)
        if name != "significant":
            assert binomtest(hits, len(runs), 0.2, alternative="less").pvalue > 0.005, (name, hits)


def test_p_values_are_small_with_an_effect() -> None:
    found = joint_p(simulated(1, slope=-60.0), 99, 1)
    assert max(found.values()) <= 0.03


def test_an_arrangement_is_a_fit_to_moved_distances() -> None:
    """Generalised least squares with the null's variances, from the rows themselves."""
    frame = simulated(4)
    table = Table(frame, "gain")
    spec = table.specify({})
    skeleton = Skeleton(table, spec)
    null = skeleton.permutable(spec)
    criterion, point = skeleton.null(spec)
    keys = shuffle_keys(3, len(table.languages), 9)
    found = arrange(null, skeleton.distance(spec), keys, 1.0, 10.0)
    # Covariance of the rows over σ²: identity plus one block for each random term.
    H = np.eye(len(frame))
    for term, loading in zip(spec.model.groups, criterion.loadings(point.theta), strict=True):
        codes, _ = table.group(term, spec.kept)
        H += float(loading[0, 0]) ** 2 * (codes[:, None] == codes[None, :])
    inverse = np.linalg.inv(H)
    distance = skeleton.distance(spec)
    orders = [np.arange(len(distance)), *np.argsort(keys, axis=1)]
    for i, order in enumerate(orders):
        moved = distance[order][skeleton.codes]
        X = np.column_stack([skeleton.columns(spec, False), moved])
        covariance = np.linalg.inv(X.T @ inverse @ X)
        estimate = covariance @ X.T @ inverse @ table.values("points")
        assert found.effect[i] == pytest.approx(estimate[-1], rel=1e-6)
        t = estimate[-1] / np.sqrt(point.sigma2 * covariance[-1, -1])
        assert found.statistic[i] == pytest.approx(t, rel=1e-6)


def test_one_draw_moves_languages_alike_in_all_specifications() -> None:
    keys = shuffle_keys(50, 8, 3)
    whole = np.argsort(keys, axis=1)
    some = np.array([1, 2, 5, 7])
    part = np.argsort(keys[:, some], axis=1)
    for order, inner in zip(whole, part, strict=True):
        np.testing.assert_array_equal([j for j in order if j in some], some[inner])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(2, 4))
def test_shares_of_a_full_factorial_add_up(seed: int, a: int, b: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = np.divmod(np.arange(a * b * 3), b * 3)[0] % a, np.arange(a * b * 3) % b
    frame = pd.DataFrame({"a": left.astype(str), "b": right.astype(str), "effect": rng.normal(size=a * b * 3)})
    balanced = frame.groupby(["a", "b"]).size().nunique() == 1 and frame.groupby(["a", "b"]).ngroups == a * b
    found = decompose(frame, ["a", "b"])
    total = frame["effect"].var(ddof=0)
    for item in found.choices:
        means = frame.groupby(item.choice)["effect"].transform("mean")
        assert item.alone == pytest.approx(means.var(ddof=0) / total, abs=1e-9)
        assert item.low <= item.high
    if balanced:
        assert found.balanced
        assert sum(item.beside for item in found.choices) == pytest.approx(found.together, abs=1e-9)
    assert 0.0 <= found.together <= 1.0 + 1e-9


def test_the_additive_part_is_all_of_an_additive_table() -> None:
    frame = pd.DataFrame(
        [(x, y, 2.0 * (x == "p") - (y == "r")) for x in "pq" for y in "rst"], columns=["x", "y", "effect"]
    )
    found = decompose(frame, ["x", "y"])
    assert found.balanced
    assert found.together == pytest.approx(1.0)


def test_groups_and_reasons(tmp_path) -> None:
    path = tmp_path / "gains.csv"
    frame = simulated(2).assign(params_m=1.0, method="intermediate", metric="acc", split="test")
    before = frame.assign(score=frame["score_without"], method="baseline", intermediate_task="")
    after = frame.assign(score=frame["score_with"])
    keep = ["study", "model", "method", "intermediate_task", "target_task", "language", "metric", "score"]
    pd.concat([before, after])[keep].to_csv(path, index=False)
    request = MultiverseRequest(data=(str(path),), limit=20, permute=99, by="target_task")
    found = run_multiverse(request)
    assert [item.level for item in found] == ["t0", "t1", "t2"]
    for item in found:
        lost = sum(n for _, n in item.failed)
        assert item.summary.fits + lost == len(item.space.table) == 20
        assert lost == 0 or any("could not be fitted" in line for line in item.warnings)
        assert item.joint is not None
        assert {test.statistic for test in item.joint.tests} == {"median", "significant", "mean_t"}
