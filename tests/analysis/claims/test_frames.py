"""Verdicts as tidy tables."""

from __future__ import annotations

import pytest

from analysis.claims.language import Sheet, check_claim
from analysis.claims.present.frames import calibration_frame, readings_frame, verdicts_frame
from analysis.claims.registry import registry
from analysis.claims.verify import verify


def test_frames_of_the_registry() -> None:
    outcomes = verify(registry())
    verdicts = verdicts_frame(outcomes)
    assert len(verdicts) == 28 and verdicts["rows"].sum() == 58
    assert verdicts.set_index("claim").loc["average-gain", "value"] == 5.4
    readings = readings_frame(outcomes)
    assert (readings["claim"] == "average-gain").sum() == 14
    assert (readings["low"].isna() == readings["high"].isna()).all()
    assert calibration_frame(outcomes)["rows"].sum() == 58


def test_frames_of_claims_over_a_table() -> None:
    found = [check_claim(Sheet("t", "", {"x": ("5.4", "5.5")}), claim) for claim in ("mean(x) = 5.4", "max(x) > 6")]
    frame = readings_frame(found)
    assert list(frame["claim"]) == ["mean(x) = 5.4", "max(x) > 6"]
    assert list(frame["status"]) == ["holds", "fails"]
    assert frame["low"].iloc[0] == pytest.approx(5.4)
