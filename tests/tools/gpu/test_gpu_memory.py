"""Forced out-of-memory: halving is seen, and gradients that are not the undivided ones are found."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.runner.training.elsewhere import elsewhere
from tools.gpu import kinds, memory
from tools.gpu.findings import Findings
from tools.gpu.kinds import cases
from tools.gpu.setting import Setting
from tools.gpu.tiny_models import ARCHITECTURES


def setting(place: Path, device: str = "cpu") -> Setting:
    return Setting(device, True, place, place, place, place, 60.0)


def test_gradients_are_compared_by_the_largest_of_all() -> None:
    one = {"a": np.array([2.0, 0.0]), "b": np.array([1e-9])}
    assert memory.largest_gap(one, one) == (0.0, "a")
    assert memory.largest_gap(one, {"a": np.array([2.0, 0.0]), "b": np.array([0.02])})[1] == "b"
    gap, name = memory.largest_gap(one, {"a": np.array([1.9, 0.0]), "b": one["b"]})
    assert (gap, name) == (pytest.approx(0.05), "a")
    assert memory.largest_gap(one, {"a": one["a"]}) == (float("inf"), "b")


def test_a_part_that_is_lost_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half of a divided batch contributes nothing: the check must not hold."""

    class Forgetful(memory.Counted):
        def loss(self, out: Any, features: Any, chosen: Any) -> Any:
            whole = super().loss(out, features, chosen)
            return whole * (0.0 if len(self.sizes) == 2 else 1.0)

    found = Findings("kinds", tmp_path / "kinds.json")
    monkeypatch.setattr(memory, "Counted", Forgetful)
    memory.run(setting(tmp_path), found)
    holds = {check["check"]: check["holds"] for check in found.checks}
    assert holds["an out-of-memory (pretended by the kit) halves the batch"] is True
    assert holds["gradients within 0.001 of the undivided ones"] is False


class Allocator:
    """A pretended GPU's memory: what a step needs beyond the model, by sequences, against what it may have."""

    def __init__(self, each: int, total: int = 80 * 2**30) -> None:
        self.each, self.total, self.failures, self.peak = each, total, 0, 0
        self.allowed = float(total)

    def limit(self, fraction: float, device: str) -> None:
        self.allowed = fraction * self.total

    def need(self, sequences: int) -> None:
        if sequences * self.each > self.allowed:
            self.failures += 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.peak = max(self.peak, sequences * self.each)


@pytest.mark.parametrize("counts", [True, False])
def test_a_limit_of_the_device_halves_the_batch(counts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a pretended GPU; a halving without an out-of-memory of the allocator is not one that was forced."""
    own = Allocator(2**20)

    class Needing(memory.Counted):
        def loss(self, out: Any, features: Any, chosen: Any) -> Any:
            own.need(len(chosen))
            return super().loss(out, features, chosen)

    monkeypatch.setattr(memory, "Counted", Needing)
    found = Findings("kinds", tmp_path / "kinds.json")
    with elsewhere(monkeypatch):
        for name, answer in {
            "get_device_properties": lambda device: SimpleNamespace(total_memory=own.total),
            "memory_allocated": lambda device: 0, "memory_reserved": lambda device: 0,
            "max_memory_allocated": lambda device: own.peak, "set_per_process_memory_fraction": own.limit,
            "memory_stats": lambda device: {"num_ooms": own.failures if counts else 0},
        }.items():  # fmt: skip
            monkeypatch.setattr(torch.cuda, name, answer)
        memory.run(setting(tmp_path, "cuda:0"), found)
    holds = {check["check"]: check for check in found.checks}
    forced = holds["an out-of-memory of the device itself halves the batch"]
    assert forced["holds"] is counts and forced["sequences_at_once"] == [4, 4]
    assert holds["gradients within 0.001 of the undivided ones"]["holds"]
    assert found.facts["forced"]["share_of_what_the_batch_took"] == 0.75
    assert own.allowed == own.total  # the limit is taken back


def test_cases_cover_everything() -> None:
    first, every = list(cases(1)), list(cases(7))
    assert len(first) == 48 and len(every) == len(set(every)) == 8 * 3 * 2 * 7
    assert {case.kind for case in first} == {"classification", "pair", "tagging", "choice", "qa", "mlm", "retrieval"}
    assert {case.architecture for case in first} == set(ARCHITECTURES)


def test_a_stage_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: kinds.Case, *_: Any) -> None:
        if case.architecture == "bloom" and case.precision == "bf16":
            raise RuntimeError("not implemented for 'BFloat16'")

    monkeypatch.setattr(kinds, "_try", broken)
    monkeypatch.setattr(memory, "run", lambda *_: None)
    found = Findings("kinds", tmp_path / "kinds.json")
    kinds.run(setting(tmp_path), found)
    assert len(found.facts["failures"]) == 3  # one for each method
    assert found.facts["failures"][0]["architecture"] == "bloom"
    assert "BFloat16" in found.facts["failures"][0]["error"]
    assert found.to_json()["holds"] is False


def test_stages_that_the_time_left_out_are_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_try", lambda *_: None)
    monkeypatch.setattr(memory, "run", lambda *_: None)
    found = Findings("kinds", tmp_path / "kinds.json")
    kinds.run(Setting("cpu", False, tmp_path, tmp_path, tmp_path, tmp_path, 1.0), found)
    assert found.to_json()["holds"] == "not-run"
    assert found.to_json()["reasons"] == ["every stage was tried: 0 of 336: time ran out"]
