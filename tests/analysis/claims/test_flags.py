"""Flags and confidences against each other and against the verdicts."""

from __future__ import annotations

import pytest

from analysis.claims.documents.calibration import (
    calibration,
    flagged_both_ways,
    overturned,
    separation,
    wins_interval,
)
from analysis.claims.registry import Claim, Statement, registry
from analysis.claims.verdicts import Check, Outcome
from analysis.claims.verify import verify


def outcome(name: str, verdict: str, *stated: tuple[bool, float]) -> Outcome:
    rows = tuple(Statement("frogs", i, flag, confidence) for i, (flag, confidence) in enumerate(stated, start=1))
    return Outcome(Claim(name, "", "ordering", stated=rows), verdict, Check((), ""))


def test_flags_that_the_data_overturn() -> None:
    found = {row.outcome.claim.id for row in overturned(verify(registry()))}
    assert found == {"nine-target-tasks", "forty-languages", "mnli-size", "anli-size", "qqp-source"}
    planted = [
        outcome("a", "contradicted", (True, 0.4)),
        outcome("b", "contradicted", (False, 0.4)),
        outcome("c", "reproduced-under", (False, 0.4)),
        outcome("d", "consistent", (False, 0.4)),
    ]
    assert [row.outcome.claim.id for row in overturned(planted)] == ["a", "c"]


def test_the_claim_that_is_flagged_both_ways() -> None:
    ((name, yes, no),) = flagged_both_ways(registry())
    assert name == "xnli-no-gain"
    assert [item.row for item in yes] == [4, 4, 4, 4]
    assert [(item.document[:3], item.row) for item in no] == [("004", 12)]


def test_calibration() -> None:
    bins = calibration(verify(registry()))
    assert sum(item.rows for item in bins) == 58
    assert sum(item.verified for item in bins) == 9 + 9 + 9 + 9 + 13
    assert separation(verify(registry())).startswith("No claim is contradicted")
    planted = [outcome("a", "reproduced", (True, 0.4), (True, 0.2)), outcome("b", "contradicted", (True, 0.2))]
    assert [item.confidence_mean for item in calibration(planted)] == pytest.approx([0.3, 0.2])
    assert "Of 1 pairs of a claim" in separation(planted)  # two rows that state one claim are one claim
    assert "in 100% (95% interval 21% to 100%; 50% is chance)" in separation(planted)
    assert separation(planted[1:]).startswith("No claim is reproduced")


def test_the_interval_of_a_share_of_pairs() -> None:
    """Newcombe's method 5 on his terms: no width of zero at the ends, mirrored about one half, narrower with more."""
    low, high = wins_interval(0.75, 20, 20)
    assert 0.5 < low < 0.75 < high < 0.9
    assert wins_interval(0.25, 20, 20) == pytest.approx((1 - high, 1 - low), abs=0.01)
    assert wins_interval(0.0, 4, 2)[0] == 0.0 and 0.3 < wins_interval(0.0, 4, 2)[1] < 0.9
    assert wins_interval(1.0, 4, 2)[1] == 1.0
    wide = wins_interval(0.75, 5, 5)
    assert wide[0] < low and wide[1] > high
