"""The committed measurement of planted errors keeps its thresholds, and its seed still gives such numbers."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from validation.claims.plant import CLEAN, ERRORS, draw
from validation.claims.run import LEAST, RESULTS, Rate, main, measure, missed

#: Tables of a quick run; its shares are within four standard errors of the committed ones.
QUICK = 25


def committed() -> list[Rate]:
    with RESULTS.open(encoding="utf-8") as file:
        return [Rate(row["kind"], row["clean"] == "1", *(int(row[name]) for name in ("tables", "found", "false")))
                for row in csv.DictReader(file)]  # fmt: skip


def test_every_kind_was_measured_and_every_threshold_holds() -> None:
    rates = committed()
    assert [rate.kind for rate in rates] == [*CLEAN, *ERRORS]
    assert len(ERRORS) >= 20
    assert sum(rate.tables for rate in rates if rate.clean) >= 1000
    assert missed(rates) == []
    assert set(LEAST) <= set(ERRORS)


def test_the_readme_has_the_measured_numbers() -> None:
    readme = (RESULTS.parent / "README.md").read_text(encoding="utf-8")
    for rate in committed():
        shown = f"{rate.false}" if rate.clean else f"{rate.detection:.1%} | {rate.false}"
        assert f"| {rate.kind} | {rate.tables} | {shown} |" in readme


def test_what_is_missed_is_said() -> None:
    bad = [Rate("plain", True, 10, 0, 1), Rate("averages cut off", False, 10, 6, 0)]
    assert missed(bad) == ["1 of 10 clean tables contradicted: plain", "averages cut off: 60% found, 70% wanted"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*CLEAN, *ERRORS])
def test_a_quick_run_gives_the_committed_shares(kind: str) -> None:
    (old,) = [rate for rate in committed() if rate.kind == kind]
    new = measure(kind, {**CLEAN, **ERRORS}[kind], old.clean, QUICK, seed=2)
    if old.clean:
        assert new.false == 0
    else:
        share = old.detection
        assert abs(new.detection - share) <= 4 * np.sqrt(max(share * (1 - share), 0.02) / QUICK)


def test_one_seed_gives_the_same_tables() -> None:
    first, second = (draw(np.random.default_rng(7)).print() for _ in range(2))
    assert first == second


def test_check_writes_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import validation.claims.run as run

    before = RESULTS.read_bytes()
    monkeypatch.setattr(run, "measure_all", lambda *_: [Rate("plain", True, 10, 0, 0)])
    assert main(["--check"]) == 0
    monkeypatch.setattr(run, "measure_all", lambda *_: [Rate("plain", True, 10, 0, 1)])
    assert main(["--check"]) == 1
    assert RESULTS.read_bytes() == before
    assert "1 of 10 clean tables contradicted" in capsys.readouterr().out
