"""TF32 where it is asked for, and nowhere else; how busy a device was."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from runner.executors import energy
from runner.executors.energy import Meter
from runner.training.bench import Bench
from tests.runner.training.small import bench


@pytest.mark.parametrize(("device", "precision", "within"), [
    ("cuda", "tf32", "high"), ("cuda", "fp32", "highest"), ("cuda", "bf16", "highest"), ("cpu", "tf32", "highest"),
])  # fmt: skip
def test_matrices_are_multiplied_in_tf32_where_it_is_asked_for(
    tmp_path: Path, device: str, precision: str, within: str
) -> None:
    own: Bench = bench(tmp_path)
    own.device = device
    before = torch.get_float32_matmul_precision()
    with own.arithmetic(precision):
        assert torch.get_float32_matmul_precision() == within
    assert torch.get_float32_matmul_precision() == before == "highest"


def test_a_busy_processor_is_told_from_one_that_waits() -> None:
    with Meter("cpu") as waits:
        time.sleep(0.2)
    with Meter("cpu", threads=4) as busy:
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
    assert waits.busy is not None and busy.busy is not None
    assert waits.busy < 0.5
    assert 0.0 < busy.busy <= 0.3  # one of four threads, with room for the clock


def test_a_gpu_is_as_busy_as_its_driver_says(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([40, 60, 80])

    class Rates:
        def __init__(self) -> None:
            self.gpu = next(shares)

    def ask(device: str, what: str) -> Rates | None:
        try:
            return Rates()
        except StopIteration:
            return None

    monkeypatch.setattr(energy, "_ask", ask)
    monkeypatch.setattr(energy, "EVERY_S", 0.001)
    watch = energy._Watch("cuda:0")
    watch._thread.join(timeout=10)
    assert watch.stop() == pytest.approx(0.6)
    monkeypatch.setattr(energy, "_ask", lambda device, what: None)
    assert energy._Watch("cuda:0").stop() is None
