"""The average gain: real rows, and planted errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.claims.registry import registry
from analysis.claims.verdicts import FAILS, HOLDS, OPEN, settle
from analysis.claims.xtreme.average_findings import interval_over_tasks
from analysis.claims.xtreme.average_gain import check_average_gain
from analysis.claims.xtreme.partial_averages import bundled_tables, summed, weights
from analysis.claims.xtreme.printed_scores import QUESTIONS, RETRIEVAL, TASKS
from tests.analysis.claims.planted import BASE, CLAIM, cells, tables

EVEN = dict.fromkeys(TASKS, 5.4)


def verdict_of(first: object, *baseline: object) -> str:
    return settle(CLAIM, check_average_gain(CLAIM, tables(first, *baseline))).verdict  # type: ignore[arg-type]


def test_the_published_rows() -> None:
    claim = registry().claims["average-gain"]
    outcome = settle(claim, check_average_gain(claim))
    assert outcome.verdict == "consistent"
    assert {reading.status for reading in outcome.check.readings} == {OPEN}
    assert len(outcome.check.readings) == 14
    assert (
        "must gain 26.6 to 34.0 together over 12 readings (29.8 to 32.1 under the first), of 76.8 at most"
        in outcome.reason
    )
    text = " ".join(outcome.check.findings)
    assert "the gain is 2.52 points, 95% interval over 7 tasks −1.8 to +6.8" in text
    assert "Leaving one task out, it is 0.83 to 3.18; least without TyDiQA" in text
    assert "carry 61% to 67% of the summed gain, TyDiQA 26% to 27%" in text
    assert "2005.13013v1 prints 6.1 in place of 5.4" in text and "both cannot hold of the same rows" in text
    assert "(73.8) gives" not in text or "does not fit the printed 68.1" in text
    assert "(72.4 to 72.8) gives an average over nine tasks of 68.06 to 68.18, which fits the printed 68.1" in text
    assert "XNLI 80.0 and 80.4, PAWS-X 87.9 and 87.7, NER 64.0 and 64.7, XQuAD 78.7 and 77.2" in text


def test_the_published_numbers_by_hand() -> None:
    """With F1 and EM averaged, the seven gains sum to 17.65; nine times 5.4 is 48.6."""
    found = summed(bundled_tables().first, bundled_tables(), "mean", False)
    assert sum(gain.middle for gain in found.gains.values()) == pytest.approx(17.65, abs=1e-9)
    assert found.missing == RETRIEVAL
    needed = found.needed(CLAIM.interval)
    assert needed.middle == pytest.approx(48.6 - 17.65, abs=1e-9)
    assert float(needed.width) == pytest.approx(9 * 0.1 + 7 * 0.2, abs=1e-9)
    assert float(found.possible.high) == pytest.approx(200 - 66.0 - 57.3 + 0.1, abs=1e-9)


def test_evidence_names_the_rows_it_used() -> None:
    from analysis.records.bundled import load

    evidence = check_average_gain(registry().claims["average-gain"]).evidence
    assert [item.data for item in evidence] == [
        "chung2021_rembert", "xue2021_mt5", "xtreme_baseline_via_veco_notes",
    ]  # fmt: skip
    for item in evidence:
        rows = load(item.data).iloc[[line - 2 for line in item.lines]]
        assert set(rows["model"]) == {"XLM-R Large"}
        assert set(rows["target_task"]) <= set(TASKS)
    assert len(evidence[0].lines) == 20 and len(evidence[1].lines) == 12


@pytest.mark.parametrize("by_groups", [False, True])
def test_weights_sum_to_one(by_groups: bool) -> None:
    assert sum(weights(by_groups).values()) == 1


def test_a_table_that_holds_under_every_reading_is_reproduced() -> None:
    assert verdict_of(cells(EVEN)) == "reproduced"


def test_a_table_that_holds_only_under_em() -> None:
    """F1 gains nothing on question answering, EM what the claim needs."""
    outcome = settle(CLAIM, check_average_gain(CLAIM, tables(cells(EVEN | dict.fromkeys(QUESTIONS, (0.0, 5.4))))))
    assert outcome.verdict == "reproduced-under"
    assert {r.name for r in outcome.check.readings if r.status == HOLDS} == {
        "planted: 9 tasks, EM, mean of tasks", "planted: 9 tasks, EM, mean of groups",
    }  # fmt: skip


def test_a_table_that_holds_only_over_groups() -> None:
    """Question answering gains more: three of nine tasks, but one of four groups."""
    gains = dict.fromkeys(TASKS, 4.6) | dict.fromkeys(QUESTIONS, 7.8)
    outcome = settle(CLAIM, check_average_gain(CLAIM, tables(cells(gains))))
    assert outcome.verdict == "reproduced-under"
    assert all((r.status == HOLDS) == ("groups" in r.name) for r in outcome.check.readings)


def test_swapped_rows_contradict() -> None:
    assert verdict_of(cells({task: -gain for task, gain in EVEN.items()})) == "contradicted"


def test_shifted_cells_contradict() -> None:
    """The row with intermediate task is printed one column to the right; TyDiQA keeps its cell and loses its own."""
    after = [BASE[task] + 5.4 for task in TASKS]
    shifted = dict(zip(TASKS, [60.0, *after[:-1]], strict=True))
    gains = {task: shifted[task] - BASE[task] for task in TASKS}
    assert verdict_of(cells(gains)) == "contradicted"


def test_a_gain_beyond_rounding_contradicts() -> None:
    """Cells round by 0.1 in a difference: 5.5 may be 5.4 by rounding only, 5.6 may not."""
    assert verdict_of(cells(dict.fromkeys(TASKS, 5.5))) == "possible-by-rounding"
    assert verdict_of(cells(dict.fromkeys(TASKS, 5.6))) == "contradicted"


def test_whole_points_are_too_coarse() -> None:
    """Cells of 60 and 65 allow gains of 4 to 6 points."""
    base = dict.fromkeys(TASKS, 60.0)
    check = check_average_gain(CLAIM, tables(cells(dict.fromkeys(TASKS, 5.0), base, digits=0)))
    assert settle(CLAIM, check).verdict == "consistent"
    assert check.readings[0].needs == "cells are rounded too coarsely to tell"


def test_no_room_on_the_scale() -> None:
    """Retrieval starts at 95 and cannot give the 35 points that the claim needs."""
    first = cells({task: 2.0 for task in TASKS if task not in RETRIEVAL})
    high = cells({}, extra={"bucc2018": 95.1, "tatoeba": 95.1})
    low = cells({}, extra={"bucc2018": 66.1, "tatoeba": 57.3})
    check = check_average_gain(CLAIM, tables(first, high))
    assert settle(CLAIM, check).verdict == "contradicted"
    assert {r.status for r in check.readings} == {FAILS}
    assert "no room" in check.readings[0].needs
    assert verdict_of(first, low) == "consistent"


def test_missing_tasks_of_different_weight() -> None:
    """Over groups, a missing NER and a missing MLQA weigh differently."""
    first = cells({task: gain for task, gain in EVEN.items() if task not in ("panx", "mlqa")})
    assert verdict_of(first, cells({}, extra={"panx": 65.4, "mlqa": 71.6})) == "consistent"


def test_missing_metric_is_a_missing_task() -> None:
    """Only F1 is printed: readings by EM lack the question-answering tasks."""
    frame = cells(EVEN)
    f1 = replace(frame, scores={key: cell for key, cell in frame.scores.items() if key[2] != "em"})
    statuses = {r.name: r.status for r in check_average_gain(CLAIM, tables(f1)).readings}
    assert statuses["planted: 9 tasks, F1, mean of tasks"] == HOLDS
    assert statuses["planted: 6 tasks, EM, mean of tasks"] == OPEN


def test_nothing_at_all_is_not_checkable() -> None:
    assert verdict_of(cells({})) == "not-checkable"


def test_interval_over_tasks_agrees_with_scipy() -> None:
    from scipy import stats

    values = [0.8, 1.5, 1.1, -1.4, 2.3, 0.65, 12.7]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval_over_tasks(values) == pytest.approx(tuple(expected), rel=1e-12)
