"""Pairing: signs, counts, variances and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import PairingError
from analysis.outcomes.pairing import covariance, difference, pair_gains, pair_gaps, score_variance
from analysis.outcomes.sources import with_sources
from analysis.records import bundled as datasets
from analysis.records.check import check_records


def records(rows: list[dict[str, object]]) -> pd.DataFrame:
    return check_records(pd.DataFrame(rows), "test").frame


def row(method: str, language: str, score: float, **more: object) -> dict[str, object]:
    return {"study": "s", "model": "m", "target_task": "t", "metric": "acc", "method": method, "language": language,
            "score": score, **more}  # fmt: skip


def test_a_gain_is_with_minus_without() -> None:
    pairing = pair_gains(records([row("intermediate", "de", 75), row("baseline", "de", 70.5)]))
    assert pairing.frame["gain"].tolist() == [4.5]
    assert pairing.frame[["score_with", "score_without"]].to_numpy().tolist() == [[75.0, 70.5]]
    assert pairing.dropped == ()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_gain_of_a_over_b_is_minus_gain_of_b_over_a(data: st.DataObject) -> None:
    languages = data.draw(st.lists(st.sampled_from(["de", "sw", "zh", "hi", "fi", "tr"]), unique=True, min_size=1))
    tasks = data.draw(st.lists(st.sampled_from(["xnli", "xcopa"]), unique=True, min_size=1))
    score = st.floats(0, 100).map(lambda value: round(value, 2))
    cells = [(language, task) for language in languages for task in tasks]

    def side(method: str) -> pd.DataFrame:
        kept = data.draw(st.lists(st.sampled_from(cells), unique=True, min_size=1))
        rows = [row(method, language, data.draw(score), target_task=task, n_items=500) for language, task in kept]
        return check_records(pd.DataFrame(rows), "test", points=True).frame  # drawn below 1, they are points too

    a, b = side("intermediate"), side("baseline")
    one, two = difference(a, b).frame, difference(b, a).frame
    key = ["language", "target_task"]
    one, two = one.set_index(key).sort_index(), two.set_index(key).sort_index()
    assert one.index.equals(two.index)
    np.testing.assert_array_equal(one["gain"], -two["gain"])
    np.testing.assert_allclose(one["variance"], two["variance"])


def test_every_row_is_paired_or_counted_with_its_reason() -> None:
    table = records(
        [
            row("intermediate", "de", 75, seed="1"),
            row("baseline", "de", 70, seed="1"),
            row("intermediate", "de", 76, seed="2"),
            row("intermediate", "sw", 60, seed="1"),
            row("intermediate", "de", 76, seed="1", target_task="other"),
            row("intermediate", "de", 76, seed="1", condition="prompt=MT"),
            row("intermediate", "de", 76, seed="1", model="unknown"),
            row("baseline", "zh", 66, seed="1"),
            row("direct", "de", 80, seed="1"),
        ]
    )
    pairing = pair_gains(table)
    assert len(pairing.frame) == 1
    assert dict(pairing.dropped) == {
        "baseline in this language, but not with this seed": 1,
        "baseline for the task, but not in this language": 1,
        "baseline of the model, but not for this task and metric": 1,
        "baseline for the task, but not under this condition": 1,
        "no baseline of the same study and model": 1,
        "baseline that no intermediate run is paired with": 1,
        "method is neither 'intermediate' nor 'baseline': not part of a gain": 1,
    }


def test_what_is_not_stated_pairs_with_what_is_not_stated() -> None:
    table = records([{"language": "de", "score": 75, "method": "intermediate"},
                     {"language": "de", "score": 70, "method": "baseline"}])  # fmt: skip
    assert pair_gains(table).frame["gain"].tolist() == [5.0]


def test_a_baseline_without_a_seed_is_that_of_every_seed_without_its_own() -> None:
    rows = [row("intermediate", "de", 70 + s, seed=str(s)) for s in (1, 2, 3)]
    rows += [row("baseline", "de", 60), row("baseline", "de", 65, seed="3")]
    found = pair_gains(records(rows))
    assert found.frame["gain"].tolist() == [11, 12, 8]
    assert found.frame["baseline"].nunique() == 2 and not found.dropped
    alone = pair_gains(records([row("intermediate", "de", 70), row("baseline", "de", 60, seed="1")]))
    assert alone.frame.empty  # one of several draws is not what was not drawn


def test_several_intermediate_tasks_share_one_baseline_and_its_error() -> None:
    table = records(
        [
            row("intermediate", "de", 75, intermediate_task="squad", n_items=400),
            row("intermediate", "de", 72, intermediate_task="mnli", n_items=400),
            row("baseline", "de", 70, n_items=400),
            row("intermediate", "sw", 60, intermediate_task="squad", n_items=400),
            row("baseline", "sw", 50, n_items=400),
        ]
    )
    frame = pair_gains(table).frame
    shared = 1e4 * 0.7 * 0.3 / 400
    matrix = covariance(frame).toarray()
    np.testing.assert_allclose(np.diag(matrix), frame["variance"])
    assert matrix[0, 1] == pytest.approx(shared)
    assert matrix[0, 2] == 0.0
    assert frame["variance"].iloc[0] == pytest.approx(1e4 * 0.75 * 0.25 / 400 + shared)
    assert (np.linalg.eigvalsh(matrix) > 0).all()


def test_covariance_needs_variances() -> None:
    frame = pair_gains(records([row("intermediate", "de", 75), row("baseline", "de", 70)])).frame
    assert frame["variance_source"].tolist() == ["unknown"]
    with pytest.raises(PairingError, match="1 of 1 differences lack a sampling variance"):
        covariance(frame)


def test_sources_of_variance() -> None:
    table = records(
        [
            row("baseline", "de", 50, n_items=100),
            row("baseline", "sw", 50, std_error=2.0),
            row("baseline", "zh", 50, n_items=100, metric="f1"),
            row("baseline", "hi", 100, n_items=100),
        ]
    )
    variance, source = score_variance(table)
    assert source.tolist() == ["binomial", "reported", "unknown", "binomial"]
    assert variance[0] == pytest.approx(25.0)
    assert variance[1] == pytest.approx(4.0)
    assert np.isnan(variance[2])
    assert variance[3] == pytest.approx(1e4 * 0.995 * 0.005 / 100)


def test_seeds_give_a_variance_where_items_do_not() -> None:
    rows = [row("intermediate", "de", 70 + s, metric="f1", seed=str(s)) for s in range(4)]
    rows += [row("baseline", "de", 60, metric="f1", seed=str(s)) for s in range(4)]
    frame = pair_gains(records(rows)).frame
    assert set(frame["variance_source"]) == {"seeds"}
    np.testing.assert_allclose(frame["variance"], np.var([10, 11, 12, 13], ddof=1))


def test_two_scores_for_one_evaluation_are_refused() -> None:
    table = records([row("intermediate", "de", 75), row("baseline", "de", 70), row("baseline", "de", 71)])
    with pytest.raises(
        PairingError, match=r"one baseline has two scores, 70 and 71 .*language=deu.*add a column 'seed'"
    ):
        pair_gains(table)


def test_baselines_that_differ_in_budget_have_to_be_told_apart() -> None:
    table = records(
        [row("intermediate", "de", 75), row("baseline", "de", 70, train_examples=500),
         row("baseline", "de", 71, train_examples=2000)]
    )  # fmt: skip
    with pytest.raises(PairingError, match="They differ in train_examples: put what tells them apart into 'condition'"):
        pair_gains(table)


def test_an_exact_repetition_is_counted_once() -> None:
    table = records([row("intermediate", "de", 75)] * 2 + [row("baseline", "de", 70)] * 2)
    pairing = pair_gains(table)
    assert len(pairing.frame) == 1
    assert sum(rows for reason, rows in pairing.dropped if "a second time" in reason) == 2


def test_a_gap_is_source_minus_target_within_a_run() -> None:
    table = records([row("baseline", "en", 85), row("baseline", "de", 75), row("baseline", "sw", 60),
                     row("baseline", "de", 74, model="other")])  # fmt: skip
    pairing = pair_gaps(table)
    assert pairing.frame.set_index("language")["gap"].to_dict() == {"deu": 10.0, "swa": 25.0}
    assert pairing.frame["run"].nunique() == 1
    assert dict(pairing.dropped) == {
        "no score in the source language 'eng' in the same run": 1,
        "score in the source language 'eng': the reference of its run": 1,
    }


def test_both_runs_of_a_gain_were_trained_in_the_same_language() -> None:
    """With several training languages a baseline of each is there for the same language, and only one fits."""
    table = records(
        [
            row("intermediate", "sw", 60, train_language="de"),
            row("baseline", "sw", 50, train_language="de"),
            row("baseline", "sw", 55, train_language="fr"),
            row("intermediate", "sw", 61, train_language="tr"),
        ]
    )
    pairing = pair_gains(with_sources(table, "eng"))
    assert pairing.frame[["train_language", "gain"]].to_numpy().tolist() == [["deu", 10.0]]
    assert dict(pairing.dropped) == {
        "baseline in this language, but trained in another one": 1,
        "baseline that no intermediate run is paired with": 1,
    }


def test_gaps_from_another_source() -> None:
    table = records([row("baseline", "de", 75), row("baseline", "sw", 60)])
    assert pair_gaps(table, "deu").frame["gap"].tolist() == [15.0]


@pytest.mark.slow
def test_the_bundled_sets_that_hold_gains_are_those_the_catalog_names() -> None:
    """Pairing is tried on every set: the default data of ``fit`` may not miss one."""
    with_gains = set()
    for entry in datasets.record_sets():
        rows = with_sources(datasets.load(entry.name), "eng")
        if len(pair_gains(rows[rows["score"].notna()]).frame):
            with_gains.add(entry.name)
    assert with_gains == {entry.name for entry in datasets.record_sets() if entry.gains}
    assert {entry.name for entry in datasets.gain_sets()} == {
        name for name in with_gains if not (datasets.find(name).own or datasets.find(name).apart)
    }


def test_bloom_pairs_equal_those_derived_by_others(shared) -> None:
    """The collected sources come with 1,960 differences that were taken independently of this package."""
    expected = pd.read_csv(shared / "published/derived_pairs_xmtf.csv")
    ours = pair_gains(datasets.load("muennighoff2022_xmtf")).frame
    assert len(ours) == len(expected) == 1960
    context = expected["context"].str.extract(r"prompt=(?P<prompt>\w+); config=(?P<config>[\w.]+)")
    summary = expected["metric"].str.removesuffix(" acc.").str.lower()
    theirs = pd.DataFrame(
        {
            "note": expected["context"],
            "params_m": expected["params_m"],
            "condition": "prompt=" + context["prompt"] + "; " + summary + " over prompts",
            "mixture": expected["mixture"].str.split(" ").str[0],
            "task": expected["target_task"],
            "gain": expected["gain"],
        }
    )
    mine = pd.DataFrame(
        {
            "note": ours["note"].str.extract(r"(prompt=.*?; config=.*?; task_group=[^;]*)")[0],
            "params_m": ours["params_m"],
            "condition": ours["condition"],
            "mixture": ours["intermediate_task"],
            "task": ours["target_task"].str.split("/").str[0],
            "gain": ours["gain"].round(2),
        }
    )
    keys = ["note", "params_m", "condition", "mixture", "task"]
    both = theirs.merge(mine, on=keys, suffixes=("_theirs", "_ours"), validate="one_to_one")
    assert len(both) == 1960
    np.testing.assert_allclose(both["gain_ours"], both["gain_theirs"], atol=1e-9)
