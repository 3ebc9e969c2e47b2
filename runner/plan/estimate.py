"""How long pending stages will take, from the stages that were timed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from analysis.store.timings import Timing

from ..store.stage import Stage

#: What a timing must share with a stage to be used for it, the closest first.
LEVELS = (("kind", "model", "task"), ("kind", "model"), ("kind",))


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds on one worker for the stages that can be estimated, and how many cannot, by kind."""

    seconds: float
    estimated: int
    unknown: Mapping[str, int]


def estimate(stages: Sequence[Stage], manifests: Iterable[Mapping[str, Any]]) -> Estimate:
    """Time left for ``stages``.

    The seconds per optimiser step (or item evaluated) of a stage are the median over finished stages of the same kind,
    model and task; where there are none, of the same kind and model; then of the same kind.
    """
    rates: dict[tuple[str, ...], list[float]] = {}
    for row in manifests:
        try:
            timing = Timing.of(row)
            rate = timing.seconds / timing.work
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue  # a manifest that lacks a timing gives none
        for level in LEVELS:
            rates.setdefault(tuple(getattr(timing, name) for name in level), []).append(rate)
    medians = {key: median(values) for key, values in rates.items()}
    seconds, known, unknown = 0.0, 0, dict[str, int]()
    for stage in stages:
        keys = (tuple(str(getattr(stage, name)) for name in level) for level in LEVELS)
        found = next((medians[key] for key in keys if key in medians), None)
        if found is None:
            unknown[stage.kind] = unknown.get(stage.kind, 0) + 1
        else:
            seconds += found * stage.work
            known += 1
    return Estimate(seconds, known, unknown)


def duration(seconds: float) -> str:
    """A duration in words, to two units."""
    whole = max(round(seconds), 0)
    for size, name, small, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // small} {part}"
    return f"{whole} s"
