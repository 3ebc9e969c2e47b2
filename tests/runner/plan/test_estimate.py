"""Time left, from stages that were timed."""

from __future__ import annotations

import pytest

from runner.plan.build import build_plan
from runner.plan.estimate import duration, estimate
from runner.plan.grid import parse_grid

PLAN = build_plan(
    parse_grid({"models": ["me5-small@3", "me5-small@6"], "targets": ["nusax:100", "sib200:100"], "languages": "jv"})
)
TARGETS = [stage for stage in PLAN.stages if stage.kind == "target"]


def timed(kind: str, model: str, task: str, wall_s: float, work: int) -> dict[str, object]:
    return {"kind": kind, "model": model, "task": task, "wall_s": wall_s, "work": work}


def test_the_closest_timings_are_used() -> None:
    steps = TARGETS[0].work
    rows = [
        timed("target", "me5-small@3", "nusax", 2.0, 1),
        timed("target", "me5-small@3", "nusax", 60.0, 20),
        timed("target", "me5-small@3", "nusax", 40.0, 10),
        timed("target", "me5-small@6", "ud_pos", 7.0, 1),
    ]
    found = estimate(TARGETS, rows)
    # nusax at depth 3 its own median of 2, 3 and 4; sib200 the model's; depth 6 what ud_pos took there
    assert found.seconds == pytest.approx(steps * (3.0 + 3.0 + 7.0 + 7.0))
    assert (found.estimated, dict(found.unknown)) == (4, {})


def test_what_was_never_timed_is_counted_and_broken_timings_pass() -> None:
    rows = [timed("target", "other", "other", 1.0, 1), {"kind": "evaluate"}, timed("evaluate", "a", "b", 1.0, 0)]
    found = estimate(PLAN.stages, rows)
    assert dict(found.unknown) == {"load": 2, "evaluate": 4}
    assert found.estimated == 4


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90000, "1 d 1 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
