"""Power over time, busy shares, and the energy counter beside them: on a driver that is pretended."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.runner.training.elsewhere import elsewhere
from tests.tools.gpu.driver import WATTS, pretend
from tools.gpu import check
from tools.gpu.check import agrees
from tools.gpu.findings import Findings
from tools.gpu.meters import Sample, Watch, Window, handle_of, identity, work_of_power
from tools.gpu.setting import Setting

CARD = SimpleNamespace(
    name="NVIDIA H100 80GB HBM3", total_memory=80 * 2**30, major=9, minor=0, multi_processor_count=132, uuid="1"
)


def samples(watts: Any, n: int = 11) -> list[Sample]:
    return [Sample(i / 10, watts(i / 10), 50.0) for i in range(n)]


def test_power_over_time_by_hand() -> None:
    assert work_of_power(samples(lambda t: 200.0), 0.0, 1.0) == pytest.approx(200.0)
    assert work_of_power(samples(lambda t: 100.0 * t), 0.0, 1.0) == pytest.approx(50.0)
    # Held constant at both edges: half a second more on either side of a constant.
    assert work_of_power(samples(lambda t: 200.0), -0.5, 1.5) == pytest.approx(400.0)
    assert work_of_power(samples(lambda t: 200.0), 0.45, 0.65) is None  # two samples are no integral


def test_a_busy_share_is_that_of_its_stretch() -> None:
    watch = Watch("cpu", samples=[Sample(1.0, 0.0, 0.0), Sample(2.0, 0.0, 100.0), Sample(3.0, 0.0, 50.0)])
    assert watch.busy_share(1.5, 3.5) == pytest.approx(0.75)
    assert watch.busy_share(5.0, 6.0) is None


@pytest.mark.parametrize(("ratio", "wanted"), [(1.0, True), (1.09, True), (0.91, True), (1.11, False), (0.89, False)])
def test_a_counter_is_believed_within_a_tenth(ratio: float, wanted: bool) -> None:
    assert agrees(ratio * 1234.5, 1234.5) == wanted


def test_a_cpu_has_no_meters(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    assert handle_of("cpu") is None and identity("cpu") == {"name": "cpu"}
    with Watch("cpu") as watch:
        window = Window("cpu", watch)
        window.open()
        window.close()
    assert watch.samples == []
    assert (window.energy_j, window.power_j, window.busy, window.peak_gib) == (None, None, None, None)
    assert window.seconds > 0


@pytest.mark.parametrize(("factor", "holds"), [(1.0, True), (1.3, False)])
def test_the_first_block_on_a_pretended_gpu(
    factor: float, holds: bool, stand_in: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools.gpu.prepared import join

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(check, "WARM_S", 0.05)
    monkeypatch.setattr(check, "MEASURED_S", 1.0)
    monkeypatch.setattr(check, "SIZE", 64)
    folder, kit = stand_in
    pretend(monkeypatch, factor)
    with elsewhere(monkeypatch):
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: CARD)
        found = Findings("check", tmp_path / "check.json")
        model = join(kit, folder, tmp_path)
        check.run(Setting("cuda:0", True, model, folder / "part1" / "data", tmp_path, tmp_path, 60.0), found)
    device = found.facts["device"]
    assert (device["name"], device["driver"], device["nvml"]) == ("NVIDIA H100 80GB HBM3", "999.1", "13.999")
    checks = {item["check"]: item for item in found.checks}
    energy = checks.pop("energy within 10% of power x time")
    assert energy["holds"] is holds
    assert energy["power_x_time_j"] == pytest.approx(WATTS * energy["seconds"], rel=0.05)
    assert energy["ratio"] == pytest.approx(factor, rel=0.05)
    assert all(item["holds"] for item in checks.values()) and "a step in tf32 has a finite loss" in checks
    assert found.to_json()["holds"] is holds
