"""Variances of gains from results of single items, in a store with planted results."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import Options, build_outcome
from analysis.core.errors import PairingError
from analysis.mixed.numerics.sampling import known_variance
from analysis.outcomes.item_variance import half_item, paired_variance
from analysis.outcomes.pairing import covariance, pair_gains
from analysis.records.read import read_inputs
from analysis.store.cells import Score
from analysis.store.items import ItemResults, pack
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.store.manifest import describe_run
from runner.store.store import Store
from tests.conftest import ROOT

GRID: dict[str, Any] = {
    "models": ["me5-small@3"], "intermediate": ["banking77:500", "nollysenti"], "targets": ["nusax", "tatoeba"],
    "languages": ["jv", "id"], "seeds": "1-2",
}  # fmt: skip


def planted(path: Path, grid: dict[str, Any] = GRID, without: str = "", alike: bool = False) -> dict[str, np.ndarray]:
    """A store whose cells answer items of their own difficulty, and those answers by cell.

    ``without`` names an intermediate task whose cells keep no answers by item; ``alike`` models answer by language and
    method alone.
    """
    store, answers = Store.create(path, "planted"), {}
    for stage in build_plan(parse_grid(grid)).stages:
        with store.lock(stage) as held:
            if stage.kind != "evaluate":
                store.write_stage(held, stage, describe_run(stage, 1.0), lambda place: None)
                continue
            hard = np.random.default_rng(len(stage.record["language"]) + len(stage.task)).normal(size=stage.work)
            lift = 0.5 if stage.record["method"] == "intermediate" else 0.0
            own = len(stage.record["method"]) if alike else int(stage.id, 16)
            right = hard + lift + 0.7 * np.random.default_rng(own).normal(size=stage.work) > 0
            answers[stage.id] = right
            bits = None if without and stage.record.get("intermediate_task") == without else right
            store.write_cell(
                held, stage, [Score("acc", 100 * right.mean(), stage.work, bits)], describe_run(stage, 1.0)
            )
    return answers


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    path = tmp_path_factory.mktemp("planted") / "store"
    return path, planted(path)


@pytest.fixture(scope="module")
def gains(store: tuple[Path, dict[str, np.ndarray]]) -> pd.DataFrame:
    return pair_gains(read_inputs([str(store[0])]).records).frame


def test_mcnemar_by_hand() -> None:
    # Of 100 items 15 are right only with the intermediate stage and 5 only without it.
    difference = np.repeat([1.0, -1.0, 0.0], [15, 5, 80])
    assert paired_variance(difference) == pytest.approx(1e4 * (15 + 5 - (15 - 5) ** 2 / 100) / 100**2)


@given(st.lists(st.integers(-1, 1), min_size=1, max_size=60))
def test_a_variance_is_positive_and_has_no_direction(values: list[int]) -> None:
    difference = np.array(values, dtype=float)
    assert paired_variance(difference) > 0
    assert paired_variance(difference) == pytest.approx(paired_variance(-difference[::-1]))


def test_variance_is_that_of_a_bootstrap_over_items(store: Any, gains: pd.DataFrame) -> None:
    rng = np.random.default_rng(7)
    for row in gains.iloc[:4].itertuples():
        difference = store[1][row.cell].astype(float) - store[1][row.baseline_cell]
        n = len(difference)
        means = 100 * difference[rng.integers(0, n, size=(4000, n))].mean(axis=1)
        assert row.gain == pytest.approx(100 * difference.mean())
        # The variance of 4,000 draws is known to sqrt(2 / 4000) = 2.2%.
        assert row.variance == pytest.approx(means.var(), rel=0.09)
    assert set(gains["variance_source"]) == {"paired"}


def test_covariance_of_gains_that_share_a_baseline_is_direct(store: Any, gains: pd.DataFrame) -> None:
    matrix = covariance(gains).toarray()
    np.testing.assert_allclose(np.diag(matrix), gains["variance"])
    assert np.linalg.eigvalsh(matrix).min() > 0
    shared = 0
    for i, one in enumerate(gains.itertuples()):
        for j, two in enumerate(gains.itertuples()):
            if i == j:
                continue
            if one.baseline_cell != two.baseline_cell:
                assert matrix[i, j] == 0
                continue
            a, b = (store[1][row.cell].astype(float) - store[1][row.baseline_cell] for row in (one, two))
            direct = 1e4 * ((a - a.mean()) * (b - b.mean())).mean() / len(a)
            assert matrix[i, j] == pytest.approx(direct)
            shared += 1
    # nusax: two tasks share a baseline in each language and seed. tatoeba: its baseline has no seed, so four do.
    nusax, tatoeba = (sum(gains["target_task"] == task) for task in ("nusax", "tatoeba"))
    assert shared == nusax + 3 * tatoeba


def test_selecting_and_sorting_rows_selects_and_sorts_the_covariance(gains: pd.DataFrame) -> None:
    order = np.random.default_rng(1).permutation(len(gains))[: len(gains) // 2 + 1]
    whole = covariance(gains).toarray()
    np.testing.assert_allclose(covariance(gains.iloc[order]).toarray(), whole[np.ix_(order, order)])


def test_rows_of_an_outcome_keep_their_covariance(store: Any, gains: pd.DataFrame) -> None:
    outcome = build_outcome(read_inputs([str(store[0])]).records, Options(outcome="gain"))
    matrix = covariance(outcome.frame).toarray()
    np.testing.assert_allclose(np.diag(matrix), outcome.frame["variance"])
    assert (matrix > 0).sum() == (covariance(gains).toarray() > 0).sum()


def test_pairing_is_more_certain_than_two_binomial_variances(gains: pd.DataFrame) -> None:
    one, two = (gains[column].to_numpy() / 100 for column in ("score_with", "score_without"))
    unpaired = 1e4 * (one * (1 - one) + two * (1 - two)) / gains["n_items"].to_numpy()
    assert (gains["variance"].to_numpy() < unpaired).all()


def test_a_baseline_is_paired_with_all_of_its_gains_or_none(tmp_path: Path) -> None:
    planted(tmp_path / "store", without="nollysenti")
    frame = pair_gains(read_inputs([str(tmp_path / "store")]).records).frame
    assert set(frame["variance_source"]) == {"binomial"}
    matrix = covariance(frame).toarray()
    assert np.linalg.eigvalsh(matrix).min() > 0
    # A baseline without a seed stands in the records once a seed and is one baseline all the same.
    rows = np.flatnonzero((frame["target_task"] == "tatoeba") & (frame["language"] == "ind"))
    assert len(rows) == 4
    assert (matrix[np.ix_(rows, rows)] > 0).all()


def test_records_away_from_their_store_have_binomial_variances(store: Any, tmp_path: Path) -> None:
    """In a file of text there is the hash of the results, also in a process that has read the store itself."""
    records = read_inputs([str(store[0])]).records
    text = dict.fromkeys(("items", "baseline_items"), "str")
    records.to_csv(tmp_path / "scores.csv", index=False)
    alone = read_inputs([str(tmp_path / "scores.csv")]).records
    assert list(alone["items"]) == list(map(str, records["items"]))
    assert set(pair_gains(alone).frame["variance_source"]) == {"binomial"}
    with pytest.raises(PairingError, match="the results of their items are not available. Read the store"):
        covariance(pair_gains(records).frame.astype(text))


def test_results_of_items_go_where_their_rows_go(store: Any, gains: pd.DataFrame) -> None:
    """Into another process too, which has read no store."""
    code = "import pickle, sys\nfrom analysis.outcomes.pairing import covariance, pair_gains\n"
    code += "frame = pair_gains(pickle.load(sys.stdin.buffer)).frame\n"
    code += "sys.stdout.buffer.write(pickle.dumps((list(frame['variance']), covariance(frame).toarray())))"
    records = pickle.dumps(read_inputs([str(store[0])]).records)
    done = subprocess.run([sys.executable, "-c", code], input=records, capture_output=True, check=True, cwd=ROOT)
    variances, matrix = pickle.loads(done.stdout)
    assert variances == list(gains["variance"])
    np.testing.assert_array_equal(matrix, covariance(gains).toarray())


def test_equal_results_are_one_value() -> None:
    one, other = (ItemResults.of_bits("acc", 3, pack([True, False, bit])) for bit in (True, False))
    assert one == ItemResults.of_bits("acc", 3, pack([True, False, True])) != other
    assert len({one, ItemResults.of_bits("acc", 3, pack([True, False, True])), other}) == 2
    found = one.correct("acc")
    assert found is not None and list(found) == [True, False, True]
    assert one.correct("em") is None


def test_arms_that_agree_on_every_item_are_not_told_apart_without_error(tmp_path: Path) -> None:
    """Two intermediate arms with the same answers: one gain twice, whose difference is known to half an item."""
    path = tmp_path / "store"
    planted(path, {**GRID, "targets": ["nusax"], "seeds": "1"}, alike=True)
    found = pair_gains(read_inputs([str(path)]).records)
    rows = found.frame[found.frame["language"] == "jav"]
    assert len(rows) == 2 and rows["gain"].nunique() == 1
    block = covariance(rows).toarray()
    n = int(rows["n_items"].iloc[0])
    apart = np.array([1.0, -1.0])
    assert apart @ block @ apart == pytest.approx(half_item(n))
    np.testing.assert_allclose(np.diag(block), rows["variance"], rtol=0.02)
    assert (known_variance(block, rows, np.ones(2, dtype=bool)).variance > 0).all()
